-- What may be said of a person (OIDC Core §5.1), and apps that register themselves (RFC 7591, RFC 7592).

ALTER TABLE users ADD COLUMN claims TEXT NOT NULL DEFAULT '{}';
ALTER TABLE scopes ADD COLUMN claims TEXT NOT NULL DEFAULT '';

ALTER TABLE clients ADD COLUMN registered TEXT;
ALTER TABLE clients ADD COLUMN registration_token BYTEA;
ALTER TABLE clients ADD COLUMN used_at BIGINT;
CREATE INDEX clients_registered ON clients (registered, used_at, created_at) WHERE registered IS NOT NULL;

CREATE TABLE initial_access_tokens (
    id BYTEA NOT NULL PRIMARY KEY,
    digest BYTEA NOT NULL UNIQUE,
    note TEXT NOT NULL,
    uses_left BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE INDEX initial_access_tokens_by_end ON initial_access_tokens (expires_at);

-- What pairwise subjects are made with (OIDC Core §8.1): it has to outlive every secret_key.
ALTER TABLE instance ADD COLUMN pairwise_key BYTEA;
