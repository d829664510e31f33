//! Who people are to apps (OIDC Core §8), and the documents that tie apps together (OIDC Registration §5).

use std::{
    io::{Read, Write},
    net::TcpListener,
};

use countersign::flow::admin::clients;
use serde_json::{Value, json};

use super::{ALL, OPEN, app, initial_token, register, send};
use crate::support::{App, Browser, TestServer, Tokens, scope, update_client};

/// A site on this machine that gives one answer to everybody, until the test ends.
fn site(answer: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let _asked = stream.read(&mut [0; 4096]);
            let _sent = stream.write_all(answer.as_bytes());
        }
    });
    format!("http://localhost:{port}/sector.json")
}

fn document(status: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
}

async fn server() -> TestServer {
    TestServer::with(&[OPEN, ALL, ("COUNTERSIGN_FETCH__ALLOW_PRIVATE", "localhost")]).await
}

/// `sub` in the ID token, which userinfo, introspection and the access token must have as well.
async fn subject(server: &TestServer, app: &App<'_>, browser: &mut Browser<'_>) -> String {
    let tokens: Tokens = app.tokens(browser, &[("scope", "openid profile offline_access")]).await;
    let sub = tokens.claims("id_token")["sub"].clone();
    let bearer = format!("Bearer {}", tokens.access_token);
    assert_eq!(server.get_with("/oauth2/userinfo", "authorization", &bearer).await.json()["sub"], sub);
    assert_eq!(tokens.claims("access_token")["sub"], sub);
    assert_eq!(app.introspect(&tokens.access_token).await.json()["sub"], sub);
    if !tokens.refresh_token.is_empty() {
        assert_eq!(app.introspect(&tokens.refresh_token).await.json()["sub"], sub);
        let again = Tokens::of(&app.refresh(&tokens.refresh_token).await);
        assert_eq!(again.claims("id_token")["sub"], sub);
        assert_eq!(again.claims("access_token")["sub"], sub);
    }
    sub.as_str().unwrap().to_owned()
}

