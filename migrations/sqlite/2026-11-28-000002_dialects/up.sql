-- Other services' manners (PROTOCOL R-f): which clients use one, at which door a grant was made, and tokens that live
-- as long as they are used.

ALTER TABLE clients ADD COLUMN dialect TEXT;
ALTER TABLE grants ADD COLUMN dialect TEXT;
ALTER TABLE access_tokens ADD COLUMN last_used_at INTEGER;
CREATE INDEX clients_dialect ON clients (dialect) WHERE dialect IS NOT NULL;
CREATE INDEX access_tokens_lasting ON access_tokens (client_id, subject) WHERE last_used_at IS NOT NULL;
