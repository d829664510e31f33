-- Several accounts in one browser. `account`: the digest of what it carries for this one, in and out of use. `selected_at`:
-- when the person last chose it.

ALTER TABLE sessions ADD COLUMN account BLOB;
ALTER TABLE sessions ADD COLUMN selected_at INTEGER NOT NULL DEFAULT 0;

CREATE UNIQUE INDEX sessions_by_account ON sessions (account);
