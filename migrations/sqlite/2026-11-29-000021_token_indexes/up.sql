-- A token of no grant is in no index by grant; and within a client tokens lie by their end, not by their digest: so what is
-- new goes to one place, and a row changes two pages less.

DROP INDEX access_tokens_by_grant;
DROP INDEX access_tokens_by_client;
CREATE INDEX access_tokens_by_grant ON access_tokens (grant_id) WHERE grant_id IS NOT NULL;
CREATE INDEX access_tokens_by_client ON access_tokens (client_id, expires_at);
