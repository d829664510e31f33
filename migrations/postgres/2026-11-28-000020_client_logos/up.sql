-- The logos of the apps that an administrator vouches for: a picture of our own making, or how far that has come.

CREATE TABLE client_logos (
    client_id TEXT NOT NULL PRIMARY KEY REFERENCES clients (client_id) ON DELETE CASCADE,
    uri TEXT NOT NULL,
    tries BIGINT NOT NULL,
    tried_at BIGINT,
    next_try_at BIGINT,
    reason TEXT,
    hash TEXT,
    png BYTEA
);

CREATE INDEX client_logos_by_next_try ON client_logos (next_try_at) WHERE next_try_at IS NOT NULL;

-- those that are there already
INSERT INTO client_logos (client_id, uri, tries, next_try_at)
SELECT client_id, metadata::json ->> 'logo_uri', 0, 0
FROM clients
WHERE metadata::json ->> 'logo_uri' IS NOT NULL
    AND (metadata::json ->> 'verified' = 'true' OR metadata::json ->> 'first_party' = 'true');
