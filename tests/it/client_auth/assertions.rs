//! Clients that prove themselves by what they signed (RFC 7521 §4.2, RFC 7523 §3, OIDC Core §9).

use countersign::{
    clock::Clock,
    flow::{
        Origin,
        admin::clients::{self, NewClient},
    },
    jose::{self, Algorithm, MacAlgorithm, MacKey, Signer, SigningKey},
    protocol::{
        client_auth::assertion::TYPE,
        client_metadata::{AuthMethod, ClientMetadata},
        grant::GrantType,
        scope::Scope,
    },
};
use serde_json::{Value, json};

use super::{GRANT, machine};
use crate::{
    registration::{ALL, OPEN, app as registered, register, send},
    support::{App, Reply, TestServer, Tokens, eventually, rows, update_client},
};

/// The doors, each with what makes a whole request of it.
const DOORS: [(&str, (&str, &str)); 4] = [
    ("/oauth2/access_token", GRANT),
    ("/oauth2/introspect", ("token", "x")),
    ("/oauth2/revoke", ("token", "x")),
    ("/oauth2/device_authorization", ("scope", "")),
];

pub(crate) fn key(kid: &str, algorithm: Algorithm) -> SigningKey {
    SigningKey::from_pkcs8(kid.to_owned(), algorithm, &SigningKey::generate_pkcs8(algorithm).unwrap()).unwrap()
}

pub(crate) fn jwks(keys: &[&SigningKey]) -> Value {
    json!({"keys": keys.iter().map(|key| key.public().unwrap().as_json().clone()).collect::<Vec<_>>()})
}

/// A client of `private_key_jwt` with these keys.
async fn with_keys<'a>(server: &'a TestServer, keys: &[&SigningKey]) -> App<'a> {
    server.app_with(|app| by_key(app, jwks(keys))).await
}

fn by_key(app: &mut ClientMetadata, jwks: Value) {
    machine(app);
    app.grant_types.push(GrantType::DeviceCode);
    app.token_endpoint_auth_method = AuthMethod::PrivateKeyJwt;
    app.jwks = Some(jwks);
}

/// What a good assertion claims, for the next minute; each has a name of its own.
pub(super) fn claims(app: &App<'_>, server: &TestServer) -> Value {
    static NUMBER: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    let (now, jti) =
        (server.clock.now().unix_seconds(), NUMBER.fetch_add(1, std::sync::atomic::Ordering::Relaxed).to_string());
    json!({"iss": app.client_id, "sub": app.client_id, "aud": server.issuer, "exp": now + 60, "iat": now, "jti": jti})
}

pub(super) fn changed(mut claims: Value, name: &str, value: Value) -> Value {
    claims[name] = value;
    claims
}

async fn present(server: &TestServer, door: &str, pairs: &[(&str, &str)], assertion: &str) -> Reply {
    let own = [("client_assertion_type", TYPE), ("client_assertion", assertion)];
    server.post(door, &[pairs, &own].concat()).await
}

/// At the token endpoint, with claims signed by the key.
pub(super) async fn ask(server: &TestServer, key: &SigningKey, claims: &Value) -> Reply {
    present(server, DOORS[0].0, &[GRANT], &jose::sign(key, "JWT", claims).unwrap()).await
}

