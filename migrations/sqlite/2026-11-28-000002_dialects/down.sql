DROP INDEX access_tokens_lasting;
DROP INDEX clients_dialect;
ALTER TABLE access_tokens DROP COLUMN last_used_at;
ALTER TABLE grants DROP COLUMN dialect;
ALTER TABLE clients DROP COLUMN dialect;
