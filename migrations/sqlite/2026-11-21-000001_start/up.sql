-- The tables of docs/architecture.md. Times are microseconds since the epoch; ids and digests are bytes.

CREATE TABLE instance (
    one INTEGER NOT NULL PRIMARY KEY,
    created_at INTEGER NOT NULL,
    key_check BLOB NOT NULL,
    admin_made_at INTEGER,
    tokens_invalid_before INTEGER NOT NULL
) STRICT;

CREATE TABLE changes (
    one INTEGER NOT NULL PRIMARY KEY,
    epoch INTEGER NOT NULL
) STRICT;

CREATE TABLE scopes (
    name TEXT NOT NULL PRIMARY KEY,
    description TEXT NOT NULL,
    implies TEXT NOT NULL,
    danger INTEGER NOT NULL CHECK (danger IN (0, 1)),
    published INTEGER NOT NULL CHECK (published IN (0, 1)),
    resource TEXT,
    ordinal INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE resources (
    identifier TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    format TEXT,
    algorithm TEXT,
    access_ttl INTEGER,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE clients (
    client_id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    tokens_invalid_before INTEGER NOT NULL,
    implicit INTEGER NOT NULL CHECK (implicit IN (0, 1)),
    metadata TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE client_secrets (
    id BLOB NOT NULL PRIMARY KEY,
    client_id TEXT NOT NULL REFERENCES clients (client_id) ON DELETE CASCADE,
    digest BLOB,
    hash TEXT,
    created_at INTEGER NOT NULL,
    expires_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE users (
    id INTEGER NOT NULL PRIMARY KEY,
    sub TEXT NOT NULL UNIQUE,
    username TEXT NOT NULL,
    username_key TEXT NOT NULL UNIQUE,
    email TEXT,
    email_key TEXT UNIQUE,
    email_verified INTEGER NOT NULL CHECK (email_verified IN (0, 1)),
    name TEXT,
    password_hash TEXT,
    admin INTEGER NOT NULL CHECK (admin IN (0, 1)),
    locked INTEGER NOT NULL CHECK (locked IN (0, 1)),
    tokens_invalid_before INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    last_sign_in_at INTEGER
) STRICT;

CREATE TABLE sessions (
    id BLOB NOT NULL PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE,
    user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    auth_time INTEGER NOT NULL,
    amr TEXT NOT NULL,
    remembered INTEGER NOT NULL CHECK (remembered IN (0, 1)),
    created_at INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL,
    user_agent TEXT NOT NULL,
    address TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE consents (
    user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    client_id TEXT NOT NULL REFERENCES clients (client_id) ON DELETE CASCADE,
    scope TEXT NOT NULL,
    resources TEXT NOT NULL,
    redirect_host TEXT NOT NULL,
    by_password INTEGER NOT NULL CHECK (by_password IN (0, 1)),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL,
    PRIMARY KEY (user_id, client_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE grants (
    id BLOB NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    interaction BLOB UNIQUE,
    client_id TEXT NOT NULL REFERENCES clients (client_id) ON DELETE CASCADE,
    user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    session_id BLOB,
    scope TEXT NOT NULL,
    resources TEXT NOT NULL,
    redirect_uri TEXT,
    redirect_uri_sent INTEGER NOT NULL CHECK (redirect_uri_sent IN (0, 1)),
    challenge TEXT,
    nonce TEXT,
    auth_time INTEGER NOT NULL,
    amr TEXT NOT NULL,
    code_digest BLOB UNIQUE,
    code_expires_at INTEGER,
    code_used_at INTEGER,
    revoked_at INTEGER,
    created_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE refresh_chains (
    grant_id BLOB NOT NULL PRIMARY KEY REFERENCES grants (id) ON DELETE CASCADE,
    generation INTEGER NOT NULL,
    current_digest BLOB NOT NULL,
    previous_digest BLOB,
    salt BLOB,
    key_id BLOB,
    rotated_at INTEGER NOT NULL,
    retry_until INTEGER NOT NULL,
    answers INTEGER NOT NULL,
    idle_end INTEGER NOT NULL,
    absolute_end INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE access_tokens (
    digest BLOB NOT NULL PRIMARY KEY,
    id BLOB NOT NULL,
    grant_id BLOB REFERENCES grants (id) ON DELETE CASCADE,
    client_id TEXT NOT NULL REFERENCES clients (client_id) ON DELETE CASCADE,
    subject TEXT NOT NULL,
    audience TEXT NOT NULL,
    scope TEXT NOT NULL,
    issued_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE revoked_tokens (
    id BLOB NOT NULL PRIMARY KEY,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE links (
    digest BLOB NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    user_id INTEGER REFERENCES users (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE login_failures (
    id BLOB NOT NULL PRIMARY KEY,
    count INTEGER NOT NULL,
    last_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE signing_keys (
    kid TEXT NOT NULL PRIMARY KEY,
    algorithm TEXT NOT NULL,
    public TEXT NOT NULL,
    sealed BLOB,
    created_at INTEGER NOT NULL,
    signs_from INTEGER NOT NULL,
    retired_at INTEGER,
    gone_at INTEGER,
    compromised INTEGER NOT NULL CHECK (compromised IN (0, 1))
) STRICT, WITHOUT ROWID;

CREATE TABLE audit_events (
    id BLOB NOT NULL PRIMARY KEY,
    at INTEGER NOT NULL,
    event TEXT NOT NULL,
    outcome TEXT NOT NULL,
    reason TEXT,
    actor TEXT NOT NULL,
    client_id TEXT,
    user_id INTEGER,
    grant_id BLOB,
    address TEXT,
    user_agent TEXT,
    request_id TEXT
) STRICT, WITHOUT ROWID;

CREATE INDEX grants_by_user ON grants (user_id, client_id);
CREATE INDEX grants_by_client ON grants (client_id);
CREATE INDEX grants_by_end ON grants (ends_at);
CREATE INDEX sessions_by_user ON sessions (user_id);
CREATE INDEX sessions_by_end ON sessions (ends_at);
CREATE INDEX client_secrets_by_client ON client_secrets (client_id);
CREATE INDEX consents_by_client ON consents (client_id);
CREATE INDEX consents_by_end ON consents (ends_at);
CREATE INDEX chains_by_salt ON refresh_chains (retry_until) WHERE salt IS NOT NULL;
CREATE INDEX access_tokens_by_grant ON access_tokens (grant_id);
CREATE INDEX access_tokens_by_client ON access_tokens (client_id);
CREATE INDEX access_tokens_by_end ON access_tokens (expires_at);
CREATE INDEX revoked_tokens_by_end ON revoked_tokens (expires_at);
CREATE INDEX links_by_user ON links (user_id);
CREATE INDEX links_by_end ON links (expires_at);
CREATE INDEX login_failures_by_time ON login_failures (last_at);
CREATE INDEX audit_events_by_time ON audit_events (at);
CREATE INDEX clients_implicit ON clients (client_id) WHERE implicit;
CREATE INDEX client_secrets_chosen ON client_secrets (id) WHERE hash IS NOT NULL;

INSERT INTO changes (one, epoch) VALUES (1, 0);
