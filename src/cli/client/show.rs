//! How clients are shown.

use serde_json::{Map, Value, json};
use url::Url;

use crate::{
    cli::{output::Block, session::Session},
    clock::Ts,
    config::duration,
    flow::{
        Context,
        admin::{clients::WithSecret, costs},
    },
    jose::{Algorithm, Protection, jwe::Encryption},
    protocol::{
        client_metadata::{ApplicationType, AuthMethod, Client, ClientMetadata, KeptForm, RegisteredBy, TokenFormat},
        dialect::Dialect,
        grant::GrantType,
        subject::SubjectType,
    },
    store::models::LogoutNotice,
};

/// A secret's only appearance.
pub(super) fn secret(made: &WithSecret) -> String {
    let stored = if made.client.metadata.sealed_secret { "stored sealed" } else { "stored only hashed" };
    match &made.secret {
        Some(secret) => format!("{}   ← shown once; {stored}", secret.expose()),
        None => format!("the one you gave; {stored}"),
    }
}

/// `authorization_code refresh_token`.
pub(super) fn grants(metadata: &ClientMetadata) -> String {
    metadata.grant_types.iter().map(|grant| grant.short_name()).collect::<Vec<_>>().join(" ")
}

/// Grants and scopes in one line, as UX §2 has them.
pub(super) fn grants_and_scopes(metadata: &ClientMetadata) -> String {
    let grants = grants(metadata);
    let grants = if grants.is_empty() { "none".to_owned() } else { grants };
    let scope = metadata.scope.to_string();
    let optional = metadata.optional_scope.to_string();
    let scopes = if scope.is_empty() { String::new() } else { format!("     scopes  {scope}") };
    let optional = if optional.is_empty() { String::new() } else { format!("     optional  {optional}") };
    format!("{grants}{scopes}{optional}")
}

/// As the flags take it.
fn encryption(one: Option<Encryption>) -> String {
    one.map(|one| format!("{}/{}", one.key.name(), one.content.name())).unwrap_or_default()
}

/// Kind and name of each of its keys.
fn keys(metadata: &ClientMetadata) -> Vec<String> {
    let keys = metadata.jwks.as_ref().and_then(|document| document.get("keys")).and_then(Value::as_array);
    let text = |key: &Value, name: &str| key.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let shown = |key: &Value| [text(key, "kty"), text(key, "alg"), text(key, "kid")].join(" ");
    keys.map(|keys| keys.iter().map(shown).collect()).unwrap_or_default()
}

/// Public, first-party, verified, and which legacy grants it has.
pub(super) fn standing(client: &Client) -> String {
    let metadata = &client.metadata;
    let legacy = metadata.grant_types.iter().any(|grant| grant.is_legacy());
    let marks = [
        (metadata.is_public(), "public"),
        (metadata.first_party, "first-party"),
        (metadata.verified, "verified"),
        (metadata.registered.is_some(), "registered itself"),
        (legacy, "legacy"),
        (metadata.also_standard, "also standard"),
        (metadata.query_token, "query token"),
        (metadata.device_without_secret, "device without secret"),
        (metadata.sealed_secret, "sealed secret"),
    ];
    marks.iter().filter(|(is, _)| *is).map(|(_, word)| *word).collect::<Vec<_>>().join(", ")
}

/// Says what its dangerous switches cost.
pub(super) fn costs(session: &Session, client: &Client) {
    for cost in costs::of(client) {
        session.out.warn(&cost);
    }
}

