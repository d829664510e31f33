-- What a person skipped of what an app asked for: names with spaces between. The app's tokens do without, and it is asked
-- for again only where the app says so.

ALTER TABLE consents ADD COLUMN declined TEXT NOT NULL DEFAULT '';
