ALTER TABLE instance DROP COLUMN grants_invalid_before;