/// Everything about a client but its secrets.
pub(super) fn block(client: &Client, owner: Option<&str>, now: Ts) -> Block {
    let metadata = &client.metadata;
    let life = |seconds: Option<u32>| {
        seconds.map(|seconds| duration::show(std::time::Duration::from_secs(seconds.into()))).unwrap_or_default()
    };
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let secrets = client.live_secrets(now).map(|secret| {
        let form = if matches!(secret.form, KeptForm::Digest(_)) { "generated" } else { "chosen" };
        let end = secret.expires_at.map(|end| format!(", until {}", end.to_rfc3339())).unwrap_or_default();
        let sealed = if secret.sealed.is_some() { ", sealed" } else { "" };
        format!("{form}{sealed}, made {}{end}", secret.created_at.to_rfc3339())
    });
    Block::default()
        .line("client_id", &client.client_id)
        .line("name", &client.name)
        .line("made", client.created_at.to_rfc3339())
        .line("standing", standing(client))
        .line("owner", owner.unwrap_or_default())
        .line("dialect", metadata.dialect.map_or("", Dialect::name))
        .line("auth method", metadata.token_endpoint_auth_method.name())
        .line("auth alg", metadata.token_endpoint_auth_signing_alg.map_or("", Protection::name))
        .line("assertions for", if metadata.assertion_for_token_endpoint { "issuer or token endpoint" } else { "" })
        .lines("key", &keys(metadata))
        .line("keys at", text(&metadata.jwks_uri))
        .lines("secret", &secrets.collect::<Vec<_>>())
        .lines("redirect_uri", &metadata.redirect_uris)
        .lines("after signing out", &metadata.post_logout_redirect_uris)
        .line("front channel", text(&metadata.frontchannel_logout_uri))
        .line("back channel", text(&metadata.backchannel_logout_uri))
        .lines("request object at", &metadata.request_uris)
        .line("request object alg", metadata.request_object_signing_alg.map_or("", Protection::name))
        .line("request object enc", encryption(metadata.request_object_encryption()))
        .line("requests", if metadata.require_signed_request_object { "by signed request objects alone" } else { "" })
        .line("acr wished for", metadata.default_acr_values.join(" "))
        .line("grants", grants_and_scopes(metadata))
        .lines("response", &metadata.response_types.iter().map(|asked| asked.name()).collect::<Vec<_>>())
        .lines("resource", &metadata.resources)
        .lines("introspects", &metadata.introspect)
        .line("registered", came_in(metadata))
        .line("application type", application_type(metadata))
        .line("pkce", pkce(metadata))
        .line("subjects", metadata.subject_type.map_or("", SubjectType::name))
        .line("sector", text(&metadata.sector_identifier_uri))
        .line("starts at", text(&metadata.initiate_login_uri))
        .lines("contact", &metadata.contacts)
        .line("software", [text(&metadata.software_id), text(&metadata.software_version)].join(" ").trim())
        .line("logo", text(&metadata.logo_uri))
        .line("description", text(&metadata.description))
        .line("home page", text(&metadata.client_uri))
        .line("privacy", text(&metadata.policy_uri))
        .line("terms", text(&metadata.tos_uri))
        .line("access token", metadata.access_token_format.map_or("", TokenFormat::name))
        .line("access ttl", life(metadata.access_token_ttl))
        .line("access alg", metadata.access_token_alg.map_or("", Algorithm::name))
        .line("id token alg", metadata.id_token_signed_response_alg.map_or("", Protection::name))
        .line("id token enc", encryption(metadata.id_token_encryption()))
        .line("userinfo enc", encryption(metadata.userinfo_encryption()))
        .line("userinfo alg", metadata.userinfo_signed_response_alg.map_or("", Protection::name))
        .line("refresh ttl", life(metadata.refresh_token_ttl))
        .line("reuse grace", life(metadata.refresh_reuse_grace))
        .line("iss", if metadata.no_iss { "left out of redirects" } else { "" })
}

/// When it is demanded of codes, if it may have any.
fn pkce(metadata: &ClientMetadata) -> &'static str {
    match () {
        () if !metadata.allows(GrantType::AuthorizationCode) => "",
        () if metadata.learns_pkce() => "demanded once it has used it",
        () if metadata.pkce_optional => "optional",
        () => "demanded",
    }
}

/// Where it came from.
fn came_in(metadata: &ClientMetadata) -> String {
    let Some(registered) = &metadata.registered else { return "by an administrator".to_owned() };
    let note = registered.note.as_ref().map(|note| format!(" ({note})")).unwrap_or_default();
    match registered.by {
        RegisteredBy::Open => "by itself, through the open door".to_owned(),
        RegisteredBy::Token => format!("by itself, with an initial access token{note}"),
    }
}

