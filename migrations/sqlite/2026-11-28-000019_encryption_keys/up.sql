-- Keys that others encrypt with for us. A table of their own: who looks for a key to sign or verify with cannot come upon
-- one of these, and a release that knows nothing of them goes on.

CREATE TABLE encryption_keys (
    kid TEXT NOT NULL PRIMARY KEY,
    family TEXT NOT NULL,
    public TEXT NOT NULL,
    sealed BLOB,
    created_at INTEGER NOT NULL,
    retired_at INTEGER,
    gone_at INTEGER,
    compromised INTEGER NOT NULL CHECK (compromised IN (0, 1))
) STRICT, WITHOUT ROWID;
