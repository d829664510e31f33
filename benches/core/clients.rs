//! What clients show and say: credentials, assertions, request objects, registrations.

use base64::{Engine, engine::general_purpose::STANDARD as B64};
use countersign::{
    jose::{
        self, Algorithm, Header, KeySet, MacAlgorithm, MacKey, SigningKey,
        jwe::{self, ContentAlgorithm, DecryptionKey, KeyAlgorithm},
    },
    protocol::{
        authorize::request_object::{self, Presented},
        client_auth::{
            PresentedCredentials,
            assertion::{self, Audiences, Claims, PresentedAssertion, Single},
            check_method,
        },
        client_metadata::{AuthMethod, Client, ClientMetadata},
        document::Document,
        params::Params,
        registration::{self, Freedom, Terms},
    },
};
use divan::{Bencher, black_box};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{CLIENT_ID, GRANTED, ISSUER, LATER, NOW, by_client, client, key, params, scopes};

fn credentials(bencher: Bencher<'_, '_>, header: Option<&str>, form: &str) {
    let (params, client) = (params(form), client());
    bencher.bench_local(|| {
        let presented = PresentedCredentials::parse(black_box(header), &params).expect("credentials");
        check_method(&presented, &client.metadata).expect("its own way");
        presented
    });
}

#[divan::bench]
fn credentials_in_the_form(bencher: Bencher<'_, '_>) {
    credentials(bencher, None, &by_client("grant_type=client_credentials"));
}

#[divan::bench]
fn credentials_by_basic(bencher: Bencher<'_, '_>) {
    let pair = format!("{CLIENT_ID}:cssecretGm2vXb9TzR4nLsk7Qm2vXb9TzR4nLsk7Qm2vXb9Tz");
    credentials(bencher, Some(&format!("Basic {}", B64.encode(pair))), "grant_type=client_credentials");
}

/// A client with these keys, or with none.
fn with_keys(keys: Option<&SigningKey>, method: AuthMethod) -> Client {
    let jwks = keys.map(|key| json!({"keys": [key.public().expect("its public half").as_json()]}));
    let client = client();
    Client { metadata: ClientMetadata { jwks, token_endpoint_auth_method: method, ..client.metadata }, ..client }
}

/// What a client signed, by a key that is registered.
fn signed<C: DeserializeOwned>(client: &Client, header: &Header, text: &str) -> Option<C> {
    let keys = KeySet::parse(client.metadata.jwks.as_ref()?).ok()?;
    keys.fitting(header).find_map(|key| jose::verify_any(&key, text).ok())
}

fn assertion() -> Value {
    let (now, exp) = (NOW.unix_seconds(), LATER.unix_seconds());
    let jti = "7c8b2f0e-5d1a-4c3b-9e6f-2a4d8b1c0e37";
    json!({"iss": CLIENT_ID, "sub": CLIENT_ID, "aud": ISSUER, "iat": now, "exp": exp, "jti": jti})
}

fn asserted(text: &str) -> Params {
    let kind = assertion::TYPE;
    params(&format!("grant_type=client_credentials&client_assertion_type={kind}&client_assertion={text}"))
}

/// As at the token endpoint, but for whether it was used before.
fn judge(params: &Params, client: &Client, verified: impl Fn(&PresentedAssertion) -> Option<Claims>) -> Single {
    let presented = PresentedCredentials::parse(None, params).expect("credentials");
    check_method(&presented, &client.metadata).expect("its own way");
    let presented = presented.assertion.expect("an assertion");
    presented.check_header(&client.metadata).expect("of its kind");
    let claims = verified(&presented).expect("its own");
    let us = Audiences { issuer: ISSUER, token_endpoint: None };
    assertion::check(&claims, &client.client_id, us, NOW).expect("for us, now")
}

#[divan::bench(args = [Algorithm::Rs256, Algorithm::Es256])]
fn private_key_jwt(bencher: Bencher<'_, '_>, algorithm: Algorithm) {
    let key = key(algorithm);
    let client = with_keys(Some(&key), AuthMethod::PrivateKeyJwt);
    let params = asserted(&jose::sign(&key, "JWT", &assertion()).expect("a token"));
    bencher.bench_local(|| judge(&params, &client, |sent| signed(&client, &sent.header, &sent.text)));
}

