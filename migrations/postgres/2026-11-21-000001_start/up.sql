-- The tables of docs/architecture.md. Times are microseconds since the epoch; ids and digests are bytes.

CREATE TABLE instance (
    one BIGINT NOT NULL PRIMARY KEY,
    created_at BIGINT NOT NULL,
    key_check BYTEA NOT NULL,
    admin_made_at BIGINT,
    tokens_invalid_before BIGINT NOT NULL
);

CREATE TABLE changes (
    one BIGINT NOT NULL PRIMARY KEY,
    epoch BIGINT NOT NULL
);

CREATE TABLE scopes (
    name TEXT NOT NULL PRIMARY KEY,
    description TEXT NOT NULL,
    implies TEXT NOT NULL,
    danger BOOLEAN NOT NULL,
    published BOOLEAN NOT NULL,
    resource TEXT,
    ordinal BIGINT NOT NULL
);

CREATE TABLE resources (
    identifier TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    format TEXT,
    algorithm TEXT,
    access_ttl BIGINT,
    created_at BIGINT NOT NULL
);

CREATE TABLE clients (
    client_id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    tokens_invalid_before BIGINT NOT NULL,
    implicit BOOLEAN NOT NULL,
    metadata TEXT NOT NULL
);

CREATE TABLE client_secrets (
    id BYTEA NOT NULL PRIMARY KEY,
    client_id TEXT NOT NULL REFERENCES clients (client_id) ON DELETE CASCADE,
    digest BYTEA,
    hash TEXT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT
);

CREATE TABLE users (
    id BIGINT NOT NULL PRIMARY KEY,
    sub TEXT NOT NULL UNIQUE,
    username TEXT NOT NULL,
    username_key TEXT NOT NULL UNIQUE,
    email TEXT,
    email_key TEXT UNIQUE,
    email_verified BOOLEAN NOT NULL,
    name TEXT,
    password_hash TEXT,
    admin BOOLEAN NOT NULL,
    locked BOOLEAN NOT NULL,
    tokens_invalid_before BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    last_sign_in_at BIGINT
);

CREATE TABLE sessions (
    id BYTEA NOT NULL PRIMARY KEY,
    digest BYTEA NOT NULL UNIQUE,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    auth_time BIGINT NOT NULL,
    amr TEXT NOT NULL,
    remembered BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    user_agent TEXT NOT NULL,
    address TEXT NOT NULL
);

CREATE TABLE consents (
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    client_id TEXT NOT NULL REFERENCES clients (client_id) ON DELETE CASCADE,
    scope TEXT NOT NULL,
    resources TEXT NOT NULL,
    redirect_host TEXT NOT NULL,
    by_password BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, client_id)
);

CREATE TABLE grants (
    id BYTEA NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    interaction BYTEA UNIQUE,
    client_id TEXT NOT NULL REFERENCES clients (client_id) ON DELETE CASCADE,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    session_id BYTEA,
    scope TEXT NOT NULL,
    resources TEXT NOT NULL,
    redirect_uri TEXT,
    redirect_uri_sent BOOLEAN NOT NULL,
    challenge TEXT,
    nonce TEXT,
    auth_time BIGINT NOT NULL,
    amr TEXT NOT NULL,
    code_digest BYTEA UNIQUE,
    code_expires_at BIGINT,
    code_used_at BIGINT,
    revoked_at BIGINT,
    created_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL
);

CREATE TABLE refresh_chains (
    grant_id BYTEA NOT NULL PRIMARY KEY REFERENCES grants (id) ON DELETE CASCADE,
    generation BIGINT NOT NULL,
    current_digest BYTEA NOT NULL,
    previous_digest BYTEA,
    salt BYTEA,
    key_id BYTEA,
    rotated_at BIGINT NOT NULL,
    retry_until BIGINT NOT NULL,
    answers BIGINT NOT NULL,
    idle_end BIGINT NOT NULL,
    absolute_end BIGINT NOT NULL
);

CREATE TABLE access_tokens (
    digest BYTEA NOT NULL PRIMARY KEY,
    id BYTEA NOT NULL,
    grant_id BYTEA REFERENCES grants (id) ON DELETE CASCADE,
    client_id TEXT NOT NULL REFERENCES clients (client_id) ON DELETE CASCADE,
    subject TEXT NOT NULL,
    audience TEXT NOT NULL,
    scope TEXT NOT NULL,
    issued_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE TABLE revoked_tokens (
    id BYTEA NOT NULL PRIMARY KEY,
    expires_at BIGINT NOT NULL
);

CREATE TABLE links (
    digest BYTEA NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    user_id BIGINT REFERENCES users (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE TABLE login_failures (
    id BYTEA NOT NULL PRIMARY KEY,
    count BIGINT NOT NULL,
    last_at BIGINT NOT NULL
);

CREATE TABLE signing_keys (
    kid TEXT NOT NULL PRIMARY KEY,
    algorithm TEXT NOT NULL,
    public TEXT NOT NULL,
    sealed BYTEA,
    created_at BIGINT NOT NULL,
    signs_from BIGINT NOT NULL,
    retired_at BIGINT,
    gone_at BIGINT,
    compromised BOOLEAN NOT NULL
);

CREATE TABLE audit_events (
    id BYTEA NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    event TEXT NOT NULL,
    outcome TEXT NOT NULL,
    reason TEXT,
    actor TEXT NOT NULL,
    client_id TEXT,
    user_id BIGINT,
    grant_id BYTEA,
    address TEXT,
    user_agent TEXT,
    request_id TEXT
);

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
