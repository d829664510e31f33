use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::protocol::scope::ScopeDefinition;

fn scopes() -> ScopeTable {
    let own = |name: &str, published, danger| ScopeDefinition {
        name: name.into(),
        description: String::new(),
        group: String::new(),
        implies: Vec::new(),
        danger,
        published,
        resource: None,
        claims: Vec::new(),
        builtin: false,
    };
    ScopeTable::new(vec![own("read", true, false), own("hidden", false, false), own("delete", true, true)])
}

fn cursor() -> [PrivateScheme; 1] {
    [PrivateScheme::parse("cursor").unwrap()]
}

fn read(freedom: Freedom, document: &Value) -> Result<Asked, Refusal> {
    let scopes = scopes();
    let terms = Terms {
        scopes: &scopes,
        freedom,
        pkce: freedom == Freedom::Code,
        issuer_is_loopback: false,
        private_schemes: &cursor(),
        former: None,
    };
    parse(&Document::parse(document.to_string().as_bytes())?, &terms)
}

fn with(members: &[(&str, Value)]) -> Value {
    let mut all = json!({"redirect_uris": ["https://app.example/cb"]});
    for (name, value) in members {
        all[*name] = value.clone();
    }
    all
}

#[test]
fn what_is_left_out_has_the_defaults_of_the_specification() {
    let asked = read(Freedom::Code, &with(&[])).unwrap();
    let metadata = &asked.metadata;
    assert_eq!(metadata.grant_types, [GrantType::AuthorizationCode]);
    assert_eq!(metadata.token_endpoint_auth_method, AuthMethod::ClientSecretBasic);
    assert_eq!(metadata.application_type, Some(ApplicationType::Web));
    assert_eq!(metadata.scope.to_string(), "openid profile email offline_access read");
    assert_eq!((asked.name.as_str(), metadata.require_pkce), ("app.example", true));
    let wire = to_wire(&Client { metadata: asked.metadata, name: asked.name, ..Client::default() });
    assert_eq!(wire["response_types"], json!(["code"]));
    assert_eq!(
        (&wire["application_type"], &wire["redirect_uris"]),
        (&json!("web"), &json!(["https://app.example/cb"]))
    );
    assert!(wire.values().all(|value| !value.is_null()), "{wire:?}");
}

#[test]
fn what_nobody_may_give_itself_is_no_member_of_a_registration() {
    let mine = [
        ("client_id", json!("admin")),
        ("client_secret", json!("x")),
        ("first_party", json!(true)),
        ("verified", json!(true)),
        ("owner", json!(1)),
        ("introspect", json!(["https://api.example"])),
        ("resources", json!(["https://api.example"])),
        ("dialect", json!("github")),
        ("query_token", json!(true)),
        ("no_iss", json!(true)),
        ("access_token_ttl", json!(9_999_999)),
        ("registered", json!({"by": "token"})),
        ("require_pkce", json!(false)),
        ("optional_scope", json!("openid")),
        ("whatever", json!({"is": ["not", "known"]})),
    ];
    assert_eq!(read(Freedom::Code, &with(&mine)).unwrap(), read(Freedom::Code, &with(&[])).unwrap());
}

#[test]
fn grants_and_response_types_go_together_and_dangerous_ones_are_for_nobody_or_for_those_who_are_vouched_for() {
    use Freedom::{All, Code, Vouched};
    use GrantType::{AuthorizationCode, ClientCredentials, Implicit, RefreshToken};
    let grants = |freedom, members: &[(&str, Value)]| {
        read(freedom, &with(members)).map(|asked| asked.metadata.grant_types).map_err(|why| why.name())
    };
    let asks = |names: &[&str]| ("grant_types", json!(names));
    let types = |names: &[&str]| ("response_types", json!(names));
    let both = asks(&["authorization_code", "refresh_token", "refresh_token"]);
    assert_eq!(grants(Code, &[both]), Ok(vec![AuthorizationCode, RefreshToken]));
    assert_eq!(grants(All, &[types(&["code", "token"])]), Ok(vec![AuthorizationCode, Implicit]));
    assert_eq!(grants(Vouched, &[asks(&["client_credentials"])]), Ok(vec![ClientCredentials]));
    assert_eq!(grants(Code, &[types(&["none"])]), Ok(vec![]));
    assert_eq!(grants(Code, &[types(&["none"]), asks(&[])]), Ok(vec![]));
    for (freedom, members) in [
        (Code, vec![types(&["token"])]),
        (Code, vec![asks(&["implicit"]), types(&["token"])]),
        (All, vec![asks(&["client_credentials"])]),
        (Vouched, vec![asks(&["password"])]),
        (Vouched, vec![asks(&["authorization_code", "password"])]),
        (Vouched, vec![asks(&["refresh_token"]), types(&["code"])]),
        (Vouched, vec![asks(&["implicit"])]),
        (Vouched, vec![asks(&["authorization_code"]), types(&["token"])]),
        (Code, vec![asks(&["urn:example:other"])]),
        (Code, vec![asks(&[])]),
        (Code, vec![("grant_types", json!("authorization_code"))]),
        (Code, vec![("response_types", json!("code"))]),
        (Code, vec![types(&["code id_token whatever"])]),
    ] {
        assert_eq!(grants(freedom, &members), Err("MetadataUnfit"), "{freedom:?} {members:?}");
    }
}

