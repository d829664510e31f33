-- Which of several instances does a job that one of them is enough for: who has it, and until when it is theirs.

CREATE TABLE leases (
    job TEXT NOT NULL PRIMARY KEY,
    holder BLOB NOT NULL,
    until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO leases (job, holder, until) VALUES ('sweep', X'00', 0);

-- The sweep looks for secrets that have ended, and nearly none ever does.
CREATE INDEX client_secrets_by_end ON client_secrets (expires_at) WHERE expires_at IS NOT NULL;
