ALTER TABLE scopes DROP COLUMN "group";
