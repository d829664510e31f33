//! Requests whose parameters are in a request object (OIDC Core §6.1, §6.3; RFC 9101).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use countersign::{
    clock::Clock,
    jose::{self, Algorithm, MacAlgorithm, MacKey, Protection, Signer, SigningKey},
    protocol::client_metadata::{AuthMethod, ClientMetadata},
};
use serde_json::{Value, json};

use crate::{
    client_auth::{jwks, key},
    registration::{OPEN, register},
    support::{App, Browser, Reply, TestServer, Tokens, encode, eventually},
};

pub(super) const TYP: &str = "oauth-authz-req+jwt";

/// What OIDC Core §6.1 wants outside, and nothing else.
const OUTSIDE: [(&str, &str); 3] = [("scope", "openid"), ("redirect_uri", ""), ("state", "")];

/// Claims of an object of this app, good for the next minute.
pub(super) fn claims(app: &App<'_>, server: &TestServer, more: &Value) -> Value {
    let now = server.clock.now().unix_seconds();
    let mut claims = json!({
        "iss": app.client_id, "aud": server.issuer, "iat": now, "exp": now + 60, "client_id": app.client_id,
        "response_type": "code", "redirect_uri": app.redirect_uri, "scope": "openid email", "state": "inside",
        "nonce": "n-inside",
    });
    for (name, value) in more.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims
}

pub(super) fn unsigned(claims: &Value) -> String {
    jose::sign(Signer::Unsecured, "JWT", claims).unwrap()
}

/// An app with this key.
pub(super) fn by(own: &SigningKey) -> impl FnOnce(&mut ClientMetadata) + use<> {
    let keys = jwks(&[own]);
    move |app| app.jwks = Some(keys)
}

pub(super) async fn ask(browser: &mut Browser<'_>, app: &App<'_>, object: &str) -> Reply {
    browser.authorize(app, &[&OUTSIDE[..], &[("request", object)]].concat()).await
}

/// The object is asked with, agreed to, and what comes of it is what it holds.
pub(super) async fn is_granted(browser: &mut Browser<'_>, app: &App<'_>, object: &str) -> Tokens {
    let mut reply = ask(browser, app, object).await;
    if reply.status == 200 {
        reply = browser.decide(&reply, "allow", &[]).await;
    }
    let sent = reply.redirected();
    assert_eq!(sent.get("state").map(String::as_str), Some("inside"), "{sent:?}");
    let tokens = Tokens::of(&app.redeem(&sent["code"]).await);
    assert_eq!(tokens.all["scope"], "openid email");
    assert_eq!(tokens.claims("id_token")["nonce"], "n-inside");
    tokens
}

