//! Access tokens at our own doors (RFC 6750, RFC 8725, RFC 9068): a good one opens them, anything nearly like it none.

use std::collections::HashSet;

use aws_lc_rs::{
    hmac,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use countersign::{
    flow::limits::INVENTED_TOKENS_A_MINUTE,
    jose::{Algorithm, SigningKey},
    protocol::client_metadata::TokenFormat,
    secret::{Secret, base62, kind},
};
use serde_json::{Value, json};

use crate::{
    authorize_public,
    support::{App, Reply, TestServer, Tokens, encode},
};

const DOORS: [&str; 4] = ["resource by header", "resource by form", "userinfo by header", "userinfo by form"];

/// More than one address may invent in a minute.
const ALL_LOOKED_AT: (&str, &str) = ("COUNTERSIGN_LIMITS__PER_ADDRESS", "false");

/// The protected resources, with the answer of each to this token.
async fn ask(app: &App<'_>, token: &str) -> [Reply; 4] {
    let bearer = format!("Bearer {token}");
    let header = |path| app.server.get_with(path, "authorization", &bearer);
    [
        header("/api/verify").await,
        app.server.post("/api/verify", &[("token", token)]).await,
        header("/oauth2/userinfo").await,
        app.server.post("/oauth2/userinfo", &[("access_token", token)]).await,
    ]
}

/// The doors that a token opens, of the protected resources and introspection; the others refuse it as they should.
async fn opened(app: &App<'_>, token: &str) -> Vec<&'static str> {
    let mut open = Vec::new();
    for (door, reply) in DOORS.into_iter().zip(ask(app, token).await) {
        match (reply.status.as_u16(), door) {
            (200, _) => open.push(door),
            (403, "resource by form") => assert_eq!(reply.body, "{\"error\":\"invalid_request\"}", "{token}"),
            (401, _) => {
                assert!(reply.header("www-authenticate").contains("error=\"invalid_token\""), "{door}: {token}");
            }
            (status, _) => panic!("{door} answers {status} to {token}: {}", reply.body),
        }
    }
    let reply = app.introspect(token).await;
    reply.has_status(200);
    if reply.body != "{\"active\":false}" {
        assert_eq!(reply.json()["active"], true);
        open.push("introspection");
    }
    open
}

fn part(token: &str, at: usize) -> Value {
    serde_json::from_slice(&B64.decode(token.split('.').nth(at).unwrap()).unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_token_opens_every_door_and_one_that_is_nearly_right_none() {
    let server = TestServer::with(&[ALL_LOOKED_AT]).await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    let opaque = server.app_with(|app| app.access_token_format = Some(TokenFormat::Opaque)).await;
    for app in [app, opaque] {
        let token = app.tokens(&mut browser, &[("scope", "openid")]).await.access_token;
        assert_eq!(opened(&app, &token).await, [&DOORS[..], &["introspection"]].concat());
        let lower = server.get_with("/oauth2/userinfo", "authorization", &format!("bEARER {token}")).await;
        lower.has_status(200);
        let (last, rest) = (token.chars().last().unwrap(), &token[..token.len() - 1]);
        let swap = |at: usize| {
            let other = if &token[at..=at] == "A" { "B" } else { "A" };
            format!("{}{other}{}", &token[..at], &token[at + 1..])
        };
        let mut nearly: Vec<String> = (0..token.len()).step_by(token.len() / 30).map(swap).collect();
        // every other last letter: also those that differ in bits that hold nothing
        nearly
            .extend(('a'..='z').chain('0'..='9').filter(|other| *other != last).map(|other| format!("{rest}{other}")));
        nearly.extend([
            rest.to_owned(),
            token[1..].to_owned(),
            format!("{token}A"),
            format!("{token}="),
            format!("{token}."),
            format!(".{token}"),
            format!("{token}.{token}"),
            token.to_uppercase(),
            token.to_lowercase(),
            format!("{}.", token.rsplit_once('.').map_or("x", |(signed, _)| signed)),
            token.rsplit('.').collect::<Vec<_>>().join("."),
            "x".to_owned(),
            "csat_".to_owned(),
            ".".to_owned(),
            "..".to_owned(),
            "e30.e30.e30".to_owned(),
            "a".repeat(4000),
        ]);
        for wrong in nearly.iter().filter(|wrong| **wrong != token) {
            assert_eq!(opened(&app, wrong).await, [""; 0], "{wrong}");
        }
        assert!(server.opens(&token).await);
    }
}

/// Somebody with a key of their own.
struct Forger {
    pair: EcdsaKeyPair,
}

impl Forger {
    fn new() -> Self {
        let pkcs8 = SigningKey::generate_pkcs8(Algorithm::Es256).unwrap();
        Self { pair: EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &pkcs8).unwrap() }
    }

    fn jwk(&self) -> Value {
        let (x, y) = self.pair.public_key().as_ref()[1..].split_at(32);
        json!({"kty": "EC", "crv": "P-256", "x": B64.encode(x), "y": B64.encode(y), "alg": "ES256", "use": "sig"})
    }

    fn sign(&self, header: &Value, claims: &Value) -> String {
        let text = unsigned(header, claims);
        let signature = self.pair.sign(&SystemRandom::new(), text.as_bytes()).unwrap();
        format!("{text}.{}", B64.encode(signature))
    }
}

fn unsigned(header: &Value, claims: &Value) -> String {
    format!("{}.{}", B64.encode(header.to_string()), B64.encode(claims.to_string()))
}

fn with(mut header: Value, name: &str, value: Value) -> Value {
    header[name] = value;
    header
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_somebody_else_made_opens_nothing_whatever_its_header_says() {
    let server = TestServer::with(&[ALL_LOOKED_AT]).await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    let tokens = app.tokens(&mut browser, &[("scope", "openid")]).await;
    let (header, claims) = (part(&tokens.access_token, 0), part(&tokens.access_token, 1));
    let forger = Forger::new();
    let mut made_up = vec![
        forger.sign(&header, &claims),
        forger.sign(&with(header.clone(), "jwk", forger.jwk()), &claims),
        forger.sign(&with(header.clone(), "jku", json!("https://evil.example/jwks")), &claims),
        forger.sign(&with(header.clone(), "x5u", json!("https://evil.example/cert")), &claims),
        forger.sign(&with(header.clone(), "x5c", json!(["MIIB"])), &claims),
        forger.sign(&with(header.clone(), "crit", json!(["jwk"])), &claims),
        forger.sign(&json!({"alg": "ES256", "typ": "at+jwt", "jwk": forger.jwk()}), &claims),
    ];
    let long = "x".repeat(2000);
    for kid in [
        json!(null),
        json!(""),
        json!(7),
        json!(["a"]),
        json!("../../../dev/null"),
        json!("' OR '1'='1"),
        json!("\0"),
        json!(long),
    ] {
        made_up.push(forger.sign(&with(header.clone(), "kid", kid), &claims));
    }
    let signature = tokens.access_token.rsplit('.').next().unwrap();
    for alg in ["none", "None", "NONE", "nOnE", "", "HS256", "RS256", "PS256", "ES384", "EdDSA", "dir"] {
        let text = unsigned(&with(header.clone(), "alg", json!(alg)), &claims);
        made_up.extend([format!("{text}."), text.clone(), format!("{text}.{signature}"), format!("{text}.AAAA")]);
    }
    // HMAC, with what everybody can read as its key
    let jwks = server.get("/oauth2/jwks").await;
    let mut public = vec![jwks.body.clone(), String::new()];
    let mut bytes = Vec::new();
    for key in jwks.json()["keys"].as_array().unwrap() {
        public.push(key.to_string());
        for member in ["x", "y", "n", "e", "kid"].iter().filter_map(|name| key[*name].as_str()) {
            public.push(member.to_owned());
            bytes.extend(B64.decode(member));
        }
        if let (Some(x), Some(y)) = (key["x"].as_str(), key["y"].as_str()) {
            bytes.push([&[4][..], &B64.decode(x).unwrap(), &B64.decode(y).unwrap()].concat());
        }
    }
    bytes.extend(public.into_iter().map(String::into_bytes));
    for kid in jwks.json()["keys"].as_array().unwrap().iter().map(|key| key["kid"].clone()) {
        let text = unsigned(&json!({"alg": "HS256", "typ": "at+jwt", "kid": kid}), &claims);
        made_up.extend(bytes.iter().map(|secret| {
            let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
            format!("{text}.{}", B64.encode(hmac::sign(&key, text.as_bytes())))
        }));
    }
    for token in &made_up {
        assert_eq!(opened(&app, token).await, [""; 0], "{token}");
    }
    // nor does it end anything
    for token in &made_up {
        app.revoke(token).await.has_status(200);
    }
    assert!(server.opens(&tokens.access_token).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_of_token_is_good_for_its_own_purpose_alone() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    let code = browser.allow(&app, &[("scope", "openid")]).await;
    assert_eq!(opened(&app, &code).await, [""; 0], "a code");
    let tokens = Tokens::of(&app.redeem(&code).await);
    let id_token = tokens.all["id_token"].as_str().unwrap();
    assert_eq!(opened(&app, id_token).await, [""; 0], "an ID token");
    assert_eq!(opened(&app, &tokens.refresh_token).await, ["introspection"], "a refresh token, to its own client");
    for other in [id_token, &tokens.access_token, &code] {
        app.refresh(other).await.refused("invalid_grant");
        app.redeem(other).await.refused("invalid_grant");
    }
    app.redeem(&tokens.refresh_token).await.refused("invalid_grant");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_past_its_life_is_dead_at_every_door_to_the_second() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    let opaque = server.app_with(|app| app.access_token_format = Some(TokenFormat::Opaque)).await;
    for app in [app, opaque] {
        browser.sign_in("ada").await;
        let token = app.tokens(&mut browser, &[("scope", "openid")]).await.access_token;
        server.clock.advance(898);
        assert_eq!(opened(&app, &token).await.len(), DOORS.len() + 1);
        server.clock.advance(2);
        assert_eq!(opened(&app, &token).await, [""; 0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_names_kind_and_life_and_a_jwt_says_what_rfc_9068_asks_and_no_more() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    let code = browser.allow(&app, &[("scope", "openid profile email")]).await;
    let reply = app.redeem(&code).await;
    let headers = ["content-type", "cache-control", "pragma", "x-content-type-options"].map(|name| reply.header(name));
    assert_eq!(headers, ["application/json", "no-store", "no-cache", "nosniff"]);
    let tokens = Tokens::of(&reply);
    assert_eq!((tokens.all["token_type"].as_str(), tokens.all["expires_in"].as_i64()), (Some("Bearer"), Some(900)));
    let header = part(&tokens.access_token, 0);
    assert_eq!((header["typ"].as_str(), header["alg"].as_str()), (Some("at+jwt"), Some("ES256")));
    let claims = tokens.claims("access_token");
    assert_eq!((&claims["iss"], &claims["aud"]), (&server.issuer.as_str().into(), &server.issuer.as_str().into()));
    assert_eq!((&claims["client_id"], &claims["scope"]), (&app.client_id.as_str().into(), &tokens.all["scope"]));
    assert_eq!(claims["sub"], tokens.claims("id_token")["sub"]);
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 900);
    let names: HashSet<&str> = claims.as_object().unwrap().keys().map(String::as_str).collect();
    let asked = ["iss", "sub", "aud", "client_id", "scope", "iat", "exp", "jti", "grant"];
    assert_eq!(names, HashSet::from(asked));
    // her name only as a whole value: three letters are found in random ones now and then
    for secret in ["\"ada\"", "example.com", app.secret.as_deref().unwrap(), &code, &tokens.refresh_token] {
        assert!(!claims.to_string().contains(secret), "{secret}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_never_repeat_and_those_without_a_signature_are_256_random_bits() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    let opaque = server.app_with(|app| app.access_token_format = Some(TokenFormat::Opaque)).await;
    let (mut seen, mut bodies) = (HashSet::new(), Vec::new());
    for _ in 0..20 {
        let tokens = app.tokens(&mut browser, &[("scope", "profile")]).await;
        let next = Tokens::of(&app.refresh(&tokens.refresh_token).await);
        for tokens in [&tokens, &next] {
            assert!(seen.insert(tokens.claims("access_token")["jti"].as_str().unwrap().to_owned()));
            assert!(seen.insert(tokens.refresh_token.clone()));
        }
        let token = opaque.tokens(&mut browser, &[("scope", "profile")]).await.access_token;
        bodies.push(base62::decode::<32>(Secret::<kind::AccessToken>::presented(&token).body().unwrap()).unwrap());
        browser.sign_in("ada").await;
        server.clock.advance(60);
    }
    assert_eq!(bodies.iter().collect::<HashSet<_>>().len(), 20);
    let constant = (0..256).filter(|bit| {
        let set = bodies.iter().filter(|body| body[bit / 8] >> (bit % 8) & 1 == 1).count();
        set == 0 || set == bodies.len()
    });
    // one bit in half a million is the same in all twenty by chance
    assert!(constant.count() <= 2, "some bits never change");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_header_that_cannot_be_read_is_answered_with_a_challenge() {
    let server = TestServer::start().await;
    for path in ["/api/verify", "/oauth2/userinfo"] {
        for header in
            ["Bearer", "Bearer ", "Bearer a b", "Basic YTpi", "Digest x=y", "bearer", "x", ",", "Bearer \u{e9}"]
        {
            let value = reqwest::header::HeaderValue::from_bytes(header.as_bytes()).unwrap();
            let reply = server.request("GET", path).header("authorization", value).send().await.unwrap();
            let reply = Reply::of(reply).await;
            assert!(matches!(reply.status.as_u16(), 400 | 401), "{path} {header}: {}", reply.status);
            assert!(reply.header("www-authenticate").starts_with("Bearer realm="), "{path} {header}: {}", reply.body);
        }
        let two = server.request("GET", path).header("authorization", "Bearer a").header("authorization", "Bearer b");
        assert_eq!(two.send().await.unwrap().status(), 400, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_hint_an_unknown_hint_and_none_revoke_alike() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let (app, public) = (server.app().await, server.app_with(authorize_public).await);
    for app in [app, public] {
        for hint in ["", "access_token", "refresh_token", "id_token", "nonsense", "\u{1f511}"] {
            let hinted = [("token_type_hint", hint)];
            let tokens = app.tokens(&mut browser, &[("scope", "openid")]).await;
            app.post("/oauth2/revoke", &[&hinted[..], &[("token", &tokens.access_token)]].concat())
                .await
                .has_status(200);
            assert_eq!(opened(&app, &tokens.access_token).await, [""; 0], "{hint}");
            let next = Tokens::of(&app.refresh(&tokens.refresh_token).await);
            app.post("/oauth2/revoke", &[&hinted[..], &[("token", &next.refresh_token)]].concat())
                .await
                .has_status(200);
            app.refresh(&next.refresh_token).await.refused("invalid_grant");
            assert_eq!(opened(&app, &next.access_token).await, [""; 0], "{hint}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_set_and_the_metadata_offer_nothing_weak() {
    let server = TestServer::start().await;
    let jwks = server.get("/oauth2/jwks").await.json();
    let keys = jwks["keys"].as_array().unwrap();
    assert!(keys.len() >= 2);
    for key in keys {
        for private in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
            assert!(key.get(private).is_none(), "{private}");
        }
        // one that others encrypt with has several
        let alg = key.get("alg").map_or("", |alg| alg.as_str().unwrap());
        match (key["kty"].as_str().unwrap(), alg) {
            ("EC", "ES256" | "") => assert_eq!(key["crv"], "P-256"),
            ("RSA", "RS256" | "") => {
                let modulus = B64.decode(key["n"].as_str().unwrap()).unwrap();
                assert!(modulus.len() >= 256 && modulus[0] >= 0x80, "{} bytes", modulus.len());
                assert_eq!(key["e"], "AQAB");
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(key["use"], if alg.is_empty() { "enc" } else { "sig" });
    }
    let metadata = server.get("/.well-known/openid-configuration").await;
    assert_eq!(metadata.json()["issuer"], server.issuer.as_str());
    let document = metadata.json();
    for (key, values) in document.as_object().unwrap().iter().filter(|(key, _)| *key != "prompt_values_supported") {
        // a public client has nothing to show: that is "none" as a way to authenticate, and no algorithm
        let ways = key.ends_with("_auth_methods_supported");
        for weak in ["none", "plain", "implicit", "password", "HS256", "HS384", "HS512", "token"] {
            let listed = values.as_array().is_some_and(|values| values.iter().any(|value| value == weak));
            // an unsigned request object is worth what the parameters themselves are worth (OIDC Core §6.1)
            let objects = key == "request_object_signing_alg_values_supported";
            assert!(!listed || ((ways || objects) && weak == "none"), "{key}: {values}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bodys_encoding_is_one_form_and_a_doubled_token_is_refused() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    let token = app.tokens(&mut browser, &[("scope", "openid")]).await.access_token;
    for (path, name) in [("/api/verify", "token"), ("/oauth2/userinfo", "access_token")] {
        server.post(path, &[(name, &token), (name, &token)]).await.has_status(400).refused("invalid_request");
        let body = encode(&[(name, &token)]);
        for kind in ["text/plain", "application/json", "multipart/form-data; boundary=x"] {
            let request = server.request("POST", path).header("content-type", kind).body(body.clone());
            let reply = Reply::of(request.send().await.unwrap()).await;
            reply.has_status(415).refused("invalid_request");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_invents_tokens_is_not_answered_for_a_minute_and_whoever_has_old_ones_is() {
    let server = TestServer::with(&[("COUNTERSIGN_SERVER__TRUSTED_PROXIES", "127.0.0.0/8")]).await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    let old = app.tokens(&mut browser, &[]).await;
    app.revoke(&old.access_token).await.has_status(200);
    let tokens = app.tokens(&mut browser, &[]).await;
    let ask = async |address: &str, token: &str, form: bool| {
        let request = server.request(if form { "POST" } else { "GET" }, "/api/verify");
        let request = request.header("x-forwarded-for", address);
        let request = if form {
            let request = request.header("content-type", "application/x-www-form-urlencoded");
            request.body(encode(&[("token", token)]))
        } else {
            request.header("authorization", format!("Bearer {token}"))
        };
        Reply::of(request.send().await.unwrap()).await
    };
    for _ in 0..INVENTED_TOKENS_A_MINUTE + 10 {
        ask("203.0.113.9", &old.access_token, false).await.has_status(401);
    }
    let (of_another_key, opaque) =
        (format!("{}A", tokens.access_token), Secret::<kind::AccessToken>::generate().expose().to_owned());
    for n in 0..INVENTED_TOKENS_A_MINUTE {
        let form = n % 2 == 0;
        let token = if n % 3 == 0 { &opaque } else { &of_another_key };
        ask("203.0.113.9", token, form).await.has_status(if form { 403 } else { 401 });
    }
    for form in [true, false] {
        let slowed = ask("203.0.113.9", &tokens.access_token, form).await;
        slowed.has_status(429).refused("slow_down");
        assert_eq!(slowed.header("retry-after"), "30");
        ask("203.0.113.10", &tokens.access_token, form).await.has_status(200);
    }
    // and it can sign in, and the next minute is another
    let mut there = server.browser();
    there.headers = vec![("x-forwarded-for", "203.0.113.9".to_owned())];
    there.sign_in("ada").await.has_status(303);
    server.clock.advance(60);
    ask("203.0.113.9", &tokens.access_token, false).await.has_status(200);
}
