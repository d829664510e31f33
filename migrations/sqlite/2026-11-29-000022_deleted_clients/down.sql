DELETE FROM consents WHERE client_id NOT IN (SELECT client_id FROM clients);
DELETE FROM grants WHERE client_id NOT IN (SELECT client_id FROM clients);
DELETE FROM access_tokens WHERE client_id NOT IN (SELECT client_id FROM clients);
DELETE FROM session_clients WHERE client_id NOT IN (SELECT client_id FROM clients);
DROP TABLE deleted_clients;

PRAGMA writable_schema = ON;
UPDATE sqlite_schema
SET sql = replace(sql, 'client_id TEXT NOT NULL', 'client_id TEXT NOT NULL REFERENCES clients (client_id) ON DELETE CASCADE')
WHERE type = 'table' AND name IN ('consents', 'grants', 'access_tokens', 'session_clients');
PRAGMA writable_schema = RESET;