#[test]
fn where_people_are_sent_fits_the_kind_of_app() {
    use ApplicationType::{Native, Web};
    let kind = |freedom, uris: &[&str], more: &[(&str, Value)]| {
        let members = [more, &[("redirect_uris", json!(uris))]].concat();
        read(freedom, &with(&members)).map(|asked| asked.metadata.application_type.unwrap()).map_err(|why| why.name())
    };
    let web = [("application_type", json!("web"))];
    let native = [("application_type", json!("native"))];
    for (uris, more, outcome) in [
        (&["https://app.example/cb"][..], &[][..], Ok(Web)),
        (&["https://app.example/cb"], &native, Ok(Native)),
        (&["http://127.0.0.1/cb", "http://localhost:3000/cb"], &web, Ok(Native)),
        (&["com.example.app:/cb"], &[], Ok(Native)),
        (&["https://app.example/cb", "http://127.0.0.1/cb"], &[], Ok(Web)),
        (&["https://app.example/cb", "com.example.app:/cb"], &native, Ok(Native)),
        (&["https://app.example/cb", "com.example.app:/cb"], &[], Ok(Native)),
        (&["cursor://editor/cb"], &web, Ok(Native)),
        (&["cursor://editor/cb", "https://app.example/cb", "http://localhost:8787/cb"], &[], Ok(Native)),
        (&["cursor://editor/cb", "https://app.example/cb"], &web, Err("RedirectUriUnfit")),
        (&["vscode://editor/cb"], &[], Err("RedirectUriUnfit")),
        (&["https://app.example/cb", "com.example.app:/cb"], &web, Err("RedirectUriUnfit")),
        (&[], &[], Err("RedirectUriUnfit")),
        (&["http://app.example/cb"], &[], Err("RedirectUriUnfit")),
        (&["https://app.example/cb#x"], &[], Err("RedirectUriUnfit")),
        (&["javascript:alert(1)"], &[], Err("RedirectUriUnfit")),
        (&["data:text/html,x"], &[], Err("RedirectUriUnfit")),
        (&["https://*.example/cb"], &[], Err("RedirectUriUnfit")),
        (&["https://a@app.example/cb"], &[], Err("RedirectUriUnfit")),
        (&["/cb"], &[], Err("RedirectUriUnfit")),
        (&["https://app.example/cb"], &[("application_type", json!("desktop"))], Err("MetadataUnfit")),
    ] {
        assert_eq!(kind(Freedom::Code, uris, more), outcome, "{uris:?} {more:?}");
    }
    let implicit = [("response_types", json!(["token"]))];
    for uri in ["http://127.0.0.1/cb", "http://localhost/cb", "https://localhost/cb", "com.example.app:/cb"] {
        assert_eq!(kind(Freedom::All, &[uri], &implicit), Err("RedirectUriUnfit"), "{uri}");
    }
    assert_eq!(kind(Freedom::All, &["https://app.example/cb"], &implicit), Ok(Web));
}

#[test]
fn scopes_that_an_app_cannot_have_are_left_out() {
    let granted =
        |freedom, scope: &str| read(freedom, &with(&[("scope", json!(scope))])).unwrap().metadata.scope.to_string();
    assert_eq!(granted(Freedom::Code, "openid read hidden delete unknown"), "openid read");
    assert_eq!(granted(Freedom::Vouched, "openid read hidden delete unknown"), "openid read hidden");
    assert_eq!(granted(Freedom::Code, "delete unknown"), "openid profile email offline_access read");
    assert_eq!(read(Freedom::Code, &with(&[("scope", json!("a\"b"))])).map_err(|why| why.name()), Err("MetadataUnfit"));
}

#[test]
fn what_is_not_done_here_is_refused_unless_it_asks_for_nothing() {
    for (name, so_anyhow) in NOT_DONE {
        let asked = |value: Value| read(Freedom::Vouched, &with(&[(name, value)])).is_ok();
        assert!(!asked(json!("something")) && !asked(json!(["something"])) && !asked(json!(true)), "{name}");
        assert!(asked(Value::Null) && asked(json!(false)) && asked(json!([])), "{name}");
        if let Some(value) = so_anyhow {
            assert!(asked(json!(value)), "{name}");
        }
        assert!(!REGISTRABLE.contains(name), "{name} is either done or not");
    }
    assert_eq!(
        read(Freedom::Vouched, &with(&[("software_statement", json!("a.b.c"))])),
        Err(Refusal::SoftwareStatementUnapproved)
    );
    for method in ["any-secret", "tls_client_auth", "Basic", ""] {
        let asked = with(&[("token_endpoint_auth_method", json!(method))]);
        assert!(read(Freedom::Vouched, &asked).is_err(), "{method}");
    }
}

