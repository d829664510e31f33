ALTER TABLE consents DROP COLUMN declined;
