//! One for both databases; a test compares it with what the migrations make.

diesel::table! {
    instance (one) {
        one -> BigInt,
        created_at -> BigInt,
        key_check -> Binary,
        admin_made_at -> Nullable<BigInt>,
        tokens_invalid_before -> BigInt,
        grants_invalid_before -> BigInt,
        pairwise_key -> Nullable<Binary>,
    }
}

diesel::table! {
    changes (one) {
        one -> BigInt,
        epoch -> BigInt,
    }
}

diesel::table! {
    scopes (name) {
        name -> Text,
        description -> Text,
        group -> Text,
        implies -> Text,
        danger -> Bool,
        published -> Bool,
        resource -> Nullable<Text>,
        ordinal -> BigInt,
        claims -> Text,
    }
}

diesel::table! {
    resources (identifier) {
        identifier -> Text,
        name -> Text,
        format -> Nullable<Text>,
        algorithm -> Nullable<Text>,
        access_ttl -> Nullable<BigInt>,
        created_at -> BigInt,
    }
}

diesel::table! {
    clients (client_id) {
        client_id -> Text,
        name -> Text,
        created_at -> BigInt,
        tokens_invalid_before -> BigInt,
        implicit -> Bool,
        metadata -> Text,
        dialect -> Nullable<Text>,
        registered -> Nullable<Text>,
        registration_token -> Nullable<Binary>,
        used_at -> Nullable<BigInt>,
        response_types -> Nullable<Text>,
    }
}

diesel::table! {
    client_logos (client_id) {
        client_id -> Text,
        uri -> Text,
        tries -> BigInt,
        tried_at -> Nullable<BigInt>,
        next_try_at -> Nullable<BigInt>,
        reason -> Nullable<Text>,
        hash -> Nullable<Text>,
        png -> Nullable<Binary>,
    }
}

diesel::table! {
    initial_access_tokens (id) {
        id -> Binary,
        digest -> Binary,
        note -> Text,
        uses_left -> BigInt,
        created_at -> BigInt,
        expires_at -> BigInt,
    }
}

diesel::table! {
    client_secrets (id) {
        id -> Binary,
        client_id -> Text,
        digest -> Nullable<Binary>,
        hash -> Nullable<Text>,
        created_at -> BigInt,
        expires_at -> Nullable<BigInt>,
        sealed -> Nullable<Binary>,
    }
}

diesel::table! {
    used_jtis (digest) {
        digest -> Binary,
        expires_at -> BigInt,
    }
}

diesel::table! {
    users (id) {
        id -> BigInt,
        sub -> Text,
        username -> Text,
        username_key -> Text,
        email -> Nullable<Text>,
        email_key -> Nullable<Text>,
        email_verified -> Bool,
        name -> Nullable<Text>,
        password_hash -> Nullable<Text>,
        admin -> Bool,
        locked -> Bool,
        tokens_invalid_before -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
        last_sign_in_at -> Nullable<BigInt>,
        claims -> Text,
    }
}

diesel::table! {
    sessions (id) {
        id -> Binary,
        digest -> Binary,
        user_id -> BigInt,
        auth_time -> BigInt,
        amr -> Text,
        remembered -> Bool,
        created_at -> BigInt,
        last_seen_at -> BigInt,
        ends_at -> BigInt,
        user_agent -> Text,
        address -> Text,
        account -> Nullable<Binary>,
        selected_at -> BigInt,
    }
}

diesel::table! {
    session_clients (session_id, client_id) {
        session_id -> Binary,
        client_id -> Text,
    }
}

diesel::table! {
    logout_notices (id) {
        id -> Binary,
        client_id -> Text,
        sub -> Text,
        sid -> Text,
        tries -> BigInt,
        next_try_at -> BigInt,
        reason -> Nullable<Text>,
        failed_at -> Nullable<BigInt>,
        created_at -> BigInt,
        ends_at -> BigInt,
    }
}

diesel::table! {
    consents (user_id, client_id) {
        user_id -> BigInt,
        client_id -> Text,
        scope -> Text,
        resources -> Text,
        redirect_host -> Text,
        by_password -> Bool,
        created_at -> BigInt,
        updated_at -> BigInt,
        ends_at -> BigInt,
        declined -> Text,
        claims -> Text,
        holds_until -> Nullable<BigInt>,
    }
}

diesel::table! {
    grants (id) {
        id -> Binary,
        kind -> Text,
        interaction -> Nullable<Binary>,
        client_id -> Text,
        user_id -> BigInt,
        session_id -> Nullable<Binary>,
        scope -> Text,
        resources -> Text,
        redirect_uri -> Nullable<Text>,
        redirect_uri_sent -> Bool,
        challenge -> Nullable<Text>,
        nonce -> Nullable<Text>,
        auth_time -> BigInt,
        amr -> Text,
        code_digest -> Nullable<Binary>,
        code_expires_at -> Nullable<BigInt>,
        code_used_at -> Nullable<BigInt>,
        revoked_at -> Nullable<BigInt>,
        created_at -> BigInt,
        ends_at -> BigInt,
        dialect -> Nullable<Text>,
        claims -> Nullable<Text>,
        audience -> Nullable<Text>,
    }
}

