//! Every signature that can be asked for has a key, is listed, and is verified by others (RFC 7518 §3.1, RFC 8037;
//! OIDC Core §2, §15.1).

use countersign::{
    flow::{
        Context, Origin,
        admin::{
            self,
            clients::{self, NewClient},
            resources,
        },
        client_secret, keys,
    },
    jose::{self, Algorithm, KeySet, MacAlgorithm, MacKey, Protection, half_hash, jwe::KeyFamily},
    protocol::{
        client_metadata::{Client, ClientMetadata},
        grant::GrantType,
        scope::Scope,
    },
};
use serde_json::Value;

use crate::support::{App, TestServer, Tokens, claims, eventually, is_postgres, rows_as_text, update_client};

const OPENID: &[(&str, &str)] = &[("scope", "openid")];

/// The key set as it is published.
async fn key_set(server: &TestServer) -> KeySet {
    KeySet::parse(&server.get("/oauth2/jwks").await.json()).unwrap()
}

async fn listed(server: &TestServer, member: &str) -> Vec<String> {
    let document = server.get("/.well-known/openid-configuration").await.json();
    document[member].as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect()
}

/// Verified by the published keys alone, as an app does it; by another's hands where those know the algorithm.
pub(super) async fn verified(server: &TestServer, token: &str) -> Value {
    let published = server.get("/oauth2/jwks").await.json();
    let header = jose::peek_header(token).unwrap();
    let own: Vec<_> = published["keys"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|key| key["kid"] == *header.kid.as_ref().unwrap())
        .collect();
    assert_eq!((own.len(), own[0]["alg"].as_str(), own[0]["use"].as_str()), (1, Some(&*header.alg), Some("sig")));
    let keys: Vec<_> = KeySet::parse(&published).unwrap().fitting(&header).collect();
    assert_eq!(keys.len(), 1);
    let claims = jose::verify_any::<Value>(&keys[0], token).unwrap();
    if header.alg != "ES512" {
        let key = jsonwebtoken::DecodingKey::from_jwk(&serde_json::from_value(own[0].clone()).unwrap()).unwrap();
        let mut validation = jsonwebtoken::Validation::new(header.alg.parse().unwrap());
        validation.validate_aud = false;
        validation.validate_exp = false;
        validation.required_spec_claims.clear();
        assert_eq!(jsonwebtoken::decode::<Value>(token, &key, &validation).unwrap().claims, claims);
    }
    claims
}

