ALTER TABLE grants DROP COLUMN audience;