diesel::table! {
    refresh_chains (grant_id) {
        grant_id -> Binary,
        generation -> BigInt,
        current_digest -> Binary,
        previous_digest -> Nullable<Binary>,
        salt -> Nullable<Binary>,
        key_id -> Nullable<Binary>,
        rotated_at -> BigInt,
        retry_until -> BigInt,
        answers -> BigInt,
        idle_end -> BigInt,
        absolute_end -> BigInt,
    }
}

diesel::table! {
    access_tokens (digest) {
        digest -> Binary,
        id -> Binary,
        grant_id -> Nullable<Binary>,
        client_id -> Text,
        subject -> Text,
        audience -> Text,
        scope -> Text,
        issued_at -> BigInt,
        expires_at -> BigInt,
        last_used_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    revoked_tokens (id) {
        id -> Binary,
        expires_at -> BigInt,
    }
}

diesel::table! {
    links (digest) {
        digest -> Binary,
        kind -> Text,
        user_id -> Nullable<BigInt>,
        created_at -> BigInt,
        expires_at -> BigInt,
    }
}

diesel::table! {
    device_grants (id) {
        id -> Binary,
        device_code -> Binary,
        user_code -> Binary,
        client_id -> Text,
        scope -> Text,
        resources -> Text,
        dialect -> Nullable<Text>,
        user_agent -> Text,
        address -> Text,
        shown -> BigInt,
        poll_seconds -> BigInt,
        polled_at -> Nullable<BigInt>,
        decided_at -> Nullable<BigInt>,
        grant_id -> Nullable<Binary>,
        used_at -> Nullable<BigInt>,
        created_at -> BigInt,
        expires_at -> BigInt,
        ends_at -> BigInt,
    }
}

diesel::table! {
    login_failures (id) {
        id -> Binary,
        count -> BigInt,
        last_at -> BigInt,
    }
}

diesel::table! {
    encryption_keys (kid) {
        kid -> Text,
        family -> Text,
        public -> Text,
        sealed -> Nullable<Binary>,
        created_at -> BigInt,
        retired_at -> Nullable<BigInt>,
        gone_at -> Nullable<BigInt>,
        compromised -> Bool,
    }
}

diesel::table! {
    signing_keys (kid) {
        kid -> Text,
        algorithm -> Text,
        public -> Text,
        sealed -> Nullable<Binary>,
        created_at -> BigInt,
        signs_from -> BigInt,
        retired_at -> Nullable<BigInt>,
        gone_at -> Nullable<BigInt>,
        compromised -> Bool,
    }
}

diesel::table! {
    audit_events (id) {
        id -> Binary,
        at -> BigInt,
        event -> Text,
        outcome -> Text,
        reason -> Nullable<Text>,
        actor -> Text,
        client_id -> Nullable<Text>,
        user_id -> Nullable<BigInt>,
        grant_id -> Nullable<Binary>,
        address -> Nullable<Text>,
        user_agent -> Nullable<Text>,
        request_id -> Nullable<Text>,
    }
}

diesel::table! {
    deleted_clients (client_id) {
        client_id -> Text,
        deleted_at -> BigInt,
    }
}

diesel::table! {
    leases (job) {
        job -> Text,
        holder -> Binary,
        until -> BigInt,
    }
}

diesel::joinable!(client_secrets -> clients (client_id));
diesel::joinable!(client_logos -> clients (client_id));
diesel::joinable!(sessions -> users (user_id));
diesel::joinable!(session_clients -> sessions (session_id));
diesel::joinable!(logout_notices -> clients (client_id));
diesel::joinable!(consents -> users (user_id));
diesel::joinable!(consents -> clients (client_id));
diesel::joinable!(grants -> clients (client_id));
diesel::joinable!(grants -> users (user_id));
diesel::joinable!(refresh_chains -> grants (grant_id));
diesel::joinable!(access_tokens -> grants (grant_id));
diesel::joinable!(device_grants -> clients (client_id));
diesel::joinable!(device_grants -> grants (grant_id));
diesel::joinable!(links -> users (user_id));
diesel::allow_tables_to_appear_in_same_query!(
    instance,
    changes,
    scopes,
    resources,
    clients,
    client_logos,
    client_secrets,
    users,
    sessions,
    session_clients,
    logout_notices,
    consents,
    grants,
    refresh_chains,
    access_tokens,
    revoked_tokens,
    links,
    device_grants,
    login_failures,
    signing_keys,
    encryption_keys,
    used_jtis,
    audit_events
);
