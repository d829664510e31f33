-- Whom the server has still to tell that a session has ended, and whom it told in vain. A row goes when its receiver has
-- heard; the token itself is signed at each try.

CREATE TABLE logout_notices (
    id BLOB NOT NULL PRIMARY KEY,
    client_id TEXT NOT NULL REFERENCES clients (client_id) ON DELETE CASCADE,
    sub TEXT NOT NULL,
    sid TEXT NOT NULL,
    tries INTEGER NOT NULL,
    next_try_at INTEGER NOT NULL,
    reason TEXT,
    failed_at INTEGER,
    created_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX logout_notices_due ON logout_notices (next_try_at) WHERE failed_at IS NULL;
CREATE INDEX logout_notices_by_client ON logout_notices (client_id);
CREATE INDEX logout_notices_by_end ON logout_notices (ends_at);
