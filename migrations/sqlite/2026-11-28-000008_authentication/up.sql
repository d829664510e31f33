-- Secrets that the server can read again, for clients whose algorithms need them (OIDC Core §10.1), and the assertions
-- that clients have used to prove who they are, each until it expires (RFC 7523 §3).

ALTER TABLE client_secrets ADD COLUMN sealed BLOB;

CREATE INDEX client_secrets_sealed ON client_secrets (id) WHERE sealed IS NOT NULL;

CREATE TABLE used_jtis (
    digest BLOB NOT NULL PRIMARY KEY,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX used_jtis_by_end ON used_jtis (expires_at);
