DROP INDEX access_tokens_by_grant;
DROP INDEX access_tokens_by_client;
CREATE INDEX access_tokens_by_grant ON access_tokens (grant_id);
CREATE INDEX access_tokens_by_client ON access_tokens (client_id);