#[test]
fn a_body_is_one_object_and_no_name_comes_twice() {
    for body in [r#"{"a":1,"a":1}"#, "[]", "null", "", "{", "\"x\"", "{}{}", "{\"a\":\u{0}}"] {
        assert!(Document::parse(body.as_bytes()).is_err(), "{body}");
    }
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(500), "]".repeat(500));
    assert!(Document::parse(deep.as_bytes()).is_err());
    assert!(Document::parse(&[b'{', 0xff, b'}']).is_err());
}

/// PROTOCOL R-i1.
#[test]
fn either_way_of_sending_the_secret_reads_as_basic_and_stays_what_it_is_when_that_is_sent_back() {
    let metadata = ClientMetadata { token_endpoint_auth_method: AuthMethod::AnySecret, ..ClientMetadata::default() };
    let wire = to_wire(&Client { metadata: metadata.clone(), ..Client::default() });
    assert_eq!(
        (&wire["token_endpoint_auth_method"], &wire["any_secret"]),
        (&json!("client_secret_basic"), &json!(true))
    );
    let asked = |method| ClientMetadata { token_endpoint_auth_method: method, ..metadata.clone() };
    for (sent, kept) in [
        (AuthMethod::ClientSecretBasic, AuthMethod::AnySecret),
        (AuthMethod::ClientSecretPost, AuthMethod::ClientSecretPost),
    ] {
        assert_eq!(replace(&metadata, &asked(sent)).unwrap().token_endpoint_auth_method, kept);
    }
    let basic = asked(AuthMethod::ClientSecretBasic);
    assert!(!to_wire(&Client { metadata: basic, ..Client::default() }).contains_key("any_secret"));
}

#[test]
fn of_a_key_set_what_is_read_is_kept_and_one_that_cannot_be_used_is_refused_by_its_name() {
    let key = json!({"kty": "OKP", "crv": "Ed25519", "x": "A".repeat(43)});
    let mut full = key.clone();
    full["x5c"] = json!(vec![json!({"": 0}); 100]);
    let read = read_keys(&json!({"keys": [full, 7], "more": {"": 0}})).unwrap();
    assert_eq!(read.metadata.jwks, Some(json!({"keys": [key]})));
    for unfit in [json!([]), json!({"keys": []}), json!({"keys": [{"kty": "oct", "k": "AAAA"}]})] {
        assert!(matches!(read_keys(&unfit), Err(Refusal::MetadataUnfit("jwks", _))), "{unfit}");
    }
}

fn read_keys(jwks: &Value) -> Result<Asked, Refusal> {
    read(Freedom::Code, &with(&[("jwks", jwks.clone())]))
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,20}".prop_map(Value::from),
        prop_oneof![
            Just("code"),
            Just("token"),
            Just("authorization_code"),
            Just("https://app.example/cb"),
            Just("openid read delete"),
            Just("none"),
            Just("native"),
            Just("RS256"),
        ]
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z_]{1,8}", inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn member() -> impl Strategy<Value = String> {
    let known: Vec<String> =
        REGISTRABLE.iter().copied().chain(NOT_DONE.iter().map(|(name, _)| *name)).map(str::to_owned).collect();
    prop_oneof![
        prop::sample::select(known),
        prop_oneof![Just("client_name"), Just("response_types"), Just("software_statement")].prop_map(str::to_owned),
        "[a-z_]{1,12}",
    ]
}

proptest! {
    /// Whatever is sent is read or refused; what is read keeps to the terms, and is the same when its own answer is sent
    /// back (RFC 7592 §2.2).
    #[test]
    fn any_document_is_read_within_the_terms_or_refused(
        members in prop::collection::btree_map(member(), json_value(), 0..8),
        freedom in prop_oneof![Just(Freedom::Code), Just(Freedom::All), Just(Freedom::Vouched)],
        fit in any::<bool>(),
    ) {
        let mut all: Map<String, Value> = members.into_iter().collect();
        if fit {
            all.insert("redirect_uris".into(), json!(["https://app.example/cb", "https://app.example/other"]));
        }
        if let Ok(asked) = read(freedom, &Value::Object(all)) {
            let metadata = &asked.metadata;
            prop_assert!(metadata.grant_types.iter().all(|grant| freedom.allows(*grant)));
            prop_assert!(metadata.redirect_uris.iter().all(|uri| redirect_uri::check(uri, &cursor()).is_ok()));
            prop_assert!(!metadata.scope.has("delete") && !metadata.scope.has("unknown"));
            prop_assert!(!metadata.verified && !metadata.first_party && metadata.registered.is_none());
            prop_assert!(metadata.token_endpoint_auth_method != AuthMethod::AnySecret);
            let wire = to_wire(&Client { metadata: metadata.clone(), name: asked.name.clone(), ..Client::default() });
            prop_assert!(wire.values().all(|value| !value.is_null()));
            prop_assert_eq!(read(freedom, &Value::Object(wire)), Ok(asked));
        }
    }

    /// Bytes of any kind never do more harm than to be refused.
    #[test]
    fn any_bytes_are_a_document_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _either = Document::parse(&bytes);
    }
}
