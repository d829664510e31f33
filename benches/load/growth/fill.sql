-- So many grants as time leaves them, each with its refresh chain and its consent, and a person for every four. Both
-- databases run it: what they call differently is made alike first (`sha256`, `hex`, `unhex`, `hex12`, BYTES).
INSERT INTO users (id, sub, username, username_key, email, email_key, email_verified, name, admin, locked,
    tokens_invalid_before, created_at, updated_at)
WITH RECURSIVE numbers (i) AS (
    SELECT CAST({first_person} AS BIGINT) UNION ALL SELECT i + 1 FROM numbers WHERE i + 1 < {end_person}
), made AS (
    SELECT i, hex(sha256(CAST('person ' || i AS BYTES))) AS h FROM numbers
)
-- the multiplier is a generator modulo the prime 2^31 - 1: every number is another, and in no order
SELECT ((i + 1) * 48271) % 2147483647,
    substr(h, 1, 8) || '-' || substr(h, 9, 4) || '-4' || substr(h, 14, 3) || '-8' || substr(h, 18, 3) || '-' || substr(h, 21, 12),
    'person' || i, 'person' || i, 'person' || i || '@example.test', 'person' || i || '@example.test', TRUE,
    'Person ' || i, FALSE, FALSE, 0, {began}, {began}
FROM made WHERE TRUE
ON CONFLICT DO NOTHING;

INSERT INTO grants (id, kind, interaction, client_id, user_id, session_id, scope, resources, redirect_uri,
    redirect_uri_sent, challenge, nonce, auth_time, amr, code_digest, code_expires_at, code_used_at, created_at, ends_at,
    audience)
WITH RECURSIVE numbers (i) AS (
    SELECT CAST({first} AS BIGINT) UNION ALL SELECT i + 1 FROM numbers WHERE i + 1 < {end}
), made AS (
    SELECT i, {began} + i * {step} AS at, hex(sha256(CAST('grant ' || i AS BYTES))) AS h FROM numbers
)
SELECT unhex(hex12(at / 1000) || '7' || substr(h, 1, 3) || '8' || substr(h, 4, 15)), 'code',
    substr(sha256(CAST('interaction ' || i AS BYTES)), 1, 16), filler_clients.client_id, ((i / 4 + 1) * 48271) % 2147483647,
    substr(sha256(CAST('session ' || i / 4 AS BYTES)), 1, 16), '{scope}', '', '{redirect_uri}', TRUE,
    'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM', 'n-' || i, at, 'pwd', sha256(CAST('code ' || i AS BYTES)),
    at + 60000000, at + 1000000, at, at + {life}, ''
FROM made JOIN filler_clients ON filler_clients.n = i % {clients};

INSERT INTO refresh_chains (grant_id, generation, current_digest, rotated_at, retry_until, answers, idle_end,
    absolute_end)
WITH RECURSIVE numbers (i) AS (
    SELECT CAST({first} AS BIGINT) UNION ALL SELECT i + 1 FROM numbers WHERE i + 1 < {end}
), made AS (
    SELECT i, {began} + i * {step} AS at, hex(sha256(CAST('grant ' || i AS BYTES))) AS h FROM numbers
), named AS (
    SELECT i, at, hex12(at / 1000) || '7' || substr(h, 1, 3) || '8' || substr(h, 4, 15) AS id FROM made
)
SELECT unhex(id), 0, sha256(unhex(id || '00000000' || hex(sha256(CAST('secret ' || i AS BYTES))))), at, at, 0,
    at + {life}, at + {life}
FROM named;

INSERT INTO consents (user_id, client_id, scope, resources, redirect_host, by_password, created_at, updated_at, ends_at)
WITH RECURSIVE numbers (i) AS (
    SELECT CAST({first} AS BIGINT) UNION ALL SELECT i + 1 FROM numbers WHERE i + 1 < {end}
)
SELECT ((i / 4 + 1) * 48271) % 2147483647, filler_clients.client_id, '{scope}', '', '127.0.0.1', FALSE,
    {began}, {began}, {began} + 2 * {life}
FROM numbers JOIN filler_clients ON filler_clients.n = i % {clients}
WHERE TRUE
ON CONFLICT DO NOTHING;
