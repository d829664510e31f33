-- An app is deleted in an instant, however many people use it: its own row goes, and without that row nothing of it is
-- good any more. What there may be millions of goes after it, a little at a time; so it names its app without being tied to
-- it by the database. Nor does everybody who gets a token lock its app's row any more.

ALTER TABLE consents DROP CONSTRAINT consents_client_id_fkey;
ALTER TABLE grants DROP CONSTRAINT grants_client_id_fkey;
ALTER TABLE access_tokens DROP CONSTRAINT access_tokens_client_id_fkey;
ALTER TABLE session_clients DROP CONSTRAINT session_clients_client_id_fkey;

CREATE TABLE deleted_clients (
    client_id TEXT NOT NULL PRIMARY KEY,
    deleted_at BIGINT NOT NULL
);
