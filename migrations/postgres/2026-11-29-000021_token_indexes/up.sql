-- A token of no grant is in no index by grant. (By client PostgreSQL keeps equal entries together, in the order of the rows.)

DROP INDEX access_tokens_by_grant;
CREATE INDEX access_tokens_by_grant ON access_tokens (grant_id) WHERE grant_id IS NOT NULL;