const fn application_type(metadata: &ClientMetadata) -> &'static str {
    match metadata.application_type {
        Some(ApplicationType::Web) => "web",
        Some(ApplicationType::Native) => "native",
        None => "",
    }
}

/// The members of UX §2. `any-secret` is no registered method: on the wire it is `client_secret_basic` and a member of
/// our own (PROTOCOL R-i1).
pub(super) fn registered(client: &Client) -> Value {
    let metadata = &client.metadata;
    let method = metadata.token_endpoint_auth_method;
    let mut json = json!({
        "client_id": client.client_id,
        "client_name": client.name,
        "redirect_uris": metadata.redirect_uris,
        "grant_types": metadata.grant_types.iter().map(|grant| grant.name()).collect::<Vec<_>>(),
        "response_types": metadata.all_response_types(),
        "scope": metadata.scope.to_string(),
        "token_endpoint_auth_method": method.registered().name(),
        "client_id_issued_at": client.created_at.unix_seconds(),
    });
    if method == AuthMethod::AnySecret
        && let Some(members) = json.as_object_mut()
    {
        members.insert("any_secret".into(), true.into());
    }
    json
}

/// Everything about a client but its secrets. Members without a value are left out, as in RFC 7591.
pub(super) fn to_json(client: &Client) -> Value {
    let metadata = &client.metadata;
    let mut json = registered(client);
    let more = json!({
        "description": metadata.description,
        "optional_scope": metadata.optional_scope.to_string(),
        "resources": metadata.resources,
        "introspect": metadata.introspect,
        "first_party": metadata.first_party,
        "verified": metadata.verified,
        "legacy": metadata.grant_types.iter().copied().any(GrantType::is_legacy),
        "no_iss": metadata.no_iss,
        "dialect": metadata.dialect.map(Dialect::name),
        "also_standard": metadata.also_standard,
        "query_token": metadata.query_token,
        "device_without_secret": metadata.device_without_secret,
        "client_uri": metadata.client_uri,
        "registered": metadata.registered,
        "application_type": metadata.application_type,
        "require_pkce": metadata.require_pkce,
        "pkce_optional": metadata.pkce_optional,
        "contacts": metadata.contacts,
        "logo_uri": metadata.logo_uri,
        "software_id": metadata.software_id,
        "software_version": metadata.software_version,
        "default_max_age": metadata.default_max_age,
        "require_auth_time": metadata.require_auth_time,
        "subject_type": metadata.subject_type,
        "sector_identifier_uri": metadata.sector_identifier_uri,
        "initiate_login_uri": metadata.initiate_login_uri,
        "policy_uri": metadata.policy_uri,
        "tos_uri": metadata.tos_uri,
        "owner": metadata.owner,
    });
    let tokens = json!({
        "access_token": metadata.access_token_format.map(TokenFormat::name),
        "access_ttl": metadata.access_token_ttl,
        "access_alg": metadata.access_token_alg.map(Algorithm::name),
        "id_token_signed_response_alg": metadata.id_token_signed_response_alg.map(Protection::name),
        "userinfo_signed_response_alg": metadata.userinfo_signed_response_alg.map(Protection::name),
        "id_token_encrypted_response_alg": metadata.id_token_encrypted_response_alg,
        "id_token_encrypted_response_enc": metadata.id_token_encrypted_response_enc,
        "userinfo_encrypted_response_alg": metadata.userinfo_encrypted_response_alg,
        "userinfo_encrypted_response_enc": metadata.userinfo_encrypted_response_enc,
        "sealed_secret": metadata.sealed_secret,
        "token_endpoint_auth_signing_alg": metadata.token_endpoint_auth_signing_alg.map(Protection::name),
        "assertion_audience": metadata.assertion_for_token_endpoint.then_some("token_endpoint"),
        "jwks": metadata.jwks,
        "jwks_uri": metadata.jwks_uri,
        "request_object_signing_alg": metadata.request_object_signing_alg.map(Protection::name),
        "request_object_encryption_alg": metadata.request_object_encryption_alg,
        "request_object_encryption_enc": metadata.request_object_encryption_enc,
        "require_signed_request_object": metadata.require_signed_request_object,
        "request_uris": metadata.request_uris,
        "default_acr_values": metadata.default_acr_values,
        "refresh_ttl": metadata.refresh_token_ttl,
        "refresh_reuse_grace": metadata.refresh_reuse_grace,
    });
    let signing_out = json!({
        "post_logout_redirect_uris": metadata.post_logout_redirect_uris,
        "backchannel_logout_uri": metadata.backchannel_logout_uri,
        "backchannel_logout_session_required": metadata.backchannel_logout_session_required,
        "frontchannel_logout_uri": metadata.frontchannel_logout_uri,
        "frontchannel_logout_session_required": metadata.frontchannel_logout_session_required,
    });
    for part in [more, tokens, signing_out] {
        if let (Some(members), Value::Object(part)) = (json.as_object_mut(), part) {
            members.extend(part.into_iter().filter(|(_, value)| !value.is_null()));
        }
    }
    json
}

