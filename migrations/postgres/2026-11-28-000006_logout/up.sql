-- Which apps a signed-in browser has signed in to, of those that are to know of its signing out.

CREATE TABLE session_clients (
    session_id BYTEA NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    client_id TEXT NOT NULL REFERENCES clients (client_id) ON DELETE CASCADE,
    PRIMARY KEY (session_id, client_id)
);

CREATE INDEX session_clients_by_client ON session_clients (client_id);