#[divan::bench]
fn client_secret_jwt(bencher: Bencher<'_, '_>) {
    let key = || MacKey::new(MacAlgorithm::Hs256, &[7; 64]).expect("long enough");
    let client = with_keys(None, AuthMethod::ClientSecretJwt);
    let params = asserted(&jose::sign(&key(), "JWT", &assertion()).expect("a token"));
    bencher.bench_local(|| judge(&params, &client, |sent| jose::verify_any(&key(), &sent.text).ok()));
}

/// A client, and an object of its.
fn object(algorithm: Algorithm) -> (Client, String) {
    let key = key(algorithm);
    let claims = json!({
        "iss": CLIENT_ID, "aud": ISSUER, "iat": NOW.unix_seconds(), "exp": LATER.unix_seconds(),
        "response_type": "code", "client_id": CLIENT_ID, "redirect_uri": "https://app.example/cb", "scope": GRANTED,
        "state": "af0ifjsldkj", "nonce": "n-0S6_WzA2Mj", "max_age": 86_400,
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "code_challenge_method": "S256",
    });
    let text = jose::sign(&key, "oauth-authz-req+jwt", &claims).expect("a token");
    (with_keys(Some(&key), AuthMethod::AnySecret), text)
}

/// What stands beside an object.
fn outer() -> Params {
    params("response_type=code&client_id=k7Qm2vXb9TzR4nLs&scope=openid")
}

/// The request as it is meant; `private` opens an object that is encrypted.
fn read(object: &str, outer: &Params, client: &Client, private: &[u8]) -> Params {
    let opened;
    let text = match request_object::envelope(object).expect("short") {
        None => object,
        Some(label) => {
            let private = DecryptionKey::from_pkcs8(label.algorithm.family(), private).expect("a key");
            let plain = jwe::decrypt(&private, label.algorithm, label.content, object).expect("for us");
            opened = String::from_utf8(plain).expect("text");
            opened.as_str()
        }
    };
    let (presented, header) = Presented::parse(text, &client.metadata).expect("of its kind");
    let claims: Document = signed(client, &header, presented.text).expect("its own");
    request_object::check(&claims, &client.client_id, ISSUER, NOW).expect("for us, now");
    let inner = request_object::parameters(&claims).expect("parameters");
    request_object::merge(outer, inner, presented.is_signed()).expect("one request")
}

#[divan::bench(args = [Algorithm::Rs256, Algorithm::Es256])]
fn signed_request_object(bencher: Bencher<'_, '_>, algorithm: Algorithm) {
    let ((client, object), outer) = (object(algorithm), outer());
    bencher.bench_local(|| read(black_box(&object), &outer, &client, &[]));
}

/// With one inside that is signed with ES256.
#[divan::bench(args = [KeyAlgorithm::RsaOaep, KeyAlgorithm::EcdhEs])]
fn encrypted_request_object(bencher: Bencher<'_, '_>, algorithm: KeyAlgorithm) {
    let ((client, object), outer) = (object(Algorithm::Es256), outer());
    let (public, private) = algorithm.family().generate().expect("a key");
    let content = ContentAlgorithm::A128CbcHs256;
    let sealed = jwe::encrypt(&public, algorithm, content, Some("JWT"), object.as_bytes()).expect("a token");
    bencher.bench_local(|| read(black_box(&sealed), &outer, &client, &private));
}

const REGISTRATION: &str = r#"{"client_name": "Notes", "client_uri": "https://app.example",
    "redirect_uris": ["https://app.example/cb", "https://app.example/silent"],
    "grant_types": ["authorization_code", "refresh_token"], "response_types": ["code"],
    "token_endpoint_auth_method": "client_secret_basic", "scope": "openid profile email",
    "logo_uri": "https://app.example/logo.png", "policy_uri": "https://app.example/privacy",
    "tos_uri": "https://app.example/terms", "contacts": ["ada@app.example"], "software_version": "1.2.3"}"#;

/// A registration, and what the app reads of it.
#[divan::bench]
fn registration(bencher: Bencher<'_, '_>) {
    let scopes = scopes();
    let terms = Terms {
        scopes: &scopes,
        freedom: Freedom::Code,
        pkce: true,
        issuer_is_loopback: false,
        private_schemes: &[],
        former: None,
    };
    bencher.bench_local(|| {
        let document = Document::parse(black_box(REGISTRATION.as_bytes())).expect("a document");
        let asked = registration::parse(&document, &terms).expect("fit");
        let (client_id, name, metadata) = (CLIENT_ID.to_owned(), asked.name, asked.metadata);
        registration::to_wire(&Client { client_id, name, metadata, ..Client::default() })
    });
}
