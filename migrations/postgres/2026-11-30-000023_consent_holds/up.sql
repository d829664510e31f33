-- Until when a consent answers without a question; the row itself stays for as long as anything lives that was given on it.
-- None: until the row ends, as the release before writes it.

ALTER TABLE consents ADD COLUMN holds_until BIGINT;