#[track_caller]
pub(super) fn refused(reply: &Reply) {
    reply.refused("invalid_client").has_status(401);
    assert_eq!(reply.header("cache-control"), "no-store");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_assertion_opens_every_door_whatever_key_signed_it() {
    let server = TestServer::start().await;
    let keys: Vec<_> = Algorithm::ALL.iter().map(|algorithm| key(algorithm.name(), *algorithm)).collect();
    let app = with_keys(&server, &keys.iter().collect::<Vec<_>>()).await;
    for key in &keys {
        Tokens::of(&ask(&server, key, &claims(&app, &server)).await);
    }
    for (door, pair) in DOORS {
        let id = ("client_id", app.client_id.as_str());
        for pairs in [vec![pair], vec![pair, id]] {
            let assertion = jose::sign(&keys[0], "client-authentication+jwt", &claims(&app, &server)).unwrap();
            present(&server, door, &pairs, &assertion).await.has_status(200);
            // at whatever door it was used, it was used
            for (door, pair) in DOORS {
                refused(&present(&server, door, &[pair], &assertion).await);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_can_be_read_signs_as_well_and_is_never_sent() {
    let server = TestServer::start().await;
    let app = server
        .app_with(|app| {
            machine(app);
            app.token_endpoint_auth_method = AuthMethod::ClientSecretJwt;
            app.sealed_secret = true;
        })
        .await;
    let secret = app.secret.clone().unwrap();
    for algorithm in MacAlgorithm::ALL {
        let sign = |secret: &str| {
            let key = MacKey::new(*algorithm, secret.as_bytes()).unwrap();
            jose::sign(&key, "JWT", &claims(&app, &server)).unwrap()
        };
        Tokens::of(&present(&server, DOORS[0].0, &[GRANT], &sign(&secret)).await);
        refused(&present(&server, DOORS[0].0, &[GRANT], &sign(&secret.to_lowercase())).await);
    }
    // sent instead of used, it is the wrong method
    refused(&super::with_form(&app, &secret, &[GRANT]).await);
    refused(&super::with_header(&app, &app.basic(&secret), &[GRANT]).await);
    // nor does a signature take its place
    let own = key("k", Algorithm::Es256);
    refused(&ask(&server, &own, &claims(&app, &server)).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn claims_that_are_missing_foreign_early_or_late_are_refused_and_say_so() {
    let server = TestServer::start().await;
    let own = key("k", Algorithm::Es256);
    let app = with_keys(&server, &[&own]).await;
    let now = server.clock.now().unix_seconds();
    for name in ["iss", "aud", "exp", "jti"] {
        let mut without = claims(&app, &server);
        without.as_object_mut().unwrap().remove(name);
        let reply = ask(&server, &own, &without).await;
        refused(&reply);
        assert!(reply.body.contains(name), "{name}: {}", reply.body);
    }
    for (name, value) in [
        ("iss", json!("other")),
        ("aud", json!("https://other.example")),
        ("aud", json!(format!("{}/", server.issuer))),
        ("aud", json!([server.issuer, "https://other.example"])),
        ("aud", json!(format!("{}/oauth2/access_token", server.issuer))),
        ("exp", json!(now)),
        ("exp", json!(now + 86_400)),
        ("nbf", json!(now + 60)),
        ("iat", json!(now + 60)),
        // issued in an hour
        ("iat", json!(now + 3600)),
        ("exp", json!("soon")),
        ("jti", json!("j".repeat(300))),
    ] {
        refused(&ask(&server, &own, &changed(claims(&app, &server), name, value)).await);
    }
    // a clock that is 5 s ahead does no harm
    let ahead = changed(changed(claims(&app, &server), "iat", json!(now + 5)), "nbf", json!(now + 5));
    Tokens::of(&ask(&server, &own, &ahead).await);
    let expiring = claims(&app, &server);
    server.clock.advance(61);
    refused(&ask(&server, &own, &expiring).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_program_may_name_the_token_endpoint_where_it_is_registered_so() {
    let server = TestServer::start().await;
    let own = key("k", Algorithm::Es256);
    let app = server
        .app_with(|app| {
            by_key(app, jwks(&[&own]));
            app.assertion_for_token_endpoint = true;
        })
        .await;
    let endpoint = json!(format!("{}/oauth2/access_token", server.issuer));
    for (door, pair) in DOORS {
        let old = changed(claims(&app, &server), "aud", endpoint.clone());
        present(&server, door, &[pair], &jose::sign(&own, "JWT", &old).unwrap()).await.has_status(200);
    }
    Tokens::of(&ask(&server, &own, &claims(&app, &server)).await);
    for aud in [json!([server.issuer, endpoint]), json!(format!("{}/oauth2/introspect", server.issuer))] {
        refused(&ask(&server, &own, &changed(claims(&app, &server), "aud", aud)).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_registered_itself_for_all_of_openid_connect_may_name_the_token_endpoint_as_that_says() {
    for (freedom, status) in [(&[OPEN][..], 401), (&[OPEN, ALL], 200)] {
        let server = TestServer::with(freedom).await;
        let own = key("k", Algorithm::Es256);
        let by_key = json!({"token_endpoint_auth_method": "private_key_jwt", "jwks": jwks(&[&own])});
        let told = register(&server, None, &by_key).await.has_status(201).json();
        let app = registered(&server, &told);
        let (door, pair) = DOORS[2];
        let endpoint = json!(format!("{}/oauth2/access_token", server.issuer));
        let old = changed(claims(&app, &server), "aud", endpoint.clone());
        present(&server, door, &[pair], &jose::sign(&own, "JWT", &old).unwrap()).await.has_status(status);
        let new = claims(&app, &server);
        present(&server, door, &[pair], &jose::sign(&own, "JWT", &new).unwrap()).await.has_status(200);
        // still one audience, and still one of two
        for aud in [json!([server.issuer, endpoint]), json!("https://app.example")] {
            let other = changed(claims(&app, &server), "aud", aud);
            refused(&present(&server, door, &[pair], &jose::sign(&own, "JWT", &other).unwrap()).await);
        }
    }
    // an app that gives up assertions and takes them up again is asked for nothing else
    let server = TestServer::with(&[OPEN, ALL]).await;
    let told = register(&server, None, &json!({"token_endpoint_auth_method": "client_secret_jwt"})).await.json();
    let (path, token) = (told["registration_client_uri"].as_str().unwrap(), told["registration_access_token"].as_str());
    for method in ["client_secret_basic", "client_secret_jwt"] {
        let document = json!({"client_id": told["client_id"], "redirect_uris": ["https://app.example/cb"],
            "token_endpoint_auth_method": method});
        send(&server, "PUT", path, token, Some(&document)).await.has_status(200);
    }
    let app = registered(&server, &told);
    let key = MacKey::new(MacAlgorithm::Hs256, app.secret.clone().unwrap().as_bytes()).unwrap();
    let old = changed(claims(&app, &server), "aud", json!(format!("{}/oauth2/access_token", server.issuer)));
    let (door, pair) = DOORS[2];
    present(&server, door, &[pair], &jose::sign(&key, "JWT", &old).unwrap()).await.has_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_assertion_works_once_also_in_a_race_on_two_servers_and_after_a_restart() {
    let server = TestServer::start().await;
    let other = server.second().await;
    let own = key("k", Algorithm::Es256);
    let app = with_keys(&server, &[&own]).await;
    let assertion = jose::sign(&own, "JWT", &claims(&app, &server)).unwrap();
    let race = (0..16).map(|turn| {
        let door = if turn % 2 == 0 { &server } else { &other };
        present(door, DOORS[0].0, &[GRANT], &assertion)
    });
    let replies = futures_util::future::join_all(race).await;
    let won = replies.iter().filter(|reply| reply.status == 200).count();
    assert_eq!(won, 1, "{:?}", replies.iter().map(|reply| reply.status).collect::<Vec<_>>());
    for reply in replies.iter().filter(|reply| reply.status != 200) {
        refused(reply);
        assert!(reply.body.contains("used before"), "{}", reply.body);
    }
    // another client may use the same name
    let second = with_keys(&server, &[&own]).await;
    let same = changed(claims(&second, &server), "jti", crate::support::claims(&assertion)["jti"].clone());
    Tokens::of(&ask(&server, &own, &same).await);
    let server = server.restart().await;
    refused(&present(&server, DOORS[0].0, &[GRANT], &assertion).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_cannot_sign_neither_spoils_an_assertion_nor_leaves_anything_behind() {
    let server = TestServer::start().await;
    let (own, foreign) = (key("k", Algorithm::Es256), key("k", Algorithm::Es256));
    let app = with_keys(&server, &[&own]).await;
    let right = claims(&app, &server);
    refused(&ask(&server, &foreign, &right).await);
    refused(&ask(&server, &own, &changed(right.clone(), "aud", json!("https://other.example"))).await);
    refused(&present(&server, DOORS[0].0, &[GRANT], &jose::sign(&own, "at+jwt", &right).unwrap()).await);
    let token = jose::sign(&own, "JWT", &right).unwrap();
    let flipped = token[..token.len() - 8].to_owned() + "AAAAAAAA";
    refused(&present(&server, DOORS[0].0, &[GRANT], &flipped).await);
    assert_eq!(rows(&server.database).await["used_jtis"], 0);
    Tokens::of(&present(&server, DOORS[0].0, &[GRANT], &token).await);
    assert_eq!(rows(&server.database).await["used_jtis"], 1);
    // past its time it is forgotten, and refused all the same
    server.clock.advance(120);
    countersign::jobs::sweep::run_once(&server.admin).await.unwrap();
    assert_eq!(rows(&server.database).await["used_jtis"], 0);
    refused(&present(&server, DOORS[0].0, &[GRANT], &token).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn none_an_hmac_with_the_public_key_and_keys_that_a_token_brings_are_refused_like_an_unknown_client() {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as B64};
    let server = TestServer::start().await;
    let (own, foreign) = (key("k", Algorithm::Rs256), key("k", Algorithm::Rs256));
    let app = with_keys(&server, &[&own]).await;
    let public = own.public().unwrap().as_json().clone();
    let nobody = App { client_id: "nobody".to_owned(), ..app.clone() };
    let unknown = ask(&server, &own, &claims(&nobody, &server)).await;
    refused(&unknown);
    let by_hand = |header: Value| {
        let message = format!("{}.{}", B64.encode(header.to_string()), B64.encode(claims(&app, &server).to_string()));
        let made = jose::sign(&foreign, "JWT", &claims(&app, &server)).unwrap();
        format!("{message}.{}", made.rsplit_once('.').unwrap().1)
    };
    let mut forged: Vec<String> = vec![
        jose::sign(&foreign, "JWT", &claims(&app, &server)).unwrap(),
        by_hand(json!({"alg": "RS256", "jwk": foreign.public().unwrap().as_json()})),
        by_hand(json!({"alg": "RS256", "kid": "k", "jku": "https://evil.example/jwks"})),
        by_hand(json!({"alg": "RS256", "kid": "../../dev/null"})),
        by_hand(json!({"alg": "RS256", "kid": "' OR 1=1 --"})),
        by_hand(json!({"alg": "PS256", "kid": "k"})),
    ];
    let n = public["n"].as_str().unwrap();
    for secret in [n.as_bytes().to_vec(), B64.decode(n).unwrap(), public.to_string().into_bytes()] {
        for algorithm in MacAlgorithm::ALL {
            let key = MacKey::new(*algorithm, &secret).unwrap();
            forged.push(jose::sign(&key, "JWT", &claims(&app, &server)).unwrap());
        }
    }
    for assertion in forged {
        let reply = present(&server, DOORS[0].0, &[GRANT], &assertion).await;
        assert_eq!((reply.status, &reply.body), (unknown.status, &unknown.body), "{assertion}");
    }
    for assertion in [
        jose::sign(Signer::Unsecured, "JWT", &claims(&app, &server)).unwrap(),
        by_hand(json!({"alg": "RS256", "kid": "k", "crit": ["exp"]})),
        by_hand(json!({"alg": "RS256", "kid": 7})),
        "e30.e30.e30".to_owned(),
        "x".to_owned(),
        String::new(),
    ] {
        refused(&present(&server, DOORS[0].0, &[GRANT, ("client_id", &app.client_id)], &assertion).await);
    }
    Tokens::of(&ask(&server, &own, &claims(&app, &server)).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_proves_itself_by_its_registered_method_only_and_under_its_own_name() {
    let server = TestServer::start().await;
    let own = key("k", Algorithm::Es256);
    let app = with_keys(&server, &[&own]).await;
    assert!(app.secret.is_none(), "it has keys instead");
    let good = || jose::sign(&own, "JWT", &claims(&app, &server)).unwrap();
    let (id, door) = (("client_id", app.client_id.as_str()), DOORS[0].0);
    // by name, by an empty and by an invented secret
    refused(&server.post(door, &[GRANT, id]).await);
    for secret in ["", "invented"] {
        refused(&super::with_form(&app, secret, &[GRANT]).await);
        refused(&super::with_header(&app, &app.basic(secret), &[GRANT]).await);
    }
    // two ways at once, another name, a doubled assertion
    let post = async |pairs: &[(&str, &str)]| present(&server, door, &[&[GRANT], pairs].concat(), &good()).await;
    post(&[("client_secret", "x")]).await.refused("invalid_request").has_status(400);
    post(&[("client_id", "other")]).await.refused("invalid_request").has_status(400);
    post(&[("client_assertion", "x")]).await.refused("invalid_request").has_status(400);
    let request = server.request("POST", door).header("content-type", "application/x-www-form-urlencoded");
    let form = crate::support::encode(&[GRANT, ("client_assertion_type", TYPE), ("client_assertion", &good())]);
    let both = request.header("authorization", app.basic("x")).body(form);
    Reply::of(both.send().await.unwrap()).await.refused("invalid_request").has_status(400);
    for (kind, assertion) in
        [("", good()), ("urn:ietf:params:oauth:grant-type:jwt-bearer", good()), (TYPE, String::new())]
    {
        refused(
            &server.post(door, &[GRANT, id, ("client_assertion_type", kind), ("client_assertion", &assertion)]).await,
        );
    }
    // a client with a secret, and a public one, have no key to prove themselves with
    let by_secret = server.app_with(machine).await;
    refused(&ask(&server, &own, &claims(&by_secret, &server)).await);
    let public = server.app_with(crate::authorize_public).await;
    refused(&ask(&server, &own, &claims(&public, &server)).await);
    Tokens::of(&post(&[]).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_algorithm_it_is_registered_for_is_the_only_one() {
    let server = TestServer::start().await;
    let (elliptic, edwards) = (key("e", Algorithm::Es256), key("d", Algorithm::EdDsa));
    let app = server
        .app_with(|app| {
            by_key(app, jwks(&[&elliptic, &edwards]));
            app.token_endpoint_auth_signing_alg = Some(Algorithm::EdDsa.into());
        })
        .await;
    refused(&ask(&server, &elliptic, &claims(&app, &server)).await);
    Tokens::of(&ask(&server, &edwards, &claims(&app, &server)).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_registered_a_moment_ago_works_at_once_with_one_assertion() {
    let server = TestServer::start().await;
    let own = key("k", Algorithm::Es256);
    let app = with_keys(&server, &[&own]).await;
    Tokens::of(&ask(&server, &own, &claims(&app, &server)).await);
    // the server has the client in its cache; its first look says no, and its second must not ask for the assertion again
    server.scope("reports", "read reports", &[]).await;
    let mut client = clients::find(&server.admin, &app.client_id).await.unwrap();
    client.metadata.scope = Scope::parse("reports").unwrap();
    update_client(&server.admin, &client).await.unwrap();
    let assertion = jose::sign(&own, "JWT", &claims(&app, &server)).unwrap();
    let got = present(&server, DOORS[0].0, &[GRANT, ("scope", "reports")], &assertion).await;
    assert_eq!(Tokens::of(&got).all["scope"], "reports");
    // a new key likewise, and the old one is soon no key
    let new = key("n", Algorithm::Es256);
    client.metadata.jwks = Some(jwks(&[&new]));
    update_client(&server.admin, &client).await.unwrap();
    Tokens::of(&ask(&server, &new, &claims(&app, &server)).await);
    refused(&ask(&server, &own, &claims(&app, &server)).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registration_without_a_key_or_with_a_private_one_is_refused() {
    type Change<'a> = &'a dyn Fn(&mut ClientMetadata);
    let server = TestServer::start().await;
    let own = key("k", Algorithm::Es256);
    let mut private = jwks(&[&own]);
    private["keys"][0]["d"] = "AAAA".into();
    let metadata = |change: Change<'_>| {
        let mut metadata = ClientMetadata::default();
        by_key(&mut metadata, jwks(&[&own]));
        metadata.scope = Scope::parse("profile").unwrap();
        change(&mut metadata);
        metadata
    };
    let create = async |metadata, secret| {
        let new = NewClient { name: "x".to_owned(), metadata, secret, client_id: None };
        clients::create(&server.admin, &Origin::default(), new).await
    };
    let refusals: [(Change<'_>, &str); 7] = [
        (&|app| app.jwks = None, "private_key_jwt needs the client's public keys"),
        (&|app| app.jwks = Some(private.clone()), "it holds a private or secret key"),
        (&|app| app.jwks = Some(json!({"keys": []})), "it holds no key that could verify"),
        (&|app| app.sealed_secret = true, "a client without a secret has none to seal"),
        (
            &|app| app.token_endpoint_auth_signing_alg = Some(MacAlgorithm::Hs256.into()),
            "HS256 is no algorithm of private_key_jwt",
        ),
        (
            &|app| app.token_endpoint_auth_signing_alg = Some(jose::Protection::Unsecured),
            "none is no algorithm of private_key_jwt",
        ),
        (&|app| app.token_endpoint_auth_method = AuthMethod::ClientSecretJwt, "is stored only hashed"),
    ];
    for (change, words) in refusals {
        let refused = create(metadata(change), None).await.err().expect(words).to_string();
        assert!(refused.contains(words), "{refused}, instead of: {words}");
    }
    let words = "a client of private_key_jwt has keys, not a secret";
    assert_eq!(create(metadata(&|_| {}), Some("s".repeat(40))).await.err().expect(words).to_string(), words);
    let made = create(metadata(&|_| {}), None).await.unwrap_or_else(|error| panic!("as it is: {error}"));
    let rotated = clients::rotate_secret(&server.admin, &Origin::default(), &made.client.client_id, None, 0).await;
    assert_eq!(rotated.err().expect(words).to_string(), words);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_metadata_list_methods_and_algorithms_that_some_client_may_use_and_never_none() {
    let server = TestServer::start().await;
    for readable in [false, true] {
        if readable {
            server.app_with(|app| app.sealed_secret = true).await;
            let path = "/.well-known/openid-configuration";
            eventually(async || server.get(path).await.body.contains("client_secret_jwt")).await;
        }
        let document = server.get("/.well-known/openid-configuration").await.json();
        let macs = MacAlgorithm::ALL.iter().map(|one| one.name()).filter(|_| readable);
        let algorithms: Vec<_> = Algorithm::ALL.iter().map(|one| one.name()).chain(macs).collect();
        let secrets = ["client_secret_basic", "client_secret_post"].into_iter();
        let secrets = secrets.chain(readable.then_some("client_secret_jwt")).chain(["private_key_jwt"]);
        for endpoint in ["token", "revocation", "introspection"] {
            let public = (endpoint != "introspection").then_some("none");
            let methods: Vec<_> = secrets.clone().chain(public).collect();
            assert_eq!(document[format!("{endpoint}_endpoint_auth_methods_supported")], json!(methods), "{endpoint}");
            // RFC 8414 §2: required beside such methods, and never `none`
            let listed = &document[format!("{endpoint}_endpoint_auth_signing_alg_values_supported")];
            assert_eq!(*listed, json!(algorithms), "{endpoint}");
        }
    }
}
