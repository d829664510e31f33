DROP INDEX sessions_by_account;
ALTER TABLE sessions DROP COLUMN selected_at;
ALTER TABLE sessions DROP COLUMN account;