fn pairwise(uris: &[&str]) -> Value {
    json!({"subject_type": "pairwise", "redirect_uris": uris, "grant_types": ["authorization_code", "refresh_token"]})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_somebody_else_in_each_sector_and_the_same_within_one_also_after_a_new_secret_key() {
    let server = server().await;
    let mut browser = server.ada().await;
    let register = async |uri: &str| register(&server, None, &pairwise(&[uri])).await.has_status(201).json();
    let (first, second) = (register("https://a.example/cb").await, register("https://a.example/other").await);
    let third = register("https://b.example/cb").await;
    assert_eq!(first["subject_type"], "pairwise");
    let public = subject(&server, &server.app().await, &mut browser).await;
    let one = subject(&server, &app(&server, &first), &mut browser).await;
    assert_eq!(subject(&server, &app(&server, &second), &mut browser).await, one, "one sector");
    let other = subject(&server, &app(&server, &third), &mut browser).await;
    assert!(one != public && other != public && one != other);
    server.user("bob").await;
    let mut bob = server.browser();
    bob.sign_in("bob").await;
    assert_ne!(subject(&server, &app(&server, &first), &mut bob).await, one);
    // the name would undo it
    let tokens = app(&server, &first).tokens(&mut browser, &[("scope", "openid")]).await;
    let seen = app(&server, &first).introspect(&tokens.access_token).await.json();
    assert!(seen["active"] == true && seen.get("username").is_none(), "{seen}");
    assert!(!server.opens(&tokens.access_token).await, "/api/verify tells a name");
}

#[tokio::test(flavor = "multi_thread")]
async fn pairwise_subjects_outlive_the_secret_key() {
    let database = crate::support::Database::fresh().await;
    let (own, new) = (crate::support::SECRET_KEY, "another key which is long enough as well");
    let both = format!("{new},{own}");
    let open = async |key: &str| {
        let all = [("COUNTERSIGN_DATABASE_URL", database.url.as_str()), ("COUNTERSIGN_SECRET_KEY", key)];
        let config = crate::support::config(database.dir.path(), &all);
        let clock = std::sync::Arc::new(countersign::clock::SystemClock);
        let ctx = countersign::flow::start::open(config, clock, countersign::store::Migrate::Yes);
        Box::pin(ctx).await.unwrap().pairwise_key
    };
    let first = open(own).await;
    assert_eq!(open(&both).await, first);
    assert_eq!(open(new).await, first);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sector_document_has_to_name_every_redirect_and_then_its_host_is_the_sector() {
    let server = server().await;
    let mut browser = server.ada().await;
    let uris = ["https://a.example/cb", "https://b.example/cb"];
    register(&server, None, &pairwise(&uris)).await.has_status(400).refused("invalid_client_metadata");
    let good = site(document("200 OK", &json!([uris[0], uris[1], "https://c.example/cb"]).to_string()));
    let with = |uri: &str| {
        let mut all = pairwise(&uris);
        all["sector_identifier_uri"] = json!(uri);
        all
    };
    let told = register(&server, None, &with(&good)).await.has_status(201).json();
    assert_eq!(told["sector_identifier_uri"], good.as_str());
    let mut other = pairwise(&["https://c.example/cb"]);
    other["sector_identifier_uri"] = json!(good);
    let other = register(&server, None, &other).await.has_status(201).json();
    let sub = subject(&server, &app(&server, &told), &mut browser).await;
    assert_eq!(subject(&server, &app(&server, &other), &mut browser).await, sub);
    // a change is looked at as well
    let (place, token) = (&told["registration_client_uri"], &told["registration_access_token"]);
    let mut changed = told.clone();
    changed["redirect_uris"] = json!(["https://evil.example/cb"]);
    let put = send(&server, "PUT", place.as_str().unwrap(), token.as_str(), Some(&changed)).await;
    put.has_status(400).refused("invalid_client_metadata");
}

/// With the device grant nothing has to arrive at any address.
#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_shows_nothing_of_a_sector_does_not_learn_who_people_are_there() {
    let server = server().await;
    let (code, device) = ("authorization_code", "urn:ietf:params:oauth:grant-type:device_code");
    let others = "https://victim.example/cb";
    let sector = site(document("200 OK", &json!([others]).to_string()));
    let without_redirects = json!({
        "subject_type": "pairwise", "redirect_uris": [], "grant_types": [device], "sector_identifier_uri": sector
    });
    let mut with_one = pairwise(&[others]);
    with_one["grant_types"] = json!([code, device]);
    let mut with_both = with_one.clone();
    with_both["sector_identifier_uri"] = json!(sector);
    for wish in [&without_redirects, &with_one, &with_both] {
        register(&server, None, wish).await.has_status(400).refused("invalid_client_metadata");
    }
    // nor by a change
    let told = register(&server, None, &pairwise(&[others])).await.has_status(201).json();
    let (place, token) = (&told["registration_client_uri"], &told["registration_access_token"]);
    let mut changed = told.clone();
    changed["grant_types"] = json!([code, device]);
    let put = send(&server, "PUT", place.as_str().unwrap(), token.as_str(), Some(&changed)).await;
    put.has_status(400).refused("invalid_client_metadata");
    // whoever gave a token away vouches for its redirects; a document has to name some all the same
    let token = initial_token(&server, "partners", 5, 3600).await;
    register(&server, Some(&token), &with_both).await.has_status(201);
    register(&server, Some(&token), &without_redirects).await.has_status(400).refused("invalid_client_metadata");
}

/// What it was given goes on, and would say another name of theirs by userinfo and refresh tokens (OIDC Core §12.2).
#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_nobody_vouches_for_takes_what_it_was_given_into_no_other_sector() {
    let server = server().await;
    let mut browser = server.ada().await;
    let put = async |told: &Value, wish: &Value| {
        let (place, token) = (&told["registration_client_uri"], &told["registration_access_token"]);
        let mut wish = wish.clone();
        wish["client_id"] = told["client_id"].clone();
        send(&server, "PUT", place.as_str().unwrap(), token.as_str(), Some(&wish)).await
    };
    let (victims, public) = (pairwise(&["https://victim.example/cb"]), json!("public"));
    let told = register(&server, None, &pairwise(&["https://evil.example/cb"])).await.has_status(201).json();
    let own = app(&server, &told);
    let tokens = own.tokens(&mut browser, &[("scope", "openid offline_access")]).await;
    put(&told, &victims).await.has_status(400).refused("invalid_client_metadata");
    let mut by_document = victims.clone();
    let sector = site(document("200 OK", &json!(["https://victim.example/cb"]).to_string()));
    by_document["sector_identifier_uri"] = json!(sector);
    put(&told, &by_document).await.has_status(400).refused("invalid_client_metadata");
    put(&told, &pairwise(&["https://evil.example/other"])).await.has_status(200);
    let again = Tokens::of(&own.refresh(&tokens.refresh_token).await);
    assert_eq!(again.claims("id_token")["sub"], tokens.claims("id_token")["sub"]);
    // nor by way of the one name for everybody
    let mut told = pairwise(&["https://evil.example/cb"]);
    told["subject_type"] = public.clone();
    let told = register(&server, None, &told).await.has_status(201).json();
    let mut moved = victims.clone();
    moved["subject_type"] = public;
    put(&told, &moved).await.has_status(200);
    let refused = put(&told, &victims).await;
    refused.has_status(400).refused("invalid_client_metadata");
    let words = refused.json()["error_description"].to_string();
    assert!(words.contains("register anew"), "{words}");
    // an administrator may have looked at it
    let mut client = clients::find(&server.admin, told["client_id"].as_str().unwrap()).await.unwrap();
    client.metadata.subject_type = Some(countersign::protocol::subject::SubjectType::Pairwise);
    assert_eq!(update_client(&server.admin, &client).await.unwrap_err().code(), "client_invalid");
    client.metadata.verified = true;
    update_client(&server.admin, &client).await.unwrap();
}

