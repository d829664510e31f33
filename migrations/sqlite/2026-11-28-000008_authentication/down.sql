DROP TABLE used_jtis;
ALTER TABLE client_secrets DROP COLUMN sealed;
