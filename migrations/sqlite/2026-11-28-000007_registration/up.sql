-- What may be said of a person (OIDC Core §5.1), and apps that register themselves (RFC 7591, RFC 7592).

ALTER TABLE users ADD COLUMN claims TEXT NOT NULL DEFAULT '{}';
ALTER TABLE scopes ADD COLUMN claims TEXT NOT NULL DEFAULT '';

ALTER TABLE clients ADD COLUMN registered TEXT;
ALTER TABLE clients ADD COLUMN registration_token BLOB;
ALTER TABLE clients ADD COLUMN used_at INTEGER;
CREATE INDEX clients_registered ON clients (registered, used_at, created_at) WHERE registered IS NOT NULL;

CREATE TABLE initial_access_tokens (
    id BLOB NOT NULL PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE,
    note TEXT NOT NULL,
    uses_left INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX initial_access_tokens_by_end ON initial_access_tokens (expires_at);

-- What pairwise subjects are made with (OIDC Core §8.1): it has to outlive every secret_key.
ALTER TABLE instance ADD COLUMN pairwise_key BLOB;