/// An app that has a slow server of its own must not undo what an administrator does meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn what_an_administrator_changes_while_a_sector_is_asked_stays() {
    let server = server().await;
    let uris = ["https://a.example/cb", "https://b.example/cb"];
    let told = register(&server, None, &json!({"redirect_uris": [uris[0]]})).await.has_status(201).json();
    let (asked, is_asked) = std::sync::mpsc::channel();
    let (answer, answers) = std::sync::mpsc::channel::<()>();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let sector = format!("http://localhost:{}/sector.json", listener.local_addr().unwrap().port());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let _asked = stream.read(&mut [0; 4096]);
            let _heard_once = asked.send(());
            if answers.recv().is_err() {
                return;
            }
            let _sent = stream.write_all(document("200 OK", &json!(uris).to_string()).as_bytes());
        }
    });
    let (place, token) =
        (told["registration_client_uri"].as_str().unwrap(), told["registration_access_token"].as_str());
    let mut wish = json!({"redirect_uris": uris});
    wish["client_id"] = told["client_id"].clone();
    wish["sector_identifier_uri"] = json!(sector);
    let administrator = async {
        tokio::task::spawn_blocking(move || is_asked.recv()).await.unwrap().unwrap();
        let mut client = clients::find(&server.admin, told["client_id"].as_str().unwrap()).await.unwrap();
        client.metadata.access_token_ttl = Some(60);
        update_client(&server.admin, &client).await.unwrap();
        // once more for who begins anew
        for _ in 0..2 {
            answer.send(()).unwrap();
        }
    };
    let (changed, ()) = tokio::join!(send(&server, "PUT", place, token, Some(&wish)), administrator);
    assert_eq!(changed.has_status(200).json()["redirect_uris"], json!(uris));
    let kept = clients::find(&server.admin, told["client_id"].as_str().unwrap()).await.unwrap().metadata;
    assert_eq!((kept.access_token_ttl, kept.redirect_uris), (Some(60), uris.map(str::to_owned).to_vec()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sector_document_that_lies_or_is_none_is_refused_and_says_nothing_of_what_is_there() {
    let server = server().await;
    let uri = "https://app.example/cb";
    let endless = document("200 OK", &format!("[{}\"x\"]", "\"https://a.example/\",".repeat(10_000)));
    let mut said = Vec::new();
    for answer in [
        document("200 OK", "[]"),
        document("200 OK", &json!([format!("{uri}/")]).to_string()),
        document("200 OK", &json!({"redirect_uris": [uri]}).to_string()),
        document("200 OK", "<html>"),
        document("404 Not Found", &json!([uri]).to_string()),
        document("302 Found\r\nlocation: http://localhost/other", &json!([uri]).to_string()),
        "nonsense".to_owned(),
        endless,
    ] {
        let members = json!({"sector_identifier_uri": site(answer), "redirect_uris": [uri]});
        let refused = register(&server, None, &members).await;
        said.push(refused.has_status(400).refused("invalid_client_metadata").json()["error_description"].clone());
    }
    said.sort_by_key(ToString::to_string);
    said.dedup();
    assert_eq!(said.len(), 2, "it names others, or it cannot be read: {said:?}");
    for bad in [
        "javascript:alert(1)",
        "https://app.example/sector.json#x",
        "ftp://app.example/sector.json",
        "http://127.0.0.1:1/sector.json",
        "https://127.0.0.1/sector.json",
        "https://[::1]/sector.json",
        "https://169.254.169.254/latest/meta-data",
        "https://10.0.0.1/",
        "nothing",
    ] {
        let members = json!({"sector_identifier_uri": bad});
        register(&server, None, &members).await.has_status(400).refused("invalid_client_metadata");
    }
    assert!(clients::list(&server.admin).await.unwrap().is_empty(), "nothing is stored");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_knows_a_person_by_its_own_sector_and_a_dialect_cannot_be_pairwise() {
    let server = TestServer::start().await;
    let api = "https://api.example";
    server.api(api).await;
    let of = async |uri: &str| {
        server
            .app_with(|client| {
                client.redirect_uris = vec![uri.to_owned()];
                client.resources = vec![api.to_owned()];
                client.scope = scope("openid profile");
                client.subject_type = Some(countersign::protocol::subject::SubjectType::Pairwise);
            })
            .await
    };
    let (one, other) = (of("https://a.example/cb").await, of("https://b.example/cb").await);
    let mut browser = server.ada().await;
    let asked = [("resource", api), ("scope", "openid profile")];
    let (first, second) = (one.tokens(&mut browser, &asked).await, other.tokens(&mut browser, &asked).await);
    let at_api = first.claims("access_token")["sub"].clone();
    assert_eq!(second.claims("access_token")["sub"], at_api, "the API knows its visitor");
    assert_ne!(first.claims("id_token")["sub"], second.claims("id_token")["sub"]);
    assert_ne!(first.claims("id_token")["sub"], at_api);
    let mut client = clients::find(&server.admin, &one.client_id).await.unwrap();
    client.metadata.dialect = Some(countersign::protocol::dialect::Dialect::Github);
    let refused = update_client(&server.admin, &client).await.unwrap_err();
    assert_eq!(refused.code(), "client_invalid");
}

/// OIDC Core §4.
#[tokio::test(flavor = "multi_thread")]
async fn where_an_app_lets_others_start_signing_in_is_https_and_a_link_once_somebody_vouches_for_it() {
    let server = server().await;
    let start = |uri: &str| json!({"initiate_login_uri": uri});
    for bad in ["http://app.example/start", "javascript:x", "start"] {
        register(&server, None, &start(bad)).await.has_status(400).refused("invalid_client_metadata");
    }
    let told = register(&server, None, &start("https://app.example/start?x=1")).await.has_status(201).json();
    assert_eq!(told["initiate_login_uri"], "https://app.example/start?x=1");
    let (place, token) = (&told["registration_client_uri"], &told["registration_access_token"]);
    let read = send(&server, "GET", place.as_str().unwrap(), token.as_str(), None).await.json();
    assert_eq!(read["initiate_login_uri"], told["initiate_login_uri"]);
    let mut browser = server.ada().await;
    app(&server, &told).tokens(&mut browser, &[("scope", "openid")]).await;
    assert!(!browser.get("/account/apps").await.body.contains("app.example/start"));
    let mut client = clients::find(&server.admin, told["client_id"].as_str().unwrap()).await.unwrap();
    client.metadata.verified = true;
    update_client(&server.admin, &client).await.unwrap();
    let iss: String = url::form_urlencoded::byte_serialize(server.issuer.as_bytes()).collect();
    let link = format!("https://app.example/start?x=1&#38;iss={iss}");
    browser.get("/account/apps").await.says(&link);
}
