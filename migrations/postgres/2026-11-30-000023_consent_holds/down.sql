ALTER TABLE consents DROP COLUMN holds_until;
