-- Keys that others encrypt with for us. A table of their own: who looks for a key to sign or verify with cannot come upon
-- one of these, and a release that knows nothing of them goes on.

CREATE TABLE encryption_keys (
    kid TEXT NOT NULL PRIMARY KEY,
    family TEXT NOT NULL,
    public TEXT NOT NULL,
    sealed BYTEA,
    created_at BIGINT NOT NULL,
    retired_at BIGINT,
    gone_at BIGINT,
    compromised BOOLEAN NOT NULL
);
