ALTER TABLE consents DROP COLUMN claims;
ALTER TABLE grants DROP COLUMN claims;
