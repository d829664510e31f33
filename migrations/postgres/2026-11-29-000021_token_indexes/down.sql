DROP INDEX access_tokens_by_grant;
CREATE INDEX access_tokens_by_grant ON access_tokens (grant_id);
