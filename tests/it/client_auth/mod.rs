//! Client authentication (RFC 6749 §2.3; PROTOCOL R-c, R-d, R-i).

mod assertions;
mod doors;
mod published;

pub(crate) use assertions::{jwks, key};
pub(crate) use published::Publisher;

use base64::{Engine, engine::general_purpose::STANDARD as B64};
use countersign::{
    flow::{
        Origin,
        admin::clients::{self, NewClient},
    },
    protocol::{
        client_metadata::{AuthMethod, ClientMetadata},
        grant::GrantType,
    },
};

use crate::{
    authorize_public,
    support::{App, Reply, TestServer, Tokens, eventually, scope},
};

const GRANT: (&str, &str) = ("grant_type", "client_credentials");

fn machine(app: &mut ClientMetadata) {
    app.grant_types = vec![GrantType::ClientCredentials];
}

async fn with_header(app: &App<'_>, header: &str, pairs: &[(&str, &str)]) -> Reply {
    let request = app
        .server
        .request("POST", "/oauth2/access_token")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("authorization", header);
    Reply::of(request.body(crate::support::encode(pairs)).send().await.unwrap()).await
}

async fn with_form(app: &App<'_>, secret: &str, pairs: &[(&str, &str)]) -> Reply {
    let own = [("client_id", app.client_id.as_str()), ("client_secret", secret)];
    app.server.post("/oauth2/access_token", &[&own[..], pairs].concat()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_made_by_hand_authenticates_either_way_and_a_registered_method_is_the_only_one() {
    let server = TestServer::start().await;
    for (method, header, form) in [
        (AuthMethod::AnySecret, 200, 200),
        (AuthMethod::ClientSecretBasic, 200, 401),
        (AuthMethod::ClientSecretPost, 401, 200),
    ] {
        let app = server
            .app_with(|app| {
                machine(app);
                app.token_endpoint_auth_method = method;
            })
            .await;
        let secret = app.secret.clone().unwrap();
        assert_eq!(with_header(&app, &app.basic(&secret), &[GRANT]).await.status, header, "{method:?}");
        assert_eq!(with_form(&app, &secret, &[GRANT]).await.status, form, "{method:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_is_nearly_right_is_wrong_and_reads_like_an_unknown_client() {
    let server = TestServer::start().await;
    let app = server.app_with(machine).await;
    let secret = app.secret.clone().unwrap();
    let mut unknown = app.clone();
    unknown.client_id = "nobody".to_owned();
    let expected = with_header(&unknown, &unknown.basic(&secret), &[GRANT]).await;
    expected.refused("invalid_client").has_status(401);
    assert!(expected.header("www-authenticate").starts_with("Basic realm="));
    for wrong in [&secret[1..], &secret[..secret.len() - 1], &secret.to_uppercase(), &format!("{secret} "), "x"] {
        let reply = with_header(&app, &app.basic(wrong), &[GRANT]).await;
        assert_eq!((reply.status, &reply.body), (expected.status, &expected.body), "{wrong}");
    }
    let empty = with_header(&app, &app.basic(""), &[GRANT]).await;
    empty.refused("invalid_client");
    server.post("/oauth2/access_token", &[GRANT, ("client_id", &app.client_id)]).await.refused("invalid_client");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_ways_at_once_and_two_names_are_refused_also_when_both_are_right() {
    let server = TestServer::start().await;
    let app = server.app_with(machine).await;
    let secret = app.secret.clone().unwrap();
    let header = app.basic(&secret);
    let both = [GRANT, ("client_id", app.client_id.as_str()), ("client_secret", &secret)];
    with_header(&app, &header, &both).await.refused("invalid_request");
    with_header(&app, &header, &[GRANT, ("client_id", "another")]).await.refused("invalid_request");
    Tokens::of(&with_header(&app, &header, &[GRANT, ("client_id", &app.client_id)]).await);
    let query = format!("/oauth2/access_token?client_id={}&client_secret={secret}", app.client_id);
    server.post(&query, &[GRANT]).await.refused("invalid_client");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_percent_encoded_header_means_the_same_and_a_malformed_one_is_no_failure() {
    let server = TestServer::start().await;
    let app = server.app_with(machine).await;
    let encoded = app.secret.as_deref().unwrap().bytes().fold(String::new(), |all, byte| format!("{all}%{byte:02x}"));
    Tokens::of(&with_header(&app, &app.basic(&encoded), &[GRANT]).await);
    let right = app.basic(app.secret.as_deref().unwrap());
    Tokens::of(&with_header(&app, &right.replace("Basic", "bAsIC"), &[GRANT]).await);
    for bad in ["Basic", "Basic ", "Basic !!!", "Basic eA==", "Bearer x", "Digest x=y", "Basic /w==", ":", "Basic Og=="]
    {
        let reply = with_header(&app, bad, &[GRANT]).await;
        assert!(matches!(reply.status.as_u16(), 400 | 401), "{bad}: {}", reply.status);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_public_client_has_no_secret_to_invent_and_no_token_of_its_own() {
    let server = TestServer::start().await;
    let app = server.app_with(authorize_public).await;
    with_form(&app, "invented", &[GRANT]).await.refused("invalid_client");
    app.token(&[GRANT]).await.refused("unauthorized_client");
    let create = async |grant| {
        let metadata = ClientMetadata {
            redirect_uris: vec!["https://app.example/cb".to_owned()],
            grant_types: vec![GrantType::AuthorizationCode, grant],
            token_endpoint_auth_method: AuthMethod::None,
            scope: scope("profile"),
            ..ClientMetadata::default()
        };
        let new = NewClient { name: "public".to_owned(), metadata, ..NewClient::default() };
        clients::create(&server.admin, &Origin::default(), new).await
    };
    for grant in [GrantType::ClientCredentials, GrantType::Password] {
        let words = format!("a public client cannot have {}", grant.name());
        let refused = create(grant).await.err().expect(&words).to_string();
        assert!(refused.starts_with(&words), "{refused}");
    }
    assert!(create(GrantType::RefreshToken).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn after_rotation_the_new_secret_works_at_once_and_the_old_one_is_soon_dead() {
    let server = TestServer::start().await;
    let app = server.app_with(machine).await;
    let old = app.secret.clone().unwrap();
    Tokens::of(&with_form(&app, &old, &[GRANT]).await);
    let rotated = clients::rotate_secret(&server.admin, &Origin::default(), &app.client_id, None, 0).await.unwrap();
    let new = rotated.secret.unwrap();
    Tokens::of(&with_form(&app, new.expose(), &[GRANT]).await);
    eventually(async || with_form(&app, &old, &[GRANT]).await.json()["error"] == "invalid_client").await;
}

async fn with_chosen_secret<'a>(server: &'a TestServer, chosen: &str) -> App<'a> {
    let new = NewClient {
        name: "imported".to_owned(),
        metadata: ClientMetadata { grant_types: vec![GrantType::ClientCredentials], ..ClientMetadata::default() },
        secret: Some(chosen.to_owned()),
        ..NewClient::default()
    };
    let made = clients::create(&server.admin, &Origin::default(), new).await.unwrap();
    App { server, client_id: made.client.client_id, secret: None, redirect_uri: String::new() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chosen_secret_with_other_letters_works_in_latin_1_as_in_utf_8() {
    let server = TestServer::start().await;
    let app = with_chosen_secret(&server, "caf\u{e9}+cr\u{e8}me").await;
    let basic = |secret: &[u8]| {
        let pair = [app.client_id.as_bytes(), b":", secret].concat();
        format!("Basic {}", B64.encode(pair))
    };
    for secret in [&b"caf\xe9+cr\xe8me"[..], "caf\u{e9}+cr\u{e8}me".as_bytes(), b"caf%C3%A9%2Bcr%C3%A8me"] {
        Tokens::of(&with_header(&app, &basic(secret), &[GRANT]).await);
    }
    with_header(&app, &basic(b"caf\xea+cr\xe8me"), &[GRANT]).await.refused("invalid_client");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chosen_secret_works_in_both_spellings_of_basic_and_guessing_it_is_slowed() {
    let server = TestServer::start().await;
    let chosen = "pass+word%21: with spaces";
    let app = with_chosen_secret(&server, chosen).await;
    Tokens::of(&with_form(&app, chosen, &[GRANT]).await);
    Tokens::of(&with_header(&app, &app.basic(chosen), &[GRANT]).await);
    let encoded: String = url::form_urlencoded::byte_serialize(chosen.as_bytes()).collect();
    Tokens::of(&with_header(&app, &app.basic(&encoded), &[GRANT]).await);
    for _ in 0..10 {
        with_form(&app, "wrong", &[GRANT]).await.refused("invalid_client");
    }
    with_form(&app, "wrong", &[GRANT]).await.has_status(429);
    let unknown = App { client_id: "nobody".to_owned(), ..app.clone() };
    for _ in 0..10 {
        with_form(&unknown, "wrong", &[GRANT]).await.refused("invalid_client");
    }
    with_form(&unknown, "wrong", &[GRANT]).await.has_status(429);
}