#[tokio::test(flavor = "multi_thread")]
async fn every_algorithm_an_app_is_registered_with_has_its_key_at_once_and_is_listed() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    assert_eq!(listed(&server, "id_token_signing_alg_values_supported").await[..2], ["RS256", "ES256"]);
    for algorithm in Algorithm::ALL {
        let app = server
            .app_with(|app| {
                app.id_token_signed_response_alg = Some((*algorithm).into());
                app.access_token_alg = Some(*algorithm);
            })
            .await;
        let tokens = app.tokens(&mut browser, OPENID).await;
        let id_token = tokens.all["id_token"].as_str().unwrap();
        for token in [id_token, &tokens.access_token] {
            assert_eq!(jose::peek_header(token).unwrap().alg, algorithm.name());
            verified(&server, token).await;
        }
        assert_eq!(claims(id_token)["at_hash"], half_hash(*algorithm, &tokens.access_token), "{algorithm:?}");
        assert!(server.opens(&tokens.access_token).await, "{algorithm:?}");
    }
    let names: Vec<_> = Algorithm::ALL.iter().map(|algorithm| algorithm.name().to_owned()).collect();
    let offered = listed(&server, "id_token_signing_alg_values_supported").await;
    assert_eq!(
        offered.iter().filter(|name| names.contains(name)).collect::<Vec<_>>(),
        names.iter().collect::<Vec<_>>()
    );
    let keys: Vec<_> = server.get("/oauth2/jwks").await.json()["keys"].as_array().unwrap().clone();
    let uses: Vec<_> = keys.iter().map(|key| key["use"].as_str().unwrap()).collect();
    let expected = [vec!["sig"; Algorithm::ALL.len()], vec!["enc"; KeyFamily::ALL.len()]].concat();
    assert_eq!(uses, expected, "one key for each, and each for one; behind them those to encrypt with");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_configuration_offers_has_a_key_from_the_start_and_nothing_else_is_listed() {
    let server = TestServer::with(&[("COUNTERSIGN_TOKENS__SIGNING_ALGS", "ES384,EdDSA")]).await;
    let offered = listed(&server, "id_token_signing_alg_values_supported").await;
    let signatures: Vec<_> = offered.iter().filter(|name| Algorithm::parse(name).is_some()).collect();
    assert_eq!(signatures, ["RS256", "ES256", "EdDSA", "ES384"]);
    let keys = key_set(&server).await;
    for algorithm in Algorithm::ALL {
        let header = jose::Header { alg: algorithm.name().to_owned(), ..jose::Header::default() };
        let there = signatures.iter().any(|name| *name == algorithm.name());
        assert_eq!(keys.fitting(&header).count(), usize::from(there), "{algorithm:?}");
    }
    server.get("/health/ready").await.has_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_that_wants_another_signature_gets_its_key_with_it() {
    let server = TestServer::start().await;
    let changes = resources::Changes { algorithm: Some(Some(Algorithm::EdDsa)), ..resources::Changes::default() };
    resources::create(&server.admin, &Origin::default(), "https://api.example", changes).await.map(drop).unwrap();
    let app = server
        .app_with(|app| {
            app.grant_types = vec![GrantType::ClientCredentials];
            app.scope = Scope::default();
            app.resources = vec!["https://api.example".to_owned()];
        })
        .await;
    let got = app.token(&[("grant_type", "client_credentials")]).await.json();
    assert_eq!(verified(&server, got["access_token"].as_str().unwrap()).await["aud"], "https://api.example");
}

/// An app whose secret the server can read.
fn sealed(app: &mut ClientMetadata) {
    app.sealed_secret = true;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_token_made_with_the_apps_secret_is_verified_with_it_and_nothing_else() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    for algorithm in MacAlgorithm::ALL {
        let app = server
            .app_with(|app| {
                sealed(app);
                app.id_token_signed_response_alg = Some((*algorithm).into());
            })
            .await;
        let secret = app.secret.clone().unwrap();
        assert!(secret.len() >= 64, "RFC 7518 §3.2: as long as the longest hash");
        let tokens = app.tokens(&mut browser, &[("scope", "openid"), ("nonce", "n")]).await;
        let again = Tokens::of(&app.refresh(&tokens.refresh_token).await);
        for (id_token, access_token) in
            [(&tokens.all["id_token"], &tokens.access_token), (&again.all["id_token"], &again.access_token)]
        {
            let token = id_token.as_str().unwrap();
            let mut validation = jsonwebtoken::Validation::new(algorithm.name().parse().unwrap());
            validation.set_audience(&[&app.client_id]);
            validation.set_issuer(&[&server.issuer]);
            let key = jsonwebtoken::DecodingKey::from_secret(secret.as_bytes());
            let claims = jsonwebtoken::decode::<Value>(token, &key, &validation).unwrap().claims;
            assert_eq!(claims["at_hash"], half_hash(*algorithm, access_token), "{algorithm:?}");
            let wrong = jsonwebtoken::DecodingKey::from_secret(secret.to_lowercase().as_bytes());
            assert!(jsonwebtoken::decode::<Value>(token, &wrong, &validation).is_err());
            assert_eq!(jose::peek_header(token).unwrap().kid, None, "no published key made it");
        }
        // the access token is for others, who do not know the secret
        assert_eq!(jose::peek_header(&tokens.access_token).unwrap().alg, "ES256");
    }
    // listed while somebody may use it (PROTOCOL P13), and never a key
    let offers =
        async |name: &str| listed(&server, "id_token_signing_alg_values_supported").await.contains(&name.to_owned());
    for algorithm in MacAlgorithm::ALL {
        eventually(async || offers(algorithm.name()).await).await;
    }
    let published = server.get("/oauth2/jwks").await.json();
    let keys = published["keys"].as_array().unwrap();
    assert!(keys.iter().all(|key| key["kty"] != "oct" && key["alg"] != "HS256"), "{published}");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_new_secret_id_tokens_are_made_with_it_and_the_old_one_still_authenticates() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server
        .app_with(|app| {
            sealed(app);
            app.id_token_signed_response_alg = Some(MacAlgorithm::Hs256.into());
        })
        .await;
    server.clock.advance(1);
    let rotated = clients::rotate_secret(&server.admin, &Origin::default(), &app.client_id, None, 60).await.unwrap();
    let new = rotated.secret.unwrap().expose().to_owned();
    let by_new = App { secret: Some(new.clone()), ..app.clone() };
    let key = MacKey::new(MacAlgorithm::Hs256, new.as_bytes()).unwrap();
    for app in [&by_new, &app] {
        let tokens = app.tokens(&mut browser, OPENID).await;
        assert!(jose::verify::<Value>(&key, "JWT", tokens.all["id_token"].as_str().unwrap()).is_ok());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_token_without_a_signature_is_for_apps_that_asked_for_it_and_get_it_from_the_token_endpoint() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app_with(|app| app.id_token_signed_response_alg = Some(Protection::Unsecured)).await;
    let tokens = app.tokens(&mut browser, OPENID).await;
    let id_token = tokens.all["id_token"].as_str().unwrap();
    assert!(id_token.ends_with('.') && jose::peek_header(id_token).unwrap().alg == "none");
    assert_eq!(claims(id_token)["aud"], app.client_id.as_str());
    // never listed, never an access token, and it opens nothing
    for member in ["id_token_signing_alg_values_supported", "userinfo_signing_alg_values_supported"] {
        assert!(!listed(&server, member).await.contains(&"none".to_owned()), "{member}");
    }
    assert_eq!(jose::peek_header(&tokens.access_token).unwrap().alg, "ES256");
    assert!(!server.opens(id_token).await);
    // OIDC Core §2
    let create = async |grants: &[GrantType], protection| {
        let metadata = ClientMetadata {
            redirect_uris: vec!["https://app.example/cb".to_owned()],
            grant_types: grants.to_vec(),
            id_token_signed_response_alg: Some(protection),
            ..ClientMetadata::default()
        };
        let new = NewClient { name: "implicit".to_owned(), metadata, ..NewClient::default() };
        clients::create(&server.admin, &Origin::default(), new).await
    };
    for grants in [&[GrantType::Implicit][..], &[GrantType::AuthorizationCode, GrantType::Implicit]] {
        let words = "are for clients that get them from the token endpoint alone";
        let refused = create(grants, Protection::Unsecured).await.err().expect(words).to_string();
        assert!(refused.contains(words), "{refused}");
        assert!(create(grants, Algorithm::Es256.into()).await.is_ok(), "{grants:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn userinfo_is_a_jwt_for_apps_that_are_registered_for_one() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    for protection in [Algorithm::Rs256.into(), Algorithm::EdDsa.into(), MacAlgorithm::Hs256.into()] {
        let app = server
            .app_with(|app| {
                sealed(app);
                app.userinfo_signed_response_alg = Some(protection);
            })
            .await;
        let tokens = app.tokens(&mut browser, &[("scope", "openid email")]).await;
        let got =
            server.get_with("/oauth2/userinfo", "authorization", &format!("Bearer {}", tokens.access_token)).await;
        assert_eq!((got.status.as_u16(), got.header("content-type")), (200, "application/jwt"));
        assert_eq!((got.header("cache-control"), got.header("x-content-type-options")), ("no-store", "nosniff"));
        let posted = server.post("/oauth2/userinfo", &[("access_token", &tokens.access_token)]).await;
        for token in [&got.body, &posted.body] {
            assert_eq!(jose::peek_header(token).unwrap().alg, protection.name());
            let read = match protection.mac() {
                None => verified(&server, token).await,
                Some(mac) => {
                    let key = MacKey::new(mac, app.secret.as_deref().unwrap().as_bytes()).unwrap();
                    jose::verify::<Value>(&key, "JWT", token).unwrap()
                }
            };
            // OIDC Core §5.3.2: who says it, and to whom
            assert_eq!((read["iss"].as_str(), read["aud"].as_str()), (Some(&*server.issuer), Some(&*app.client_id)));
            assert_eq!(read["sub"], tokens.claims("id_token")["sub"]);
            assert_eq!(read["email"], "ada@example.com");
            // it is no token: it opens nothing
            assert!(!server.opens(token).await);
            let as_bearer = server.get_with("/oauth2/userinfo", "authorization", &format!("Bearer {token}")).await;
            as_bearer.has_status(401);
        }
        // refusals stay what they are
        server.get("/oauth2/userinfo").await.has_status(401);
    }
    let document = server.get("/.well-known/openid-configuration").await.json();
    assert_eq!(document["id_token_signing_alg_values_supported"], document["userinfo_signing_alg_values_supported"]);
}

/// Everything in the database: every row on `PostgreSQL`, the bytes of the files on `SQLite`.
async fn at_rest(server: &TestServer) -> Vec<u8> {
    if is_postgres() {
        return rows_as_text(&server.database).await.into_bytes();
    }
    let files = std::fs::read_dir(server.database.dir.path()).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|path| path.is_file()).flat_map(|path| std::fs::read(path).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sealed_secret_is_not_readable_at_rest_and_goes_on_under_a_new_secret_key() {
    let database = crate::support::Database::fresh().await;
    let server = Box::pin(TestServer::on(database, &[])).await;
    let register = || {
        server.app_with(|app| {
            sealed(app);
            app.grant_types = vec![GrantType::ClientCredentials];
            app.scope = Scope::default();
        })
    };
    let app = register().await;
    let secret = app.secret.clone().unwrap();
    // more than are sealed anew at once
    let mut others = Vec::new();
    for _ in 0..120 {
        let other = register().await;
        others.push((other.client_id, other.secret.unwrap()));
    }
    let kept = at_rest(&server).await;
    let holds = |text: &str| kept.windows(text.len()).any(|bytes| bytes == text.as_bytes());
    assert!(holds(&app.client_id) && !holds(&secret));
    let client = clients::find(&server.admin, &app.client_id).await.unwrap();
    let read = |ctx: &Context, client: &Client| {
        let texts = client_secret::texts(ctx, client, ctx.now()).unwrap();
        texts.iter().map(|text| text.expose().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(read(&server.admin, &client), [secret.as_str()]);
    // another client's row does not open it
    let mut other = client.clone();
    other.client_id = "another".to_owned();
    assert!(client_secret::texts(&server.admin, &other, server.admin.now()).is_err());

    let both = format!("a new key which is long enough as well,{}", crate::support::SECRET_KEY);
    let second = Box::pin(TestServer::on(server.stopped().await, &[("COUNTERSIGN_SECRET_KEY", &both)])).await;
    let alone = "a new key which is long enough as well";
    let third = Box::pin(TestServer::on(second.stopped().await, &[("COUNTERSIGN_SECRET_KEY", alone)])).await;
    others.push((client.client_id, secret));
    for (client_id, secret) in others {
        let client = clients::find(&third.admin, &client_id).await.unwrap();
        assert_eq!(read(&third.admin, &client), [secret]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_an_app_brought_is_followed_by_another_like_the_first_ones() {
    let server = TestServer::start().await;
    server.app_with(|app| app.id_token_signed_response_alg = Some(Algorithm::EdDsa.into())).await;
    let count = async |algorithm: Algorithm| {
        let rows = server.admin.store.list_keys().await.unwrap();
        rows.iter().filter(|row| row.algorithm == algorithm.name()).count()
    };
    keys::rotate_due(&server.admin).await.unwrap();
    assert_eq!((count(Algorithm::EdDsa).await, count(Algorithm::Ps256).await), (1, 0));
    server.clock.advance(89 * 24 * 3600 + 1);
    keys::rotate_due(&server.admin).await.unwrap();
    assert_eq!((count(Algorithm::EdDsa).await, count(Algorithm::Ps256).await), (2, 0));
}

const DAY: i64 = 24 * 3600;
const OWN: &[(&str, &str)] = &[("grant_type", "client_credentials")];

/// An app with JWTs of its own that live so long.
async fn long_lived(server: &TestServer, seconds: Option<u32>) -> App<'_> {
    server
        .app_with(|app| {
            app.grant_types = vec![GrantType::ClientCredentials];
            app.scope = Scope::default();
            app.access_token_ttl = seconds;
        })
        .await
}

async fn change_life(server: &TestServer, app: &App<'_>, seconds: Option<u32>) {
    let mut client = clients::find(&server.admin, &app.client_id).await.unwrap();
    client.metadata.access_token_ttl = seconds;
    update_client(&server.admin, &client).await.unwrap();
}

fn kid(token: &str) -> String {
    jsonwebtoken::decode_header(token).unwrap().kid.unwrap()
}

async fn is_published(server: &TestServer, kid: &str) -> bool {
    server.get("/oauth2/jwks").await.body.contains(kid)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_outlives_a_token_it_signed_although_such_tokens_live_for_less_since() {
    let server = TestServer::start().await;
    let app = long_lived(&server, Some(30 * 86_400)).await;
    let token = Tokens::of(&app.token(OWN).await).access_token;
    change_life(&server, &app, Some(900)).await;
    admin::keys::rotate(&server.admin, &Origin::default(), Algorithm::Es256, true).await.unwrap();
    server.clock.advance(29 * DAY);
    assert!(is_published(&server, &kid(&token)).await);
    assert_eq!(app.introspect(&token).await.json()["active"], true);
    server.clock.advance(3 * DAY);
    // and no longer than that
    eventually(async || !is_published(&server, &kid(&token)).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_outlives_the_longer_tokens_it_signs_when_its_successor_waits_already() {
    let server = TestServer::start().await;
    let app = long_lived(&server, None).await;
    admin::keys::rotate(&server.admin, &Origin::default(), Algorithm::Es256, false).await.unwrap();
    change_life(&server, &app, Some(30 * 86_400)).await;
    eventually(async || app.token(OWN).await.json()["expires_in"] == 30 * DAY).await;
    let token = Tokens::of(&app.token(OWN).await).access_token;
    // every hour
    keys::rotate_due(&server.admin).await.unwrap();
    server.clock.advance(29 * DAY);
    assert!(is_published(&server, &kid(&token)).await);
    assert_eq!(app.introspect(&token).await.json()["active"], true);
    server.clock.advance(4 * DAY);
    // and no longer than that
    eventually(async || !is_published(&server, &kid(&token)).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_outlives_a_token_of_a_configuration_that_gave_it_longer() {
    let server = TestServer::with(&[("COUNTERSIGN_TOKENS__ACCESS_TTL", "30d")]).await;
    let kid = kid(&Tokens::of(&long_lived(&server, None).await.token(OWN).await).access_token);
    keys::rotate_due(&server.admin).await.unwrap();
    let server = server.restart().await;
    admin::keys::rotate(&server.admin, &Origin::default(), Algorithm::Es256, true).await.unwrap();
    server.clock.advance(29 * DAY);
    assert!(is_published(&server, &kid).await);
    server.clock.advance(3 * DAY);
    eventually(async || !is_published(&server, &kid).await).await;
}