#[track_caller]
pub(super) fn is_refused(reply: &Reply, error: &str, why: &str) {
    let sent = reply.redirected();
    assert_eq!((sent["error"].as_str(), sent.get("code")), (error, None), "{why}: {sent:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_object_is_the_request_whatever_signed_it_and_however_often_it_is_used() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let rsa = SigningKey::generate_pkcs8(Algorithm::Rs256).unwrap();
    let keys: Vec<_> = Algorithm::ALL
        .iter()
        .map(|algorithm| match algorithm.name().as_bytes()[0] {
            b'R' | b'P' => SigningKey::from_pkcs8(algorithm.name().to_owned(), *algorithm, &rsa).unwrap(),
            _ => key(algorithm.name(), *algorithm),
        })
        .collect();
    let all = jwks(&keys.iter().collect::<Vec<_>>());
    let app = server
        .app_with(|app| {
            app.jwks = Some(all);
            app.sealed_secret = true;
        })
        .await;
    let claims = claims(&app, &server, &json!({}));
    for key in &keys {
        is_granted(&mut browser, &app, &jose::sign(key, TYP, &claims).unwrap()).await;
    }
    let secret = app.secret.clone().unwrap();
    for algorithm in MacAlgorithm::ALL {
        let key = MacKey::new(*algorithm, secret.as_bytes()).unwrap();
        let object = jose::sign(&key, "JWT", &claims).unwrap();
        // it is a question, and may be put again while it is good
        is_granted(&mut browser, &app, &object).await;
        is_granted(&mut browser, &app, &object).await;
    }
    // the server hears of the first client with a readable secret within a second
    eventually(async || {
        let document = server.get("/.well-known/openid-configuration").await.json();
        let listed = document["request_object_signing_alg_values_supported"].as_array().unwrap();
        Protection::all().all(|one| listed.contains(&json!(one.name())))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_is_read_once_and_the_request_outlives_it_through_sign_in_and_consent() {
    let server = TestServer::start().await;
    server.user("ada").await;
    let own = key("k", Algorithm::Es256);
    for by_post in [false, true] {
        let app = server.app_with(by(&own)).await;
        let more = json!({"max_age": 600, "claims": {"userinfo": {"email_verified": null}}, "login_hint": "ada"});
        let object = jose::sign(&own, TYP, &claims(&app, &server, &more)).unwrap();
        let mut browser = server.browser();
        let page = if by_post {
            let pairs = [
                ("client_id", app.client_id.as_str()),
                ("response_type", "code"),
                ("scope", "openid"),
                ("request", &object),
            ];
            let round = browser.post("/oauth2/authorize", &pairs).await;
            round.has_status(303);
            browser.get(round.location()).await
        } else {
            ask(&mut browser, &app, &object).await
        };
        page.says("value=\"ada\"");
        server.clock.advance(300);
        let consent = browser.sign_in_here(&page, "ada").await;
        server.clock.advance(300);
        let sent = browser.decide(&consent, "allow", &[]).await.redirected();
        assert_eq!(sent["state"], "inside");
        let tokens = Tokens::of(&app.redeem(&sent["code"]).await);
        assert_eq!(tokens.claims("id_token")["nonce"], "n-inside");
        // but nobody begins with it any more
        is_refused(&ask(&mut browser, &app, &object).await, "invalid_request_object", "expired");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_outside_of_a_signed_object_changes_nothing_and_a_contradiction_is_refused() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let own = key("k", Algorithm::Es256);
    let app = server
        .app_with(|app| {
            by(&own)(app);
            app.redirect_uris.push("https://app.example/other".to_owned());
        })
        .await;
    let object = jose::sign(&own, TYP, &claims(&app, &server, &json!({}))).unwrap();
    is_granted(&mut browser, &app, &object).await;
    for (name, value) in [
        ("redirect_uri", "https://app.example/other"),
        ("redirect_uri", "https://evil.example/cb"),
        ("state", "outside"),
        ("nonce", "outside"),
        ("prompt", "none login"),
        ("max_age", "never"),
        ("code_challenge", "x"),
        ("claims", "{"),
        ("resource", "nonsense"),
        ("response_mode", "fragment"),
    ] {
        let reply = browser.authorize(&app, &[&OUTSIDE[..], &[("request", &object), (name, value)]].concat()).await;
        assert!(reply.location().starts_with("https://app.example/cb?"), "{name}: {}", reply.location());
        let sent = reply.redirected();
        assert_eq!((sent["state"].as_str(), sent.contains_key("code")), ("inside", true), "{name}: {sent:?}");
    }
    for (name, value) in [("response_type", "token"), ("scope", "openid profile")] {
        let reply = browser.authorize(&app, &[("state", "out"), ("request", &object), (name, value)]).await;
        is_refused(&reply, "invalid_request_object", name);
        assert_eq!(reply.redirected()["state"], "out");
    }
    // a request of OAuth alone needs no more outside than who asks (RFC 9101 §5)
    let alone = [("client_id", app.client_id.as_str()), ("request", &object)];
    let sent = browser.get(&format!("/oauth2/authorize?{}", encode(&alone))).await.redirected();
    assert_eq!((sent["state"].as_str(), sent.contains_key("code")), ("inside", true));
    browser.get(&format!("/oauth2/authorize?{}", encode(&alone[1..]))).await.has_status(400);
    // what is wrong inside goes where the object says
    let wrong = json!({"scope": "openid unknown", "redirect_uri": "https://app.example/other"});
    let wrong = jose::sign(&own, TYP, &claims(&app, &server, &wrong)).unwrap();
    let reply = ask(&mut browser, &app, &wrong).await;
    assert!(reply.location().starts_with("https://app.example/other?error=invalid_scope"), "{}", reply.location());
    let evil = json!({"redirect_uri": "https://evil.example/cb"});
    let evil = jose::sign(&own, TYP, &claims(&app, &server, &evil)).unwrap();
    assert_eq!(ask(&mut browser, &app, &evil).await.has_status(400).header("location"), "");
    // and an object that nobody believes says where to go to nobody: two addresses are registered, so there is a page
    let forged = jose::sign(&key("k", Algorithm::Es256), TYP, &claims(&app, &server, &json!({}))).unwrap();
    let page = ask(&mut browser, &app, &forged).await;
    assert_eq!(page.has_status(400).says("invalid_request_object").header("location"), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_is_not_this_clients_not_for_us_not_for_now_or_not_well_formed_is_refused() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let own = key("k", Algorithm::Es256);
    let app = server.app_with(by(&own)).await;
    let other = server.app_with(by(&key("k", Algorithm::Es256))).await;
    let now = server.clock.now().unix_seconds();
    let with = |more: &Value| claims(&app, &server, more);
    let signed = |more: &Value| jose::sign(&own, TYP, &with(more)).unwrap();
    is_granted(&mut browser, &app, &signed(&json!({}))).await;
    let refused = async |browser: &mut Browser<'_>, object: &str, why: &str| {
        let with_state = [("scope", "openid"), ("state", "out"), ("request", object)];
        let reply = browser.authorize(&app, &with_state).await;
        is_refused(&reply, "invalid_request_object", why);
        assert_eq!(reply.redirected()["state"], "out", "{why}");
    };
    for more in [
        json!({"exp": now - 1}),
        json!({"exp": "soon"}),
        json!({"nbf": now + 60}),
        json!({"iat": now + 3600}),
        json!({"iss": "other"}),
        json!({"iss": other.client_id}),
        json!({"client_id": other.client_id}),
        json!({"aud": "https://other.example"}),
        json!({"aud": ["https://other.example"]}),
        // by which it would prove itself at the token endpoint
        json!({"sub": app.client_id}),
        json!({"response_type": "token"}),
        json!({"request": "eyJ"}),
        json!({"request_uri": "https://app.example/request.jwt"}),
        json!({"max_age": "60"}),
        json!({"claims": "{}"}),
        json!({"scope": ["openid"]}),
        json!({"state": 7}),
    ] {
        refused(&mut browser, &signed(&more), &more.to_string()).await;
    }
    let good = signed(&json!({}));
    let (message, signature) = good.rsplit_once('.').unwrap();
    let (header, body) = message.split_once('.').unwrap();
    let head = |header: Value| B64.encode(header.to_string());
    let public = own.public().unwrap().as_json().to_string();
    let twice = with(&json!({})).to_string().replacen('{', "{\"scope\":\"openid\",", 1);
    for (object, why) in [
        (jose::sign(&key("k", Algorithm::Es256), TYP, &with(&json!({}))).unwrap(), "another key of the same name"),
        (jose::sign(&key("other", Algorithm::Es256), TYP, &with(&json!({}))).unwrap(), "an unknown key"),
        (jose::sign(&key("k", Algorithm::EdDsa), TYP, &with(&json!({}))).unwrap(), "a key of another kind"),
        (
            jose::sign(&MacKey::new(MacAlgorithm::Hs256, public.as_bytes()).unwrap(), TYP, &with(&json!({}))).unwrap(),
            "the public key taken for a secret",
        ),
        (format!("{message}."), "no signature"),
        (format!("{header}.{}.{signature}", B64.encode(with(&json!({"scope": "openid"})).to_string())), "altered"),
        (format!("{}.{body}.{signature}", head(json!({"alg": "none"}))), "said to be unsigned, with a signature"),
        (format!("{}.{body}.{signature}", head(json!({"alg": "ES256", "crit": ["exp"], "exp": 1}))), "critical"),
        (jose::sign(&own, "at+jwt", &with(&json!({}))).unwrap(), "another kind"),
        (jose::sign(&own, "client-authentication+jwt", &with(&json!({}))).unwrap(), "an assertion"),
        (jose::sign(&own, TYP, &json!([])).unwrap(), "no claims"),
        ("..".to_owned(), "empty"),
    ] {
        // what says that it is unsigned is told that this client has to sign
        if why.starts_with("said to be") {
            is_refused(&ask(&mut browser, &app, &object).await, "request_not_supported", why);
        } else {
            refused(&mut browser, &object, why).await;
        }
    }
    let doubled = {
        let message = format!("{header}.{}", B64.encode(&twice));
        let signature = jose::sign(&own, TYP, &json!({})).unwrap();
        format!("{message}.{}", signature.rsplit_once('.').unwrap().1)
    };
    refused(&mut browser, &doubled, "a name twice, and not signed either").await;
    let both = [("scope", "openid"), ("request", good.as_str()), ("request_uri", "https://app.example/r")];
    is_refused(&browser.authorize(&app, &both).await, "invalid_request", "both");
    // a megabyte is more than is read of any request
    let huge = "x".repeat(1024 * 1024);
    let pairs = [("client_id", app.client_id.as_str()), ("request", &huge)];
    browser.post("/oauth2/authorize", &pairs).await.has_status(413);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_registered_algorithm_is_the_only_one_and_nobody_gets_round_a_demanded_signature() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let (own, second) = (key("a", Algorithm::Es256), key("b", Algorithm::EdDsa));
    let keys = jwks(&[&own, &second]);
    let registered = async |algorithm: &str| {
        let change = |app: &mut ClientMetadata| {
            app.jwks = Some(keys.clone());
            app.request_object_signing_alg = Protection::parse(algorithm);
        };
        server.app_with(change).await
    };
    let app = registered("ES256").await;
    let claimed = claims(&app, &server, &json!({}));
    is_granted(&mut browser, &app, &jose::sign(&own, TYP, &claimed).unwrap()).await;
    for object in [jose::sign(&second, TYP, &claimed).unwrap(), unsigned(&claimed)] {
        is_refused(&ask(&mut browser, &app, &object).await, "invalid_request_object", &object);
    }
    // where it is `none`, it is `none`
    let app = registered("none").await;
    let claimed = claims(&app, &server, &json!({}));
    is_granted(&mut browser, &app, &unsigned(&claimed)).await;
    let object = jose::sign(&own, TYP, &claimed).unwrap();
    is_refused(&ask(&mut browser, &app, &object).await, "invalid_request_object", "signed");
    let strict = server
        .app_with(|app| {
            by(&own)(app);
            app.require_signed_request_object = true;
        })
        .await;
    let claimed = claims(&strict, &server, &json!({"prompt": "consent"}));
    is_refused(&browser.authorize(&strict, &[("scope", "openid")]).await, "invalid_request", "plain");
    is_refused(&ask(&mut browser, &strict, &unsigned(&claimed)).await, "request_not_supported", "unsigned");
    is_granted(&mut browser, &strict, &jose::sign(&own, TYP, &claimed).unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_an_unsigned_object_and_what_is_beside_it_the_object_comes_first() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app_with(|app| app.request_object_signing_alg = Some(Protection::Unsecured)).await;
    let object = unsigned(&json!({"redirect_uri": app.redirect_uri, "state": "inside", "scope": "openid email"}));
    let beside =
        [("redirect_uri", "https://evil.example/cb"), ("scope", "openid"), ("nonce", "beside"), ("request", &object)];
    let page = browser.authorize(&app, &beside).await;
    let sent = browser.decide(&page, "allow", &[]).await.redirected();
    assert_eq!(sent["state"], "inside");
    let tokens = Tokens::of(&app.redeem(&sent["code"]).await);
    assert_eq!((&tokens.all["scope"], &tokens.claims("id_token")["nonce"]), (&json!("openid email"), &json!("beside")));
    let evil = unsigned(&json!({"redirect_uri": "https://evil.example/cb"}));
    let reply = browser.authorize(&app, &[("request", &evil)]).await;
    assert_eq!(reply.has_status(400).header("location"), "");
    for more in [json!({"client_id": "other"}), json!({"response_type": "token"}), json!({"iss": "other"})] {
        is_refused(&ask(&mut browser, &app, &unsigned(&more)).await, "invalid_request_object", &more.to_string());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_asked_for_inside_an_object_is_kept() {
    let server = TestServer::start().await;
    let own = key("k", Algorithm::Es256);
    let app = server.app_with(by(&own)).await;
    let sign = |more: &Value| jose::sign(&own, TYP, &claims(&app, &server, more)).unwrap();
    let mut stranger = server.browser();
    is_refused(&ask(&mut stranger, &app, &sign(&json!({"prompt": "none"}))).await, "login_required", "nobody");
    let mut browser = server.ada().await;
    is_granted(&mut browser, &app, &sign(&json!({}))).await;
    browser.headers.push(("sec-fetch-dest", "iframe".to_owned()));
    browser.headers.push(("sec-fetch-mode", "navigate".to_owned()));
    let sent = ask(&mut browser, &app, &sign(&json!({"prompt": "none"}))).await.redirected();
    assert!(sent.contains_key("code"), "{sent:?}");
    // a frame that does not ask for silence is shown the page
    ask(&mut browser, &app, &sign(&json!({}))).await.has_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn apps_register_how_they_ask_and_one_that_says_nothing_may_ask_in_any_way() {
    let server = TestServer::with(&[OPEN]).await;
    let mut browser = server.ada().await;
    let own = key("k", Algorithm::Rs256);
    let pkce = json!({"code_challenge": crate::support::CHALLENGE, "code_challenge_method": "S256"});
    for (members, signed) in [
        (json!({}), false),
        (json!({"jwks": jwks(&[&own])}), true),
        (json!({"request_object_signing_alg": "none"}), false),
        (json!({"request_object_signing_alg": "RS256", "jwks": jwks(&[&own])}), true),
        (json!({"require_signed_request_object": true, "jwks": jwks(&[&own])}), true),
        (json!({"default_acr_values": ["urn:example:gold", "urn:countersign:acr:password"]}), false),
    ] {
        let told = register(&server, None, &members).await.has_status(201).json();
        for (name, value) in members.as_object().unwrap() {
            assert_eq!(told[name], *value, "{name}");
        }
        let app = crate::registration::app(&server, &told);
        let claims = claims(&app, &server, &pkce);
        let object = if signed { jose::sign(&own, "JWT", &claims).unwrap() } else { unsigned(&claims) };
        let page = ask(&mut browser, &app, &object).await;
        let sent = browser.decide(&page, "allow", &[]).await.redirected();
        assert_eq!(sent["state"], "inside");
        let redeemed = [
            ("grant_type", "authorization_code"),
            ("code", &sent["code"]),
            ("redirect_uri", &app.redirect_uri),
            ("code_verifier", crate::support::VERIFIER),
        ];
        assert_eq!(Tokens::of(&app.token(&redeemed).await).claims("id_token")["acr"], "urn:countersign:acr:password");
    }
    for members in [
        json!({"request_object_signing_alg": "RS256"}),
        json!({"request_object_signing_alg": "RS1"}),
        json!({"request_object_signing_alg": "none", "require_signed_request_object": true}),
        json!({"request_uris": "https://app.example/request.jwt"}),
        json!({"request_uris": ["ftp://app.example/request.jwt"]}),
        json!({"request_uris": ["https://a:b@app.example/request.jwt"]}),
        json!({"request_uris": ["request.jwt"]}),
        json!({"request_uris": vec!["https://app.example/r"; 65]}),
        json!({"default_acr_values": "gold"}),
        json!({"default_acr_values": ["x".repeat(300)]}),
    ] {
        register(&server, None, &members).await.has_status(400).refused("invalid_client_metadata");
    }
    let by_secret = json!({"request_object_signing_alg": "HS256"});
    let told = register(&server, None, &by_secret).await.has_status(201).json();
    let app = crate::registration::app(&server, &told);
    let secret = MacKey::new(MacAlgorithm::Hs256, app.secret.as_deref().unwrap().as_bytes()).unwrap();
    let object = jose::sign(&secret, "JWT", &claims(&app, &server, &pkce)).unwrap();
    ask(&mut browser, &app, &object).await.has_status(200).says("name=\"decision\"");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_proves_nothing_at_the_token_endpoint_and_an_assertion_asks_for_nothing() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let own = key("k", Algorithm::Es256);
    let app = server
        .app_with(|app| {
            by(&own)(app);
            app.token_endpoint_auth_method = AuthMethod::PrivateKeyJwt;
            app.grant_types.push(countersign::protocol::grant::GrantType::ClientCredentials);
        })
        .await;
    let prove = async |assertion: &str| {
        let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
        let pairs =
            [("grant_type", "client_credentials"), ("client_assertion_type", kind), ("client_assertion", assertion)];
        server.post("/oauth2/access_token", &pairs).await
    };
    let object = claims(&app, &server, &json!({"jti": "1"}));
    prove(&jose::sign(&own, "JWT", &object).unwrap()).await.refused("invalid_client");
    let assertion = claims(&app, &server, &json!({"jti": "2", "sub": app.client_id}));
    let assertion = jose::sign(&own, "JWT", &assertion).unwrap();
    is_refused(&ask(&mut browser, &app, &assertion).await, "invalid_request_object", "an assertion");
    Tokens::of(&prove(&assertion).await);
}
