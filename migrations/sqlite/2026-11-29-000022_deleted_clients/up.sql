-- An app is deleted in an instant, however many people use it: its own row goes, and without that row nothing of it is
-- good any more. What there may be millions of goes after it, a little at a time; so it names its app without being tied to
-- it by the database. Taking a constraint out of a table's text changes nothing of what is stored (SQLite, "ALTER TABLE", §8).

PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(sql, ' REFERENCES clients (client_id) ON DELETE CASCADE', '')
WHERE type = 'table' AND name IN ('consents', 'grants', 'access_tokens', 'session_clients');
PRAGMA writable_schema = RESET;

CREATE TABLE deleted_clients (
    client_id TEXT NOT NULL PRIMARY KEY,
    deleted_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
