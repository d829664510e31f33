//! Consent: what is shown, what a decision is about, what is remembered.

use countersign::{
    flow::{
        Origin,
        admin::{
            clients::{self, NewClient},
            scopes, users,
        },
    },
    protocol::{client_metadata::ClientMetadata, grant::GrantType, scope::ScopeSet},
};

use super::with_optional_contacts;
use crate::support::{App, TestServer, Tokens, encode, scope, sql, update_client};

#[tokio::test(flavor = "multi_thread")]
async fn an_app_asks_a_person_countersigns_and_tokens_come_of_it() {
    let server = TestServer::start().await;
    server.user("ada").await;
    server.scope("read", "Read your notes", &[]).await;
    server.scope("write", "Change your notes", &["read"]).await;
    let app = server.app_with(|app| app.scope = scope("read write")).await;
    let mut browser = server.browser();
    let page = browser.authorize(&app, &[("scope", "write")]).await;
    page.has_status(200).says("id=\"login\"").says("photo printer");
    let page = browser.sign_in_here(&page, "ada").await;
    page.has_status(200).says("photo printer").says("Read your notes").says("Change your notes").says("app.example");
    let answer = browser.decide(&page, "allow", &[]).await;
    answer.has_status(303);
    let sent = answer.redirected();
    assert_eq!((sent["state"].as_str(), sent["iss"].as_str()), ("xyz", server.issuer.as_str()));
    let tokens = Tokens::of(&app.redeem(&sent["code"]).await);
    assert_eq!((tokens.all["token_type"].as_str(), tokens.all["expires_in"].as_i64()), (Some("Bearer"), Some(900)));
    assert_eq!(tokens.all["scope"], "read write", "what follows is named, in the order of creation");
    assert_eq!(server.resource(&tokens.access_token).await.json()["user"], "ada");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_goes_back_to_the_app_and_it_may_ask_again() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    let page = browser.authorize(&app, &[]).await;
    let sent = browser.decide(&page, "deny", &[]).await.redirected();
    assert_eq!((sent["error"].as_str(), sent["state"].as_str()), ("access_denied", "xyz"));
    assert!(!sent.contains_key("code"));
    browser.authorize(&app, &[]).await.has_status(200).says("photo printer");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_agreed_to_is_not_asked_again_and_anything_more_is() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    browser.allow(&app, &[("scope", "openid profile")]).await;
    assert!(browser.authorize(&app, &[("scope", "openid profile")]).await.redirected().contains_key("code"));
    assert!(browser.authorize(&app, &[("scope", "profile")]).await.redirected().contains_key("code"));
    let page = browser.authorize(&app, &[("scope", "openid profile email")]).await;
    page.has_status(200).says("New").says("You allowed");
    browser.decide(&page, "allow", &[]).await;
    assert!(browser.authorize(&app, &[("scope", "openid email")]).await.redirected().contains_key("code"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_is_asked_each_time_is_listed_as_long_as_it_can_do_something() {
    for (remember, seconds) in [("0s", 0), ("1h", 3600)] {
        let server = TestServer::with(&[("COUNTERSIGN_CONSENT__REMEMBER", remember)]).await;
        let mut browser = server.ada().await;
        let app = server.app().await;
        let tokens = app.tokens(&mut browser, &[]).await;
        server.clock.advance(seconds);
        countersign::jobs::sweep::run_once(&server.admin).await.unwrap();
        for _ in 0..2 {
            let page = browser.authorize(&app, &[]).await;
            page.has_status(200).says("name=\"decision\"");
            let none = browser.authorize(&app, &[("prompt", "none")]).await.redirected();
            assert_eq!(none["error"], "consent_required", "{remember}");
            browser.decide(&page, "allow", &[]).await.redirected();
            server.clock.advance(seconds);
        }
        let page = browser.get("/account/apps").await;
        page.has_status(200).says("photo printer");
        let fields = [("remove", "yes"), ("csrf", &*page.field("csrf"))];
        browser.post(&format!("/account/apps/{}", app.client_id), &fields).await.has_status(303);
        app.refresh(&tokens.refresh_token).await.refused("invalid_grant");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_was_given_longer_lives_since_the_consent_is_listed_as_long_as_they_last() {
    // the release before wrote no time of its own
    for before in ["holds_until = holds_until", "ends_at = holds_until, holds_until = NULL"] {
        let server = TestServer::start().await;
        let app = server.app_with(|app| app.grant_types = vec![GrantType::AuthorizationCode]).await;
        let mut browser = server.ada().await;
        browser.allow(&app, &[]).await;
        sql(&server.database, &format!("UPDATE consents SET {before}")).await;
        let mut client = clients::find(&server.admin, &app.client_id).await.unwrap();
        client.metadata.grant_types.push(GrantType::RefreshToken);
        update_client(&server.admin, &client).await.unwrap();
        app.refresh("nothing").await.refused("invalid_grant");
        server.clock.advance(364 * 86_400);
        browser.sign_in("ada").await;
        let sent = browser.authorize(&app, &[]).await.redirected();
        let tokens = Tokens::of(&app.redeem(&sent["code"]).await);
        server.clock.advance(20 * 86_400);
        countersign::jobs::sweep::run_once(&server.admin).await.unwrap();
        let tokens = Tokens::of(&app.refresh(&tokens.refresh_token).await);
        browser.sign_in("ada").await;
        browser.authorize(&app, &[]).await.has_status(200).says("name=\"decision\"");
        let page = browser.get("/account/apps").await;
        page.has_status(200).says("photo printer");
        let fields = [("remove", "yes"), ("csrf", &*page.field("csrf"))];
        browser.post(&format!("/account/apps/{}", app.client_id), &fields).await.has_status(303);
        app.refresh(&tokens.refresh_token).await.refused("invalid_grant");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_persons_consent_is_not_anothers() {
    let server = TestServer::start().await;
    let mut ada = server.ada().await;
    server.user("bob").await;
    let app = server.app().await;
    ada.allow(&app, &[]).await;
    let mut bob = server.browser();
    bob.sign_in("bob").await;
    bob.authorize(&app, &[]).await.has_status(200).says("photo printer").says("bob");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_form_is_made_to_carry_changes_nothing_of_the_request() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    for (name, words) in [("read", "Read your notes"), ("write", "Change your notes"), ("admin", "Rule")] {
        server.scope(name, words, &[]).await;
    }
    // registered for one scope it does not ask for, and not registered for another
    let app = server.app_with(|app| app.scope = scope("read write")).await;
    let page = browser.authorize(&app, &[("scope", "read")]).await;
    let (csrf, interaction) = (page.field("csrf"), page.field("interaction"));
    let fields = [
        ("csrf", csrf.as_str()),
        ("interaction", &interaction),
        ("decision", "allow"),
        ("scope", "write"),
        ("scope", "admin"),
        ("scope", "openid"),
        ("redirect_uri", "https://evil.example/"),
        ("client_id", "another"),
        ("state", "changed"),
        ("response_mode", "fragment"),
        ("response_type", "token"),
        ("code_challenge", "changed"),
        ("resource", "https://evil.example/"),
        ("username", "bob"),
    ];
    let answer = browser.post("/oauth2/authorize", &fields).await;
    assert!(answer.location().starts_with("https://app.example/cb?code="), "{}", answer.location());
    let sent = answer.redirected();
    assert_eq!(sent["state"], "xyz");
    assert_eq!(Tokens::of(&app.redeem(&sent["code"]).await).all["scope"], "read");
}

#[tokio::test(flavor = "multi_thread")]
async fn optional_scopes_are_granted_only_when_ticked_and_refreshing_does_not_bring_them_back() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = with_optional_contacts(&server).await;
    let page = browser.authorize(&app, &[("scope", "read contacts")]).await;
    page.says("type=\"checkbox\" name=\"scope\" value=\"contacts\"");
    let code = browser.decide(&page, "allow", &[]).await.redirected().remove("code").unwrap();
    let tokens = Tokens::of(&app.redeem(&code).await);
    assert_eq!(tokens.all["scope"], "read");
    let again = Tokens::of(&app.refresh(&tokens.refresh_token).await);
    assert_eq!(again.all["scope"], "read");
    let wider = [("grant_type", "refresh_token"), ("refresh_token", &again.refresh_token), ("scope", "read contacts")];
    app.token(&wider).await.refused("invalid_scope");
    let page = browser.authorize(&app, &[("scope", "read contacts")]).await;
    let code = browser.decide(&page, "allow", &["contacts"]).await.redirected().remove("code").unwrap();
    assert_eq!(Tokens::of(&app.redeem(&code).await).all["scope"], "read contacts");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_without_the_forms_own_value_or_that_is_unclear_is_not_a_yes() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    let page = browser.authorize(&app, &[]).await;
    let (csrf, interaction) = (page.field("csrf"), page.field("interaction"));
    for fields in [
        vec![("interaction", interaction.as_str()), ("decision", "allow")],
        vec![("csrf", "x"), ("interaction", &interaction), ("decision", "allow")],
        vec![("csrf", csrf.as_str()), ("interaction", &interaction), ("decision", "maybe")],
        vec![("csrf", csrf.as_str()), ("interaction", &interaction)],
        vec![("csrf", csrf.as_str()), ("interaction", &interaction), ("decision", "")],
        vec![("csrf", csrf.as_str()), ("interaction", &interaction), ("decision", "Allow")],
        vec![("csrf", csrf.as_str()), ("interaction", &interaction), ("decision", "allow ")],
        vec![("csrf", csrf.as_str()), ("interaction", &interaction), ("allow", "allow"), ("scope", "profile")],
    ] {
        browser.post("/oauth2/authorize", &fields).await.has_status(200).says("photo printer");
    }
    for (one, other) in [("deny", "allow"), ("allow", "deny"), ("allow", "allow"), ("", "allow")] {
        let (one, other) = (("decision", one), ("decision", other));
        let fields = [("csrf", csrf.as_str()), ("interaction", &interaction), one, other];
        let reply = browser.post("/oauth2/authorize", &fields).await;
        assert_eq!((reply.status.as_u16(), reply.header("location")), (400, ""), "{one:?} {other:?}");
    }
    let fields = [("csrf", csrf.as_str()), ("decision", "allow")];
    let reply = browser.post("/oauth2/authorize", &fields).await;
    assert!(!reply.header("location").contains("code="), "{}", reply.header("location"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_another_site_posts_decides_nothing() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    let page = browser.authorize(&app, &[]).await;
    for (name, value) in [("origin", "https://evil.example"), ("origin", "null"), ("sec-fetch-site", "cross-site")] {
        browser.headers = vec![(name, value.to_owned())];
        browser.decide(&page, "allow", &[]).await.has_status(403);
    }
    browser.headers = vec![("origin", server.issuer.clone()), ("sec-fetch-site", "same-origin".to_owned())];
    browser.decide(&page, "allow", &[]).await.has_status(303);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_of_its_own_that_another_site_posts_as_ours_takes_no_cookie_away() {
    let server = TestServer::start().await;
    let app = server.app().await;
    // by POST a request goes round, sealed and nobody's yet
    let stranger = [("client_id", app.client_id.as_str()), ("response_type", "code")];
    let round = server.browser().post("/oauth2/authorize", &stranger).await;
    let (_, sealed) = round.has_status(303).location().split_once("interaction=").unwrap();
    let mut victim = server.browser();
    // as it comes from another site, without the cookies
    victim.headers = vec![("origin", "https://evil.example".to_owned()), ("sec-fetch-site", "cross-site".to_owned())];
    let reply = victim.post("/oauth2/authorize", &[("interaction", sealed)]).await;
    assert_eq!(reply.has_status(403).header("set-cookie"), "");
    victim.headers.clear();
    victim.get(round.location()).await.has_status(200).says("id=\"login\"");
}

#[tokio::test(flavor = "multi_thread")]
async fn names_and_parameters_are_text_on_the_page() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    server.scope("x", "<script>alert(1)</script>", &[]).await;
    let app = server.app_with(|app| app.scope = scope("x")).await;
    let page = browser.authorize(&app, &[("state", "\"><script>alert(2)</script>")]).await;
    page.has_status(200).says("alert(1)");
    assert!(!page.body.contains("<script"), "{}", page.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_of_the_house_is_not_asked_for_unless_it_cannot_prove_who_it_is() {
    let server = TestServer::with(&[("COUNTERSIGN_ISSUER", "https://id.example")]).await;
    let mut browser = server.ada().await;
    let web = server.app_with(|app| app.first_party = true).await;
    assert!(browser.authorize(&web, &[]).await.redirected().contains_key("code"));
    let native = server
        .app_with(|app| {
            app.first_party = true;
            app.token_endpoint_auth_method = countersign::protocol::client_metadata::AuthMethod::None;
            app.redirect_uris = vec!["http://127.0.0.1/cb".to_owned()];
        })
        .await;
    browser.authorize(&native, &[]).await.has_status(200).says("on this computer");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_signs_in_for_an_app_that_need_not_ask_gets_no_page_after_it() {
    let server = TestServer::start().await;
    let agreed = server.app().await;
    server.ada().await.allow(&agreed, &[]).await;
    let house = server.app_with(|app| app.first_party = true).await;
    for app in [&agreed, &house] {
        let mut browser = server.browser();
        let page = browser.authorize(app, &[]).await;
        let sent = browser.sign_in_here(&page, "ada").await.redirected();
        assert!(app.redeem(&sent["code"]).await.has_status(200).json().get("access_token").is_some());
        // the same again, by a session of before
        server.clock.advance(1);
        let page = browser.authorize(app, &[("prompt", "login")]).await;
        assert!(browser.sign_in_here(&page, "ada").await.redirected().contains_key("code"));
        // unless the app wants them asked
        server.clock.advance(1);
        let page = browser.authorize(app, &[("prompt", "login consent")]).await;
        browser.sign_in_here(&page, "ada").await.has_status(200).says("photo printer");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn use_another_account_leads_through_sign_in_to_the_other_persons_answer() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    server.user("bob").await;
    let app = server.app().await;
    let page = browser.authorize(&app, &[]).await;
    let to_login = browser.decide(&page, "switch", &[]).await;
    to_login.has_status(303);
    let login = browser.get(to_login.location()).await;
    login.has_status(200).says("id=\"login\"");
    let page = browser.sign_in_here(&login, "bob").await;
    page.has_status(200).says("bob");
    let code = browser.decide(&page, "allow", &[]).await.redirected().remove("code").unwrap();
    let tokens = Tokens::of(&app.redeem(&code).await);
    assert_eq!(server.resource(&tokens.access_token).await.json()["user"], "bob");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_posted_without_the_session_it_was_made_for_gives_nothing() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    let page = browser.authorize(&app, &[]).await;
    let mut signed_out = browser.clone();
    signed_out.cookies.retain(|(name, _)| !name.ends_with("session"));
    signed_out.decide(&page, "allow", &[]).await.has_status(200).says("id=\"login\"");
    let mut nobody = server.browser();
    nobody.decide(&page, "allow", &[]).await.has_status(400);
    // a later session of the same person in the same browser is another session: the page comes again
    server.clock.advance(1);
    signed_out.sign_in("ada").await;
    signed_out.decide(&page, "allow", &[]).await.has_status(200).says("photo printer");
    let none = signed_out.authorize(&app, &[("prompt", "none")]).await.redirected();
    assert_eq!(none["error"], "consent_required", "nothing was remembered either");
    assert!(browser.decide(&page, "allow", &[]).await.redirected().contains_key("code"));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_parameter_of_a_get_stands_for_a_decision() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app().await;
    let page = browser.authorize(&app, &[]).await;
    let (csrf, interaction) = (page.field("csrf"), page.field("interaction"));
    let decision = [("decision", "allow"), ("csrf", csrf.as_str()), ("approve", "yes"), ("consent", "true")];
    let waiting = [&decision[..], &[("interaction", interaction.as_str())]].concat();
    for path in [app.authorize_path(&decision), format!("/oauth2/authorize?{}", encode(&waiting))] {
        let reply = browser.get(&path).await;
        assert_eq!((reply.status.as_u16(), reply.header("location")), (200, ""), "{path}");
        reply.says("name=\"decision\"");
        let none = browser.authorize(&app, &[("prompt", "none")]).await.redirected();
        assert_eq!(none["error"], "consent_required");
        // nor does the query of a form
        let reply = browser.post(&path, &[("interaction", &interaction)]).await;
        assert_eq!((reply.status.as_u16(), reply.header("location")), (200, ""), "{path}");
    }
    assert!(browser.decide(&page, "allow", &[]).await.redirected().contains_key("code"), "a form's does");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clients_name_and_whatever_a_request_brings_to_a_page_are_text() {
    let server = TestServer::start().await;
    let markup = "<b>\"'&lt;<script>alert(1)</script>";
    let new = NewClient {
        name: markup.to_owned(),
        metadata: countersign::protocol::client_metadata::ClientMetadata {
            redirect_uris: vec!["https://app.example/cb".to_owned()],
            grant_types: vec![countersign::protocol::grant::GrantType::AuthorizationCode],
            scope: scope("profile"),
            ..Default::default()
        },
        ..NewClient::default()
    };
    let made = clients::create(&server.admin, &Origin::default(), new).await.unwrap();
    let app = App {
        server: &server,
        client_id: made.client.client_id,
        secret: made.secret.map(|secret| secret.expose().to_owned()),
        redirect_uri: "https://app.example/cb".to_owned(),
    };
    let mut browser = server.browser();
    let hint = ("login_hint", markup);
    let login = browser.authorize(&app, &[hint, ("state", markup), ("nonce", markup)]).await;
    server.user("ada").await;
    browser.sign_in("ada").await;
    let consent = browser.authorize(&app, &[hint, ("state", markup), ("ui_locales", markup)]).await;
    consent.has_status(200).says("name=\"decision\"");
    let refused = browser.authorize(&app, &[("redirect_uri", markup)]).await;
    let unknown = browser.authorize(&App { client_id: markup.to_owned(), ..app.clone() }, &[]).await;
    browser.decide(&consent, "deny", &[]).await;
    let done = browser.decide(&consent, "allow", &[]).await;
    done.says("Already done");
    for page in [&login, &consent, &refused, &unknown] {
        page.says("&#60;script&#62;alert(1)");
    }
    for page in [login, consent, refused, unknown, done] {
        assert!(!page.body.contains("<script") && !page.body.contains("<b>"), "{}", page.body);
        let policy = page.header("content-security-policy");
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
        assert_eq!(page.header("cache-control"), "no-store");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn scopes_of_a_group_stand_under_its_heading_and_the_app_says_whose_it_is_and_what_for() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    server.user("maker").await;
    let maker = users::find(&server.admin, "maker").await.unwrap().id;
    scopes::load(&server.admin, &Origin::default(), ScopeSet::Github).await.unwrap();
    let described = |app: &mut ClientMetadata| {
        app.scope = scope("openid repo user:email read:user delete_repo");
        app.description = Some("Prints <your> repositories".to_owned());
        app.client_uri = Some("https://printer.example/about".to_owned());
        app.owner = Some(maker);
    };
    let app = server.app_with(described).await;
    let page = browser.authorize(&app, &[("scope", "openid user:email repo read:user delete_repo")]).await;
    page.has_status(200).says("Prints &lt;your&gt; repositories").says("printer.example").says("maker");
    let order = ["Know who you are", "<h3>", "Repositories", "Public and private", "Personal user data"];
    let order = [&order[..], &["Email addresses (read-only)", "Repositories — Delete them"]].concat();
    let places: Vec<_> = order.iter().map(|words| page.body.find(words).unwrap_or_else(|| panic!("{words}"))).collect();
    assert!(places.is_sorted(), "{places:?} in {}", page.body);
    assert_eq!(page.body.matches("Personal user data").count(), 1, "one heading for all of its group");
    assert!(!page.body.contains("href=\"https://printer.example"), "nobody vouches for that address");
    browser.decide(&page, "allow", &[]).await;
    browser.get("/account/apps").await.says("Personal user data — Email addresses (read-only)");

    let vouched = |app: &mut ClientMetadata| {
        described(app);
        app.verified = true;
    };
    let app = server.app_with(vouched).await;
    let page = browser.authorize(&app, &[("scope", "openid")]).await;
    page.says("href=\"https://printer.example/about\"").says("maker").says("Verified by an administrator");
}
