-- Devices that wait for a person elsewhere (RFC 8628). A row lives a while after its codes have ended, so that the device
-- can be told so.

CREATE TABLE device_grants (
    id BYTEA NOT NULL PRIMARY KEY,
    device_code BYTEA NOT NULL UNIQUE,
    user_code BYTEA NOT NULL UNIQUE,
    client_id TEXT NOT NULL REFERENCES clients (client_id) ON DELETE CASCADE,
    scope TEXT NOT NULL,
    resources TEXT NOT NULL,
    dialect TEXT,
    user_agent TEXT NOT NULL,
    address TEXT NOT NULL,
    shown BIGINT NOT NULL,
    poll_seconds BIGINT NOT NULL,
    polled_at BIGINT,
    decided_at BIGINT,
    grant_id BYTEA REFERENCES grants (id) ON DELETE CASCADE,
    used_at BIGINT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL
);

CREATE INDEX device_grants_by_client ON device_grants (client_id);
CREATE INDEX device_grants_by_grant ON device_grants (grant_id);
CREATE INDEX device_grants_by_end ON device_grants (ends_at);
