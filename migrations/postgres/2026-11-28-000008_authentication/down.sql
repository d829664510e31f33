DROP TABLE used_jtis;
DROP INDEX client_secrets_sealed;
ALTER TABLE client_secrets DROP COLUMN sealed;
