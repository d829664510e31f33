//! Request objects that only this server can read (OIDC Core §6.1, §10.2; RFC 9101 §5.2, §6.1; RFC 7516).

use aws_lc_rs::{
    agreement::{ECDH_P256, ECDH_P384, PrivateKey, X25519},
    rsa::{OAEP_SHA256_MGF1SHA256, OaepPublicEncryptingKey, PublicEncryptingKey},
    signature::RsaPublicKeyComponents,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use countersign::jose::{
    self, Algorithm, Protection, SigningKey,
    jwe::{self, ContentAlgorithm, KeyAlgorithm},
};
use serde_json::{Value, json};

use super::request_object::{TYP, ask, by, claims, is_granted, is_refused, unsigned};
use crate::{
    client_auth::{Publisher, jwks, key},
    registration::{OPEN, register},
    support::{App, Browser, TestServer, Tokens},
};

/// The published keys that are for this.
pub(super) async fn published(server: &TestServer, usage: &str) -> Vec<Value> {
    let all = server.get("/oauth2/jwks").await.json();
    all["keys"].as_array().unwrap().iter().filter(|key| key["use"] == usage).cloned().collect()
}

/// The published key that others encrypt with by this algorithm.
pub(super) async fn encrypting(server: &TestServer, algorithm: KeyAlgorithm) -> Value {
    let fitting: Vec<_> = published(server, "enc").await.into_iter().filter(|key| algorithm.fits(key)).collect();
    assert_eq!(fitting.len(), 1, "{algorithm:?}");
    fitting[0].clone()
}

fn seal(key: &Value, algorithm: KeyAlgorithm, content: ContentAlgorithm, object: &str) -> String {
    jwe::encrypt(key, algorithm, content, Some("JWT"), object.as_bytes()).unwrap()
}

/// A JWT that only this server can read.
pub(crate) async fn for_us(server: &TestServer, token: &str) -> String {
    let key = encrypting(server, KeyAlgorithm::EcdhEs).await;
    seal(&key, KeyAlgorithm::EcdhEs, ContentAlgorithm::A128Gcm, token)
}

/// A good object of this app, encrypted.
pub(super) fn sealed(
    key: &Value,
    algorithm: KeyAlgorithm,
    own: &SigningKey,
    app: &App<'_>,
    server: &TestServer,
) -> String {
    let object = jose::sign(own, TYP, &claims(app, server, &json!({}))).unwrap();
    seal(key, algorithm, ContentAlgorithm::A128CbcHs256, &object)
}

/// Another header, and nothing else changed.
fn with_header(token: &str, change: impl FnOnce(&mut Value)) -> String {
    let (header, rest) = token.split_once('.').unwrap();
    let mut header = serde_json::from_slice(&B64.decode(header).unwrap()).unwrap();
    change(&mut header);
    format!("{}.{rest}", B64.encode(header.to_string()))
}

/// One of the five parts is another.
fn with_part(token: &str, at: usize, change: impl FnOnce(Vec<u8>) -> Vec<u8>) -> String {
    let mut parts: Vec<_> = token.split('.').map(str::to_owned).collect();
    parts[at] = B64.encode(change(B64.decode(&parts[at]).unwrap()));
    parts.join(".")
}

fn names<T>(all: &[T], name: impl Fn(&T) -> &'static str) -> Value {
    all.iter().map(name).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_listed_algorithm_has_a_key_opens_and_what_is_inside_is_an_object_like_any_other() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let own = key("k", Algorithm::Es256);
    let app = server.app_with(by(&own)).await;
    let document = server.get("/.well-known/openid-configuration").await.json();
    let listed = &document["request_object_encryption_alg_values_supported"];
    assert_eq!(*listed, names(KeyAlgorithm::ALL, |one| one.name()));
    let listed = &document["request_object_encryption_enc_values_supported"];
    assert_eq!(*listed, names(ContentAlgorithm::ALL, |one| one.name()));
    let signed = jose::sign(&own, TYP, &claims(&app, &server, &json!({}))).unwrap();
    let pairs = KeyAlgorithm::ALL.iter().map(|one| (*one, ContentAlgorithm::A128CbcHs256));
    let pairs = pairs.chain(ContentAlgorithm::ALL.iter().map(|one| (KeyAlgorithm::EcdhEs, *one)));
    for (algorithm, content) in pairs.chain([(KeyAlgorithm::RsaOaep256, ContentAlgorithm::A256Gcm)]) {
        let object = seal(&encrypting(&server, algorithm).await, algorithm, content, &signed);
        is_granted(&mut browser, &app, &object).await;
    }
    // what is inside need not be called a JWT, and the key need not be named
    let published = encrypting(&server, KeyAlgorithm::EcdhEs).await;
    let mut nameless = published.clone();
    nameless.as_object_mut().unwrap().remove("kid");
    for (key, cty) in
        [(&published, None), (&published, Some("application/oauth-authz-req+JWT")), (&nameless, Some("JWT"))]
    {
        let (algorithm, content) = (KeyAlgorithm::EcdhEsA256Kw, ContentAlgorithm::A256Gcm);
        let object = jwe::encrypt(key, algorithm, content, cty, signed.as_bytes()).unwrap();
        is_granted(&mut browser, &app, &object).await;
    }
    // only the object counts, and a contradiction is one
    let object = seal(&published, KeyAlgorithm::EcdhEs, ContentAlgorithm::A128Gcm, &signed);
    let outside = [("scope", "openid"), ("request", &object), ("state", "outside"), ("nonce", "outside")];
    assert_eq!(browser.authorize(&app, &outside).await.redirected()["state"], "inside");
    let more = [("scope", "openid profile"), ("request", object.as_str())];
    is_refused(&browser.authorize(&app, &more).await, "invalid_request_object", "another scope");
}

/// What is wrong, and what is sent.
type Wrong = Vec<(&'static str, String)>;

/// Made for other keys, and under other names.
fn wrong_keys(rsa: &Value, curve: &Value, seal: impl Fn(&Value, KeyAlgorithm) -> String) -> Wrong {
    let strangers = |algorithm: KeyAlgorithm, kid: &Value| {
        let (mut other, _) = algorithm.family().generate().unwrap();
        other["kid"] = kid.clone();
        seal(&other, algorithm)
    };
    let named = |kid: &Value| {
        let mut ours = rsa.clone();
        ours["kid"] = kid.clone();
        ours
    };
    let nameless = with_header(&strangers(KeyAlgorithm::EcdhEs, &json!("x")), |header| {
        header.as_object_mut().unwrap().remove("kid");
    });
    vec![
        ("another server's key, under our name", strangers(KeyAlgorithm::RsaOaep256, &rsa["kid"])),
        ("another curve's, under our name", strangers(KeyAlgorithm::EcdhEs, &curve["kid"])),
        ("an unknown name", strangers(KeyAlgorithm::RsaOaep, &json!("unknown"))),
        ("a name of nothing", strangers(KeyAlgorithm::RsaOaep256, &json!(""))),
        ("another server's key without a name", nameless),
        ("our key under another name", seal(&named(&json!("other")), KeyAlgorithm::RsaOaep256)),
        ("our RSA key under the curve's name", seal(&named(&curve["kid"]), KeyAlgorithm::RsaOaep256)),
    ]
}

/// Altered, cut, of other lengths.
fn wrong_parts(by_rsa: &str, agreed: &str, wrapped: &str) -> Wrong {
    let flip = |mut part: Vec<u8>| {
        let middle = part.len() / 2;
        part[middle] ^= 1;
        part
    };
    let mut wrong = vec![
        ("no parts", "....".to_owned()),
        ("cut", agreed[..agreed.len() - 4].to_owned()),
        ("a key that is too short", with_part(by_rsa, 1, |part| part[..part.len() - 1].to_vec())),
        ("no key", with_part(by_rsa, 1, |_| Vec::new())),
        ("a key of nothing", with_part(by_rsa, 1, |part| vec![0; part.len()])),
        ("a key larger than the modulus", with_part(by_rsa, 1, |part| vec![0xff; part.len()])),
        ("a key where none is sent", with_part(agreed, 1, |_| vec![1; 40])),
        ("a wrapped key that is no multiple of eight", with_part(wrapped, 1, |part| part[..part.len() - 3].to_vec())),
        ("no wrapped key", with_part(wrapped, 1, |_| Vec::new())),
        ("a huge wrapped key", with_part(wrapped, 1, |_| vec![1; 2048])),
        ("no initialization vector", with_part(by_rsa, 2, |_| Vec::new())),
        ("no content", with_part(by_rsa, 3, |_| Vec::new())),
        ("no tag", with_part(by_rsa, 4, |_| Vec::new())),
        ("half a tag", with_part(by_rsa, 4, |part| part[..8].to_vec())),
    ];
    for token in [by_rsa, agreed, wrapped] {
        // what is agreed on is not sent
        let sent = (1..5).filter(|at| !token.split('.').nth(*at).unwrap().is_empty());
        wrong.extend(sent.map(|at| ("altered", with_part(token, at, flip))));
    }
    wrong
}

/// Content keys of other lengths, properly sent: nobody is to hear that they arrived (RFC 7516 §11.5).
fn wrong_lengths(rsa: &Value, good: &str) -> Wrong {
    let part = |name: &str| B64.decode(rsa[name].as_str().unwrap()).unwrap();
    let components = RsaPublicKeyComponents { n: part("n"), e: part("e") };
    let public: PublicEncryptingKey = components.try_into().unwrap();
    let public = OaepPublicEncryptingKey::new(public).unwrap();
    let of = |length: usize| {
        let mut sent = vec![0; public.ciphertext_size()];
        let sent = public.encrypt(&OAEP_SHA256_MGF1SHA256, &vec![7; length], &mut sent, None).unwrap().to_vec();
        ("a key of another length", with_part(good, 1, |_| sent))
    };
    Vec::from([0, 16, 31, 64].map(of))
}

/// Algorithms that are not listed, or go with the same key and were not used; and what nobody may be made to do.
fn wrong_headers(good: &str) -> Wrong {
    let (header, rest) = good.split_once('.').unwrap();
    let another = |header: &str| ("another header", format!("{}.{rest}", B64.encode(header)));
    let mut wrong = Wrong::from(["{}", "[]", "7", "nonsense"].map(another));
    let text = String::from_utf8(B64.decode(header).unwrap()).unwrap();
    let twice = text.replacen('{', "{\"alg\":\"RSA-OAEP\",", 1);
    wrong.push(("a header with a name twice", format!("{}.{rest}", B64.encode(twice))));
    for name in ["dir", "A128KW", "A256GCMKW", "RSA1_5", "RSA-OAEP", "RSA-OAEP-512", "ECDH-ES", "none", "RS256", ""] {
        wrong.push(("another alg", with_header(good, |header| header["alg"] = json!(name))));
    }
    for name in ["PBES2-HS256+A128KW", "PBES2-HS512+A256KW"] {
        let change = |header: &mut Value| {
            header["alg"] = json!(name);
            header["p2c"] = json!(2_147_483_647);
            header["p2s"] = json!("AAAAAAAAAAAAAAAA");
        };
        wrong.push(("a password, to be hashed for ever", with_header(good, change)));
    }
    for name in ["A192CBC-HS384", "A192GCM", "A128GCM", "A256GCM", "A256CBC-HS512", "none", ""] {
        wrong.push(("another enc", with_header(good, |header| header["enc"] = json!(name))));
    }
    for (name, value) in [
        ("zip", json!("DEF")),
        ("crit", json!(["exp"])),
        ("crit", json!([])),
        ("cty", json!("at+jwt")),
        ("cty", json!("")),
        ("kid", json!(7)),
        ("alg", json!(["RSA-OAEP-256"])),
        ("enc", Value::Null),
    ] {
        wrong.push(("a member of the header", with_header(good, |header| header[name] = value)));
    }
    wrong
}

/// Points that are none of our curve.
fn wrong_points(agreed: &str, wrapped: &str) -> Wrong {
    let point = |curve| {
        let bytes = PrivateKey::generate(curve).unwrap().compute_public_key().unwrap().as_ref().to_vec();
        bytes.strip_prefix(&[4]).unwrap_or(&bytes).to_vec()
    };
    let (small, large, other) = (point(&ECDH_P256), point(&ECDH_P384), point(&X25519));
    let half = B64.encode([1; 32]);
    let mut wrong = Wrong::new();
    for epk in [
        json!({"kty": "EC", "crv": "P-256", "x": half, "y": half}),
        json!({"kty": "EC", "crv": "P-256", "x": B64.encode([0; 32]), "y": B64.encode([0; 32])}),
        json!({"kty": "EC", "crv": "P-256", "x": B64.encode(&small[..32]), "y": B64.encode(&small[..31])}),
        json!({"kty": "EC", "crv": "P-256", "x": B64.encode(&small[..32])}),
        json!({"kty": "EC", "crv": "P-384", "x": B64.encode(&large[..48]), "y": B64.encode(&large[48..])}),
        json!({"kty": "OKP", "crv": "X25519", "x": B64.encode(&other)}),
        json!({"kty": "RSA", "n": half, "e": "AQAB"}),
        json!({}),
        json!("P-256"),
        Value::Null,
    ] {
        for token in [agreed, wrapped] {
            wrong.push(("a point", with_header(token, |header| header["epk"] = epk.clone())));
        }
    }
    wrong
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_wrong_with_what_is_encrypted_the_answer_is_the_same() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let own = key("k", Algorithm::Es256);
    let app = server.app_with(by(&own)).await;
    let rsa = encrypting(&server, KeyAlgorithm::RsaOaep256).await;
    let curve = encrypting(&server, KeyAlgorithm::EcdhEs).await;
    let seal = |key: &Value, algorithm| sealed(key, algorithm, &own, &app, &server);
    let by_rsa = seal(&rsa, KeyAlgorithm::RsaOaep256);
    let (agreed, wrapped) = (seal(&curve, KeyAlgorithm::EcdhEs), seal(&curve, KeyAlgorithm::EcdhEsA128Kw));
    let told = async |browser: &mut Browser<'_>, object: &str| {
        let sent = browser.authorize(&app, &[("scope", "openid"), ("request", object)]).await.redirected();
        assert!(!sent.contains_key("code"), "{object}");
        (sent["error"].clone(), sent["error_description"].clone(), sent["state"].clone())
    };
    let first = told(&mut browser, "....").await;
    assert_eq!((first.0.as_str(), first.2.as_str()), ("invalid_request_object", "xyz"));
    let wrong = [
        wrong_keys(&rsa, &curve, seal),
        wrong_parts(&by_rsa, &agreed, &wrapped),
        wrong_lengths(&rsa, &by_rsa),
        wrong_headers(&by_rsa),
        wrong_points(&agreed, &wrapped),
    ];
    for (why, object) in wrong.iter().flatten() {
        assert_eq!(told(&mut browser, object).await, first, "{why}: {object}");
    }
    // what all of them were made from is good
    for object in [by_rsa, agreed, wrapped] {
        is_granted(&mut browser, &app, &object).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_opens_is_looked_at_as_if_it_had_not_been_encrypted() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let own = key("k", Algorithm::Es256);
    let app = server.app_with(by(&own)).await;
    let (algorithm, content) = (KeyAlgorithm::EcdhEs, ContentAlgorithm::A128Gcm);
    let curve = encrypting(&server, algorithm).await;
    let inside = |object: &str| seal(&curve, algorithm, content, object);
    let sign = |key: &SigningKey, more: Value| jose::sign(key, TYP, &claims(&app, &server, &more)).unwrap();
    let good = sign(&own, json!({}));
    for (why, object) in [
        ("encrypted twice", inside(&inside(&good))),
        ("nonsense inside", inside("nonsense")),
        ("nothing inside", inside("")),
        ("plain claims inside", inside(&claims(&app, &server, &json!({})).to_string())),
        ("an altered object inside", inside(&good.replacen("ey", "eY", 1))),
        ("an expired one inside", inside(&sign(&own, json!({"exp": 1})))),
        ("another app's inside", inside(&sign(&own, json!({"client_id": "other"})))),
        ("one that somebody else signed inside", inside(&sign(&key("k", Algorithm::Es256), json!({})))),
        ("no text inside", jwe::encrypt(&curve, algorithm, content, Some("JWT"), &[0xff; 64]).unwrap()),
        ("said to be something else", {
            jwe::encrypt(&curve, algorithm, content, Some("at+jwt"), good.as_bytes()).unwrap()
        }),
        ("six parts", format!("{}.", inside(&good))),
    ] {
        is_refused(&ask(&mut browser, &app, &object).await, "invalid_request_object", why);
    }
    // anybody can encrypt: it is no signature
    let nobodys = inside(&unsigned(&claims(&app, &server, &json!({}))));
    is_refused(&ask(&mut browser, &app, &nobodys).await, "request_not_supported", "unsigned inside");
    is_granted(&mut browser, &app, &inside(&good)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unsigned_object_may_be_encrypted_where_it_need_not_be_signed_and_only_it_counts() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app_with(|app| app.request_object_signing_alg = Some(Protection::Unsecured)).await;
    let published = encrypting(&server, KeyAlgorithm::EcdhEs).await;
    let inside = |object: &str| seal(&published, KeyAlgorithm::EcdhEs, ContentAlgorithm::A256Gcm, object);
    is_granted(&mut browser, &app, &inside(&unsigned(&claims(&app, &server, &json!({}))))).await;
    let object = inside(&unsigned(&json!({"redirect_uri": app.redirect_uri, "state": "inside", "scope": "openid"})));
    let beside = [("nonce", "beside"), ("scope", "openid"), ("request", object.as_str())];
    let sent = browser.authorize(&app, &beside).await.redirected();
    assert_eq!(sent["state"], "inside");
    assert_eq!(Tokens::of(&app.redeem(&sent["code"]).await).claims("id_token").get("nonce"), None);
    let own = key("k", Algorithm::Es256);
    let signed = inside(&jose::sign(&own, TYP, &claims(&app, &server, &json!({}))).unwrap());
    is_refused(&ask(&mut browser, &app, &signed).await, "invalid_request_object", "signed, where it is none");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_at_an_address_may_be_encrypted_as_well() {
    let server = TestServer::with(&[("COUNTERSIGN_FETCH__ALLOW_PRIVATE", "127.0.0.1")]).await;
    let mut browser = server.ada().await;
    let own = key("k", Algorithm::Es256);
    let publisher = Publisher::with(&json!({})).await;
    let uri = publisher.address.clone();
    let app = server
        .app_with(|app| {
            by(&own)(app);
            app.request_uris = vec![uri.clone()];
        })
        .await;
    let key = encrypting(&server, KeyAlgorithm::RsaOaep).await;
    let object = sealed(&key, KeyAlgorithm::RsaOaep, &own, &app, &server);
    let asked = [("scope", "openid"), ("request_uri", uri.as_str())];
    publisher.gives(200, "application/oauth-authz-req+jwt", &format!("{object}\n"));
    let page = browser.authorize(&app, &asked).await;
    let sent = browser.decide(&page, "allow", &[]).await.redirected();
    assert_eq!(sent["state"], "inside");
    assert_eq!(Tokens::of(&app.redeem(&sent["code"]).await).claims("id_token")["nonce"], "n-inside");
    publisher.gives(200, "application/jwt", &object[..object.len() - 2]);
    is_refused(&browser.authorize(&app, &asked).await, "invalid_request_object", "cut");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_says_how_it_may_encrypt_and_is_held_to_nothing_by_it() {
    let server = TestServer::with(&[OPEN]).await;
    let mut browser = server.ada().await;
    let own = key("k", Algorithm::Rs256);
    let pkce = json!({"code_challenge": crate::support::CHALLENGE, "code_challenge_method": "S256"});
    for members in [
        json!({"request_object_encryption_alg": "ECDH-ES", "request_object_encryption_enc": "A256GCM"}),
        json!({"request_object_encryption_alg": "RSA-OAEP-256"}),
        json!({"request_object_encryption_alg": "ECDH-ES+A256KW", "request_object_encryption_enc": "A256CBC-HS512"}),
    ] {
        let mut all = members.clone();
        all["jwks"] = jwks(&[&own]);
        let told = register(&server, None, &all).await.has_status(201).json();
        for (name, value) in members.as_object().unwrap() {
            assert_eq!(told[name], *value, "{name}");
        }
        let app = crate::registration::app(&server, &told);
        let signed = jose::sign(&own, "JWT", &claims(&app, &server, &pkce)).unwrap();
        let said = KeyAlgorithm::parse(members["request_object_encryption_alg"].as_str().unwrap()).unwrap();
        // Registration §2: it may use others, or none
        let objects = [
            seal(&encrypting(&server, said).await, said, ContentAlgorithm::A256Gcm, &signed),
            seal(
                &encrypting(&server, KeyAlgorithm::RsaOaep).await,
                KeyAlgorithm::RsaOaep,
                ContentAlgorithm::A128Gcm,
                &signed,
            ),
            signed,
        ];
        for object in objects {
            ask(&mut browser, &app, &object).await.has_status(200).says("name=\"decision\"");
        }
    }
    for members in [
        json!({"request_object_encryption_enc": "A256GCM"}),
        json!({"request_object_encryption_alg": "RSA1_5"}),
        json!({"request_object_encryption_alg": "dir"}),
        json!({"request_object_encryption_alg": "A128KW"}),
        json!({"request_object_encryption_alg": "ECDH-ES+A192KW"}),
        json!({"request_object_encryption_alg": "ECDH-ES", "request_object_encryption_enc": "A192GCM"}),
        json!({"request_object_encryption_alg": "ECDH-ES", "request_object_encryption_enc": 7}),
        json!({"request_object_encryption_alg": ["ECDH-ES"]}),
    ] {
        register(&server, None, &members).await.has_status(400).refused("invalid_client_metadata");
    }
}