/// Says what its registration makes the server ask for and this configuration does not let it.
pub(super) fn unreachable(session: &Session, ctx: &Context, client: &Client) {
    let metadata = &client.metadata;
    for (what, uri, then) in [
        ("back-channel logout", metadata.backchannel_logout_uri.as_deref(), "the app will not be told"),
        ("logo", metadata.shown_logo_uri(), "it will not be shown"),
    ] {
        let uri = uri.and_then(|uri| Url::parse(uri).ok());
        if let Some(Err(why)) = uri.map(|uri| ctx.fetch.check(&uri)) {
            session.out.warn(&format!("{what}: {why}; {then} until its host is named in fetch.allow_private"));
        }
    }
}

/// One line for each notice of a session's end that its receiver has not heard, the latest first.
pub(super) fn notices(notices: &[LogoutNotice]) -> Vec<String> {
    let line = |notice: &LogoutNotice| {
        let reason = notice.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
        let since = notice.created_at.to_rfc3339();
        match notice.failed_at {
            Some(at) => format!("of {since}, given up {} after {} tries{reason}", at.to_rfc3339(), notice.tries),
            None => format!("of {since}, {} tries, next {}{reason}", notice.tries, notice.next_try_at.to_rfc3339()),
        }
    };
    notices.iter().map(line).collect()
}

/// The same for programs.
pub(super) fn notices_into(json: &mut Value, notices: &[LogoutNotice]) {
    let shown = notices.iter().map(|notice| {
        let mut shown = json!({
            "created_at": notice.created_at.to_rfc3339(),
            "sub": notice.sub,
            "tries": notice.tries,
            "state": if notice.failed_at.is_some() { "given up" } else { "waiting" },
        });
        let more = [
            ("reason", notice.reason.clone()),
            ("failed_at", notice.failed_at.map(Ts::to_rfc3339)),
            ("next_try_at", notice.failed_at.is_none().then(|| notice.next_try_at.to_rfc3339())),
        ];
        if let Some(members) = shown.as_object_mut() {
            members.extend(more.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.into()))));
        }
        shown
    });
    let shown: Vec<Value> = shown.collect();
    if let (Some(members), false) = (json.as_object_mut(), shown.is_empty()) {
        members.insert("logout_notices".into(), shown.into());
    }
}

/// When each live secret was made and ends.
pub(super) fn secrets_into(json: &mut Value, client: &Client, now: Ts) {
    let secrets = client.live_secrets(now).map(|secret| {
        let mut shown = Map::new();
        shown.insert("chosen".into(), matches!(secret.form, KeptForm::Hash(_)).into());
        shown.insert("created_at".into(), secret.created_at.to_rfc3339().into());
        shown.insert("expires_at".into(), secret.expires_at.map_or(Value::Null, |end| end.to_rfc3339().into()));
        Value::Object(shown)
    });
    let secrets: Vec<Value> = secrets.collect();
    if let Some(members) = json.as_object_mut() {
        members.insert("secrets".into(), secrets.into());
    }
}
