//! Programs and libraries, request by request as they send them.

use serde_json::{Value, json};

use super::{CALLBACK, DIALOG, Program, TOKEN, app, granted, to};
use crate::support::{Served, Shell, TestServer};

/// The Django program: a redirect with comma scopes, everything by GET, the answer by a regular expression.
#[tokio::test(flavor = "multi_thread")]
async fn a_django_program_gets_a_token_by_get_exchanges_it_and_shows_until_when_it_is_good() {
    let server = TestServer::start().await;
    let app = app(&server).await;
    let mut browser = server.ada().await;
    // it puts the address together by hand
    let way =
        format!("{DIALOG}?client_id={}&redirect_uri={CALLBACK}&scope=publish_actions,manage_pages", app.client_id);
    let page = browser.get(&way).await;
    page.has_status(200).says("Post for you").says("Manage your pages").says("public_profile");
    let approved_at = server.admin.now().unix_seconds();
    let reply = browser.decide(&page, "allow", &["publish_actions", "manage_pages"]).await;
    reply.has_status(303);
    assert!(reply.location().starts_with("https://app.example/cb?code="), "{}", reply.location());
    assert_eq!(reply.redirected().len(), 1, "a code and nothing else: {}", reply.location());
    let code = reply.redirected().remove("code").unwrap();
    server.clock.advance(5);

    let secret = app.secret.as_deref().unwrap();
    let payload =
        [("client_id", &*app.client_id), ("client_secret", secret), ("redirect_uri", CALLBACK), ("code", &code)];
    let reply = server.get_with(&to(TOKEN, &payload), "accept", "*/*").await;
    let (short, expires) = granted(&reply);
    assert_eq!(expires, 7200);
    assert!(reply.header("content-type").starts_with("text/plain"));
    for (name, value) in [("cache-control", "no-store"), ("pragma", "no-cache")] {
        assert!(reply.header(name).contains(value), "{name}: {}", reply.header(name));
    }

    server.clock.advance(60);
    let params = [
        ("client_id", &*app.client_id),
        ("client_secret", secret),
        ("grant_type", "fb_exchange_token"),
        ("fb_exchange_token", &short),
    ];
    let (long, expires) = granted(&server.get(&to(TOKEN, &params)).await);
    assert_eq!(expires, 60 * 86_400 - 65, "counted from the approval");
    assert!(long.len() <= 512 && long != short);

    let me = server.get(&to("/me", &[("access_token", &long)])).await;
    let me = me.has_status(200).json();
    assert!(me["id"].as_str().unwrap().parse::<i64>().unwrap() > 0);

    let told = app.debug(&long).await;
    assert_eq!(told["is_valid"], true);
    assert_eq!(told["expires_at"], approved_at + 60 * 86_400);
    assert_eq!((&told["app_id"], &told["user_id"]), (&app.client_id.as_str().into(), &me["id"]));
    assert_eq!(told["scopes"], json!(["public_profile", "manage_pages", "publish_actions"]));
    assert_eq!((&told["type"], &told["application"]), (&"USER".into(), &"photo printer".into()));

    server.clock.advance(60 * 86_400);
    let told = app.debug(&long).await;
    assert_eq!((&told["is_valid"], &told["expires_at"]), (&false.into(), &(approved_at + 60 * 86_400).into()));
    assert_eq!((&told["error"]["code"], &told["error"]["subcode"]), (&190.into(), &463.into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_django_program_shows_the_description_of_a_refusal() {
    let server = TestServer::start().await;
    let app = app(&server).await;
    let mut browser = server.ada().await;
    for (more, expected) in [(&[][..], 6), (&[("state", "a b&c=ü")][..], 7)] {
        let page = browser.get(&app.dialog(&[more, &[("scope", "email")]].concat())).await;
        let reply = browser.decide(&page, "deny", &[]).await;
        let told = reply.redirected();
        assert_eq!(told["error"], "access_denied");
        assert_eq!(told["error_code"], "200");
        assert_eq!(told["error_reason"], "user_denied");
        assert_eq!(told["error_description"], "Permissions error");
        assert_eq!(told["error_message"], "Permissions error");
        assert_eq!(told["description"], "The user denied your request.");
        assert_eq!(told.get("state").map(String::as_str), more.first().map(|(_, value)| *value));
        assert_eq!(told.len(), expected, "{}", reply.location());
        assert!(reply.location().starts_with("https://app.example/cb?error="));
    }
}

/// passport-facebook: versions in every path, a form, `appsecret_proof`, `fields`, the token in the query.
#[tokio::test(flavor = "multi_thread")]
async fn passport_facebook_signs_a_person_in_through_versioned_paths() {
    let server = TestServer::start().await;
    let app = app(&server).await;
    let mut browser = server.ada().await;
    let asked = [
        ("response_type", "code"),
        ("redirect_uri", CALLBACK),
        ("scope", "email,publish_actions"),
        ("state", "Xm2QfGyf7Cu5TB9d"),
        ("client_id", &app.client_id),
    ];
    let page = browser.get(&to("/v3.2/dialog/oauth", &asked)).await;
    let told = browser.decide(&page, "allow", &["email"]).await.redirected();
    assert_eq!(told["state"], "Xm2QfGyf7Cu5TB9d");
    let form = [
        ("grant_type", "authorization_code"),
        ("redirect_uri", CALLBACK),
        ("client_id", &app.client_id),
        ("client_secret", app.secret.as_deref().unwrap()),
        ("code", &told["code"]),
    ];
    let reply = server.post("/v3.2/oauth/access_token", &form).await;
    assert_eq!(reply.header("content-type"), "application/json");
    let answer = reply.has_status(200).json();
    assert_eq!((&answer["token_type"], &answer["expires_in"]), (&"bearer".into(), &7200.into()));
    assert_eq!(answer.as_object().unwrap().len(), 3);
    let token = answer["access_token"].as_str().unwrap();
    // the proof is taken and not looked at: a digest of the secret proves nothing to who has the digest only
    let fields = "id,username,name,last_name,first_name,middle_name,gender,birthday,link,email,picture";
    let way = format!("/v3.2/me?appsecret_proof={}&fields={fields}&access_token={token}", "0".repeat(64));
    let reply = server.get(&way).await;
    let me = reply.has_status(200).json();
    assert_eq!((&me["name"], &me["username"]), (&"ada".into(), &"ada".into()));
    assert_eq!((&me["email"], &me["first_name"]), (&"ada@example.com".into(), &"ada".into()));
    assert!(me["picture"]["data"]["url"].as_str().unwrap().starts_with(&server.issuer));
    assert!(me["id"].is_string() && me.get("gender").is_none());
    assert!(!me.as_object().unwrap().values().any(Value::is_null));
    let picture =
        server.get(me["picture"]["data"]["url"].as_str().unwrap().strip_prefix(&server.issuer).unwrap()).await;
    assert_eq!(picture.has_status(200).header("content-type"), "image/svg+xml");
    // its error classes are made of these
    let reply = server.get("/v3.2/me?access_token=EAACEdEose0cBA").await;
    let error = super::refused(&reply, 400, 190);
    assert_eq!(error["type"], "OAuthException");
    let reply = server.post("/v3.2/oauth/access_token", &form).await;
    assert_eq!(super::refused(&reply, 400, 100)["error_subcode"], 36009);
}

/// django-allauth: the code by GET with `grant_type`, an app token, `/debug_token`, an exchange.
#[tokio::test(flavor = "multi_thread")]
async fn django_allauth_signs_a_person_in_and_verifies_a_token_that_a_page_brought() {
    let server = TestServer::start().await;
    let app = app(&server).await;
    let mut browser = server.ada().await;
    let asked = [
        ("client_id", &*app.client_id),
        ("redirect_uri", CALLBACK),
        ("scope", "email,public_profile"),
        ("response_type", "code"),
        ("state", "state1"),
        ("auth_type", "rerequest"),
    ];
    let page = browser.get(&to("/v19.0/dialog/oauth", &asked)).await;
    let told = browser.decide(&page, "allow", &["email"]).await.redirected();
    let secret = app.secret.as_deref().unwrap();
    let payload = [
        ("redirect_uri", CALLBACK),
        ("grant_type", "authorization_code"),
        ("code", &told["code"]),
        ("client_id", &app.client_id),
        ("client_secret", secret),
    ];
    let reply = server.get(&to("/v19.0/oauth/access_token", &payload)).await;
    assert_eq!(reply.header("content-type").split(';').next(), Some("application/json"));
    assert!(reply.body.starts_with("{\""));
    let token = reply.json()["access_token"].as_str().unwrap().to_owned();
    // what verify_token does
    let own = [("client_id", &*app.client_id), ("client_secret", secret), ("grant_type", "client_credentials")];
    let reply = server.get(&to("/v19.0/oauth/access_token", &own)).await;
    let app_token = reply.has_status(200).json()["access_token"].as_str().unwrap().to_owned();
    let look = [("input_token", &*token), ("access_token", &app_token)];
    let told = server.get(&to("/v19.0/debug_token", &look)).await.has_status(200).json();
    assert_eq!((&told["data"]["is_valid"], &told["data"]["app_id"]), (&true.into(), &app.client_id.as_str().into()));
    let exchange = [
        ("grant_type", "fb_exchange_token"),
        ("client_id", &app.client_id),
        ("client_secret", secret),
        ("fb_exchange_token", &token),
    ];
    let reply = server.get(&to("/v19.0/oauth/access_token", &exchange)).await.has_status(200).json();
    assert!(reply["expires_in"].as_i64().unwrap() > 59 * 86_400);
    let fields = "id,email,name,first_name,last_name,verified,locale,timezone,link,gender,updated_time";
    let long = reply["access_token"].as_str().unwrap();
    let asked = [("fields", fields), ("access_token", long), ("appsecret_proof", &"ab".repeat(32))];
    let me = server.get(&to("/v19.0/me", &asked)).await.has_status(200).json();
    assert_eq!(me["email"], "ada@example.com");
}

/// facebook-sdk for Python: its own names for everything, and a version out of a header.
#[tokio::test(flavor = "multi_thread")]
async fn facebook_sdk_asks_for_objects_permissions_and_the_version() {
    let server = TestServer::start().await;
    let app = app(&server).await;
    let mut browser = server.ada().await;
    let secret = app.secret.as_deref().unwrap();
    let asked = [("client_id", &*app.client_id), ("redirect_uri", CALLBACK), ("scope", "email,manage_pages")];
    let page = browser.get(&to("/v2.7/dialog/oauth", &asked)).await;
    let code = browser.decide(&page, "allow", &["manage_pages"]).await.redirected().remove("code").unwrap();
    let args = [("code", &*code), ("redirect_uri", CALLBACK), ("client_id", &app.client_id), ("client_secret", secret)];
    let reply = server.get(&to("/v2.7/oauth/access_token", &args)).await.has_status(200).json();
    let token = reply["access_token"].as_str().unwrap();
    let me = server.get(&to("/v2.7/me", &[("access_token", token)])).await;
    assert_eq!(me.header("facebook-api-version"), "v2.7");
    let me = me.has_status(200).json();
    assert_eq!(me.as_object().unwrap().keys().collect::<Vec<_>>(), ["id", "name"]);
    let id = me["id"].as_str().unwrap();
    let same = server.get(&to(&format!("/v2.7/{id}"), &[("access_token", token), ("fields", "name")])).await;
    assert_eq!(same.has_status(200).json(), me);
    let reply = server.get(&to(&format!("/v2.7/{id}/permissions"), &[("access_token", token)])).await;
    let all = reply.has_status(200).json();
    let granted: Vec<&str> = all["data"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|line| line["status"] == "granted")
        .map(|line| line["permission"].as_str().unwrap())
        .collect();
    assert_eq!(granted, ["public_profile", "manage_pages"]);
    let look = [("input_token", token), ("access_token", &app.by_secret())];
    let told = server.get(&to("/v2.7/debug_token", &look)).await.has_status(200).json();
    assert_eq!(told["data"]["is_valid"], true);
    let other = server.get(&to("/v2.7/4", &[("access_token", token)])).await;
    assert_eq!(super::refused(&other, 400, 100)["error_subcode"], 33);
    for edge in ["friends", "feed", "accounts"] {
        let reply = server.get(&to(&format!("/v2.7/me/{edge}"), &[("access_token", token)])).await;
        super::refused(&reply, 404, 2500);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_was_created_with_the_dialect_alone_may_do_what_its_libraries_do() {
    let shell = Shell::new().await;
    let create = |more: &[&str]| {
        let usual =
            ["client", "create", "--name", "Notes", "--dialect", "facebook", "--redirect-uri", CALLBACK, "--json"];
        let said = shell.run(&[&usual[..], more].concat()).done();
        let made: Value = serde_json::from_str(&said.out).unwrap();
        (shell.run(&["client", "show", made["client_id"].as_str().unwrap(), "--json"]).json(), said.err)
    };
    let (made, costs) = create(&[]);
    assert_eq!((&made["dialect"], &made["query_token"]), (&"facebook".into(), &true.into()));
    assert_eq!((&made["scope"], &made["grant_types"]), (&"email".into(), &json!(["authorization_code"])));
    assert!(costs.contains("redirect URI of its own") && costs.contains("query-token"), "{costs}");
    let (made, costs) = create(&["--query-token=false", "--scope", "public_profile email"]);
    assert_eq!((&made["query_token"], &made["scope"]), (&false.into(), &"public_profile email".into()));
    assert!(!costs.contains("query-token"), "{costs}");
    for public in [&["--public"][..], &["--auth-method", "none"]] {
        let (made, _) = create(public);
        assert_eq!(made["query_token"], false, "{public:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_token_and_no_secret_of_a_query_is_in_the_log() {
    let shell = Shell::new().await.with("COUNTERSIGN_LOG__LEVEL", "trace");
    let made = shell.run(&[
        "client",
        "create",
        "--name",
        "Notes",
        "--dialect",
        "facebook",
        "--redirect-uri",
        CALLBACK,
        "--json",
    ]);
    let made = made.json();
    let (id, secret) = (made["client_id"].as_str().unwrap(), made["client_secret"].as_str().unwrap());
    let mut served = Served::start(&shell, &["--listen", "127.0.0.1:0"]);
    let own = [("client_id", id), ("client_secret", secret), ("grant_type", "client_credentials")];
    let (app_token, _) = granted(&served.get(&to(TOKEN, &own)).await);
    let by_secret = format!("{id}|{secret}");
    for credential in [&app_token, &by_secret] {
        served
            .get(&to("/debug_token", &[("input_token", &app_token), ("access_token", credential)]))
            .await
            .has_status(200);
        served.get(&to("/v2.12/me", &[("access_token", credential)])).await.has_status(400);
        served.get(&to("/me/friends", &[("access_token", credential)])).await.has_status(404);
        served.get(&to("/dialog/oauth", &[("client_id", id), ("access_token", credential)])).await.has_status(400);
        served.get(&to(&format!("/nothing/{credential}"), &[("access_token", credential)])).await.has_status(404);
    }
    let about = [("code", "csfbc_nothing"), ("redirect_uri", CALLBACK)];
    served.post(&to(TOKEN, &own[..2]), &about).await.has_status(400);
    assert!(served.stop().success());
    let log = std::fs::read_to_string(shell.database.dir.path().join("log")).unwrap();
    assert!(log.contains("/debug_token") && log.contains(id), "{log}");
    for hidden in [&app_token, secret, &by_secret, "input_token", "access_token=", "client_secret"] {
        assert!(!log.contains(hidden), "{hidden}: {log}");
    }
}
