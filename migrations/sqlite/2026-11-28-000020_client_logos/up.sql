-- The logos of the apps that an administrator vouches for: a picture of our own making, or how far that has come.

CREATE TABLE client_logos (
    client_id TEXT NOT NULL PRIMARY KEY REFERENCES clients (client_id) ON DELETE CASCADE,
    uri TEXT NOT NULL,
    tries INTEGER NOT NULL,
    tried_at INTEGER,
    next_try_at INTEGER,
    reason TEXT,
    hash TEXT,
    png BLOB
) STRICT, WITHOUT ROWID;

CREATE INDEX client_logos_by_next_try ON client_logos (next_try_at) WHERE next_try_at IS NOT NULL;

-- those that are there already
INSERT INTO client_logos (client_id, uri, tries, next_try_at)
SELECT client_id, json_extract(metadata, '$.logo_uri'), 0, 0
FROM clients
WHERE json_extract(metadata, '$.logo_uri') IS NOT NULL
    AND (json_extract(metadata, '$.verified') OR json_extract(metadata, '$.first_party'));
