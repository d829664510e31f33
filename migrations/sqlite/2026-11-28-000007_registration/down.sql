ALTER TABLE instance DROP COLUMN pairwise_key;
DROP TABLE initial_access_tokens;
DROP INDEX clients_registered;
ALTER TABLE clients DROP COLUMN used_at;
ALTER TABLE clients DROP COLUMN registration_token;
ALTER TABLE clients DROP COLUMN registered;
ALTER TABLE scopes DROP COLUMN claims;
ALTER TABLE users DROP COLUMN claims;
