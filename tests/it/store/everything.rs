//! A day in the life of a server, in which everything happens that a server is for.

use countersign::{
    flow::{
        Origin,
        admin::{clients, encryption_keys, grants, keys, registration as initial, resources, scopes, sessions, users},
        keys::rotate_due,
    },
    jobs::sweep,
    jose::{Algorithm, jwe::KeyFamily},
    protocol::{
        client_metadata::{ClientMetadata, TokenFormat},
        grant::GrantType,
        scope::ScopeSet,
    },
    secret::{Id, Secret},
};
use serde_json::json;

use crate::{
    compat::{
        facebook::{self, Program},
        github::{self, Shown},
    },
    registration::{self, ALL, OPEN, register, send},
    support::{App, Browser, CHALLENGE, PASSWORD, TestServer, Tokens, VERIFIER, scope, update_client},
    token::device_code::{begin, connect, poll, tv},
};

/// What a server needs for it: apps may register themselves, and nobody is there who would hear of a session's end.
pub(super) const ENV: [(&str, &str); 3] = [OPEN, ALL, ("COUNTERSIGN_FETCH__ALLOW_PRIVATE", "127.0.0.1")];

/// Apps of every kind. Their person is ada.
pub(super) struct Town<'a> {
    server: &'a TestServer,
    /// JWTs, and told of a session's end.
    jwt: App<'a>,
    /// Opaque tokens, by every grant.
    opaque: App<'a>,
    device: App<'a>,
    github: App<'a>,
    facebook: App<'a>,
}

fn opaque(app: &mut ClientMetadata) {
    app.access_token_format = Some(TokenFormat::Opaque);
    app.grant_types.extend([GrantType::ClientCredentials, GrantType::Password]);
    app.scope = scope("read email");
}

impl<'a> Town<'a> {
    pub(super) async fn of(server: &'a TestServer) -> Self {
        server.user("ada").await;
        server.scope("read", "Read your notes", &[]).await;
        scopes::load(&server.admin, &Origin::default(), ScopeSet::Github).await.unwrap();
        let told = |app: &mut ClientMetadata| app.backchannel_logout_uri = Some("http://127.0.0.1:1/told".to_owned());
        Self {
            server,
            jwt: server.app_with(told).await,
            opaque: server.app_with(opaque).await,
            device: server.app_with(tv).await,
            github: github::app(server).await,
            facebook: facebook::app(server).await,
        }
    }

    /// People sign in, agree, refuse and sign out; apps get tokens in every way, use them, renew them and end them.
    pub(super) async fn day(&mut self) {
        let server = self.server;
        let mut browser = server.browser();
        browser.try_to_sign_in("ada", "wrong").await.has_status(200);
        browser.try_to_sign_in("nobody", "wrong").await.has_status(200);
        browser.sign_in("ada").await.has_status(303);
        self.jwts(&mut browser).await;
        self.opaque_tokens(&mut browser).await;
        self.devices(&mut browser).await;
        self.dialects(&mut browser).await;
        self.registrations(&mut browser).await;
        server.admin.store.use_jti(countersign::secret::random::<32>().to_vec(), server.admin.now()).await.unwrap();
        initial::create(&server.admin, &Origin::default(), "", 1, 3600).await.unwrap();
        users::setup_link(&server.admin, &Origin::default(), "ada").await.unwrap();

        let page = browser.get("/oauth2/logout").await;
        browser.post("/oauth2/logout", &[("logout", "yes"), ("csrf", &page.field("csrf"))]).await.has_status(303);
        // one who never signs out
        server.browser().sign_in("ada").await.has_status(303);
        let rotated = clients::rotate_secret(&server.admin, &Origin::default(), &self.jwt.client_id, None, 60).await;
        self.jwt.secret = rotated.unwrap().secret.map(|secret| secret.expose().to_owned());
    }

    async fn jwts(&self, browser: &mut Browser<'_>) {
        let app = &self.jwt;
        let tokens = app.tokens(browser, &[("scope", "openid profile offline_access")]).await;
        let next = Tokens::of(&app.refresh(&tokens.refresh_token).await);
        Tokens::of(&app.refresh(&tokens.refresh_token).await);
        self.server.get_with("/oauth2/userinfo", "authorization", &format!("Bearer {}", next.access_token)).await;
        assert!(self.server.opens(&next.access_token).await);
        assert_eq!(app.introspect(&next.access_token).await.json()["active"], true);
        app.revoke(&next.access_token).await.has_status(200);
        // a refusal is an answer as well, and of a thief's chain nothing is left
        let asked = browser.authorize(app, &[("prompt", "consent")]).await;
        assert_eq!(browser.decide(&asked, "deny", &[]).await.redirected()["error"], "access_denied");
        let stolen = app.tokens(browser, &[("scope", "openid")]).await;
        let mut chain = vec![stolen.refresh_token];
        for _ in 0..2 {
            chain.push(Tokens::of(&app.refresh(chain.last().unwrap()).await).refresh_token);
        }
        app.refresh(&chain[0]).await.refused("invalid_grant");
        let code = browser.allow(app, &[]).await;
        app.redeem(&code).await.has_status(200);
        app.redeem(&code).await.refused("invalid_grant");
    }

    async fn opaque_tokens(&self, browser: &mut Browser<'_>) {
        let app = &self.opaque;
        let tokens = app.tokens(browser, &[("scope", "read")]).await;
        assert_eq!(app.introspect(&tokens.access_token).await.json()["active"], true);
        let next = Tokens::of(&app.refresh(&tokens.refresh_token).await);
        app.revoke(&next.access_token).await.has_status(200);
        // what was agreed to is not asked again
        let code = browser.allow(app, &[("scope", "read")]).await;
        app.redeem(&code).await.has_status(200);
        let own = Tokens::of(&app.token(&[("grant_type", "client_credentials")]).await);
        assert_eq!(app.introspect(&own.access_token).await.json()["active"], true);
        let by_password = [("grant_type", "password"), ("username", "ada"), ("password", PASSWORD)];
        Tokens::of(&app.token(&by_password).await);
    }

    async fn devices(&self, browser: &mut Browser<'_>) {
        let app = &self.device;
        let device = begin(app, &[]).await;
        poll(app, &device).await.refused("authorization_pending");
        connect(browser, &device).await;
        Tokens::of(&poll(app, &device).await);
        // nobody ever looks at this one
        begin(app, &[]).await;
    }

    async fn dialects(&self, browser: &mut Browser<'_>) {
        let code = github::allow(browser, &self.github, &[("scope", "user")]).await.remove("code").unwrap();
        let token = github::redeem(&self.github, &[("code", &code)]).await.token();
        self.server.clock.advance(3601);
        github::user(self.server, &token).await.has_status(200);
        let app = &self.facebook;
        let code = facebook::code(browser, app, &[("scope", "email")], &["email"]).await;
        let (short, _) = facebook::granted(&app.by_code(&code).await);
        for _ in 0..3 {
            facebook::granted(&app.exchange(&short).await);
        }
        assert_eq!(app.debug(&short).await["is_valid"], true);
    }

    async fn registrations(&self, browser: &mut Browser<'_>) {
        let server = self.server;
        register(server, None, &json!({})).await.has_status(201);
        let token = registration::initial_token(server, "", 1, 3600).await;
        let told = register(server, Some(&token), &json!({})).await.has_status(201).json();
        let (place, own) = (told["registration_client_uri"].as_str(), told["registration_access_token"].as_str());
        send(server, "DELETE", place.unwrap(), own, None).await.has_status(204);
        let told = register(server, None, &json!({})).await.has_status(201).json();
        let app = registration::app(server, &told);
        let pkce = [("code_challenge", CHALLENGE), ("code_challenge_method", "S256"), ("scope", "openid")];
        let code = browser.allow(&app, &pkce).await;
        let redeem = [("grant_type", "authorization_code"), ("code", code.as_str()), ("code_verifier", VERIFIER)];
        let redirect = [("redirect_uri", app.redirect_uri.as_str())];
        Tokens::of(&app.token(&[&redeem[..], &redirect].concat()).await);
        server.get("/health/ready").await.has_status(200);
    }

    /// What happens by itself.
    pub(super) async fn night(&self) {
        rotate_due(&self.server.admin).await.unwrap();
        sweep::run_once(&self.server.admin).await.unwrap();
    }
}

/// A day, and what administrators do.
pub(super) async fn happens(server: &TestServer) {
    let mut town = Town::of(server).await;
    town.day().await;
    server.clock.advance(120);
    people(server, &town).await;
    accounts(server).await;
    lists(server, &town).await;
    administrators(server, &town).await;
    notices(server, &town).await;
    logos(server, &town).await;
    server.clock.advance(500 * 24 * 3600);
    town.night().await;
    sweep::Sweeper::new(&server.admin).run(&server.admin).await.unwrap();
}

async fn people(server: &TestServer, town: &Town<'_>) {
    let (mut browser, mut other) = (server.browser(), server.browser());
    for browser in [&mut browser, &mut other] {
        browser.sign_in("ada").await.has_status(303);
    }
    server.clock.advance(120);
    browser.get("/account").await.has_status(200);
    let page = browser.get("/account/sessions").await;
    browser.post("/account/sessions", &[("end", "others"), ("csrf", &page.field("csrf"))]).await.has_status(303);
    let ada = users::find(&server.admin, "ada").await.unwrap();
    let store = &server.admin.store;
    assert!(store.find_answer(Id::new(server.admin.now())).await.unwrap().is_none());
    store.decline_scope(ada.id, town.facebook.client_id.clone(), "email".to_owned()).await.unwrap();
    let page = browser.get("/account/apps").await;
    let path = format!("/account/apps/{}", town.opaque.client_id);
    browser.post(&path, &[("remove", "yes"), ("csrf", &page.field("csrf"))]).await.has_status(303);
    let page = browser.get("/account/profile").await;
    browser.post("/account/profile", &[("name", "Ada"), ("csrf", &page.field("csrf"))]).await;
    let (_, link) = users::setup_link(&server.admin, &Origin::default(), "ada").await.unwrap();
    let mut elsewhere = server.browser();
    elsewhere.get(&link.url).await.has_status(303);
    let page = elsewhere.get("/setup").await;
    let fields = [("password", PASSWORD), ("t", &*page.field("t")), ("csrf", &page.field("csrf"))];
    elsewhere.post("/setup", &fields).await.has_status(303);
}

/// Somebody with two accounts in one browser, whom an administrator signs out.
async fn accounts(server: &TestServer) {
    server.user("eve").await;
    let mut browser = server.browser();
    browser.sign_in("ada").await.has_status(303);
    let page = browser.get("/login?another=yes").await;
    let fields = [("username", "eve"), ("password", PASSWORD), ("csrf", &*page.field("csrf"))];
    browser.post("/login", &fields).await.has_status(303);
    let page = browser.get("/oauth2/authorize/account").await;
    let (csrf, adas) = (page.field("csrf"), page.body.split("name=\"remove\" value=\"").nth(1).unwrap());
    let adas = adas.split('"').next().unwrap();
    // the one that waits, and then the one in use
    for _ in 0..2 {
        let fields = [("account", adas), ("csrf", &csrf)];
        browser.post("/oauth2/authorize/account", &fields).await.has_status(303);
    }
    let (admin, owner) = (&server.admin, Origin::default());
    sessions::revoke(admin, &owner, adas).await.unwrap();
    assert_eq!(sessions::revoke_all(admin, &owner, "eve").await.unwrap().1, 1);

    // one that has lost what it carried for its accounts
    let mut browser = server.browser();
    browser.sign_in("ada").await.has_status(303);
    browser.cookies.retain(|(name, _)| !name.ends_with("accounts"));
    let page = browser.get("/login?another=yes").await;
    let fields = [("username", "ada"), ("password", PASSWORD), ("csrf", &*page.field("csrf"))];
    browser.post("/login", &fields).await.has_status(303);
}

/// What administrators ask for.
async fn lists(server: &TestServer, town: &Town<'_>) {
    let admin = &server.admin;
    let people = users::list(admin, None, 9).await.unwrap();
    admin.store.has_other_admin(people[0].id).await.unwrap();
    for person in [None, Some("ada")] {
        sessions::list(admin, person, 9).await.unwrap();
        for app in [None, Some(&*town.jwt.client_id)] {
            grants::list(admin, person, app, 9).await.unwrap();
        }
    }
    initial::list(admin).await.unwrap();
    admin.store.list_events(9).await.unwrap();
    admin.store.list_sealed_secrets(Id::from_bytes([0; 16]), 9).await.unwrap();
    sweep::count(admin).await.unwrap();
}

async fn administrators(server: &TestServer, town: &Town<'_>) {
    let (admin, owner) = (&server.admin, Origin::default());
    let scope_changes = scopes::Changes { description: Some("Read all".to_owned()), ..scopes::Changes::default() };
    scopes::update(admin, &owner, "read", scope_changes).await.unwrap();
    server.scope("spare", "Nothing", &[]).await;
    scopes::delete(admin, &owner, "spare").await.unwrap();
    server.api("https://api.example/").await;
    resources::update(admin, &owner, "https://api.example/", resources::Changes::default()).await.unwrap();
    resources::delete(admin, &owner, "https://api.example/").await.unwrap();

    clients::rotate_secret(admin, &owner, &town.jwt.client_id, None, 60).await.unwrap();
    admin.store.forget_sealed_secrets(town.jwt.client_id.clone()).await.unwrap();
    let spare = server.app().await.client_id;
    let same = clients::find(admin, &spare).await.unwrap();
    update_client(admin, &same).await.unwrap();
    clients::delete(admin, &owner, &spare).await.unwrap();
    let (made, _) = initial::create(admin, &owner, "", 1, 3600).await.unwrap();
    initial::delete(admin, &owner, &made.id.to_text()).await.unwrap();

    let live = grants::list(admin, Some("ada"), None, 1).await.unwrap();
    admin.store.revoke_grant(live[0].grant.id, admin.now()).await.unwrap();
    grants::remove_app(admin, &owner, "ada", &town.device.client_id).await.unwrap();
    keys::rotate(admin, &owner, Algorithm::Es256, false).await.unwrap();
    let hastened = keys::rotate(admin, &owner, Algorithm::Es256, true).await.unwrap();
    keys::compromised(admin, &owner, &hastened.kid).await.unwrap();
    // tokens live for longer than when a key retired, and then for less
    let long = server.app_with(|app| app.access_token_ttl = Some(30 * 24 * 3600)).await.client_id;
    rotate_due(admin).await.unwrap();
    let mut brief = clients::find(admin, &long).await.unwrap();
    brief.metadata.access_token_ttl = None;
    update_client(admin, &brief).await.unwrap();
    let kid = encryption_keys::rotate(admin, &owner, KeyFamily::Agreement).await.unwrap();
    let leaked = encryption_keys::find(admin, &kid).await.unwrap().unwrap();
    encryption_keys::compromised(admin, &owner, &leaked).await.unwrap();
    admin.store.delete_access_token(Secret::generate().digest()).await.unwrap();
    admin.store.record_failure(vec![7; 32], admin.now()).await.unwrap();
    let seen = admin.store.find_failures(vec![7; 32]).await.unwrap().unwrap();
    assert!(admin.store.claim_try(seen.clone(), admin.now()).await.unwrap());
    assert!(!admin.store.claim_try(seen.clone(), admin.now()).await.unwrap(), "another was first");
    admin.store.return_try(seen, admin.now()).await.unwrap();
    users::first_admin_link(admin, &owner).await.unwrap();
    server.user("bob").await;
    users::set_password(admin, &owner, "bob", PASSWORD).await.unwrap();
    users::set_locked(admin, &owner, "bob", true).await.unwrap();
    users::delete(admin, &owner, "bob").await.unwrap();
}

/// The outbox as its courier works on it, whoever answers.
async fn notices(server: &TestServer, town: &Town<'_>) {
    let (store, now) = (&server.admin.store, server.admin.now());
    store.find_due_notices((now, Id::new(now)), 5, now).await.unwrap();
    store.claim_notices(town.jwt.client_id.clone(), 5, now, now).await.unwrap();
    let nobodys = Id::new(now);
    store.put_notice_off(nobodys, "unheard".to_owned(), Some(now), now).await.unwrap();
    store.put_notice_off(nobodys, "unheard".to_owned(), None, now).await.unwrap();
    store.delete_notice(nobodys).await.unwrap();
    clients::list_logout_notices(&server.admin, &town.jwt.client_id).await.unwrap();
}

/// A logo that is fetched, and one that is not.
async fn logos(server: &TestServer, town: &Town<'_>) {
    let (store, now) = (&server.admin.store, server.admin.now());
    let mut client = clients::find(&server.admin, &town.jwt.client_id).await.unwrap();
    let uri = "http://127.0.0.1:1/logo.png".to_owned();
    (client.metadata.verified, client.metadata.logo_uri) = (true, Some(uri.clone()));
    update_client(&server.admin, &client).await.unwrap();
    let id = client.client_id.clone();
    store.find_due_logos(5, now).await.unwrap();
    store.claim_logo(id.clone(), now, now).await.unwrap();
    store.put_logo_off(id.clone(), uri.clone(), "nobody is there".to_owned(), Some(now), now).await.unwrap();
    assert!(clients::renew_logo(&server.admin, &id).await.unwrap());
    assert!(store.keep_logo(id.clone(), uri.clone(), "hash".to_owned(), vec![1], now).await.unwrap());
    assert_eq!(store.find_logo_hash(id.clone(), uri).await.unwrap().as_deref(), Some("hash"));
    assert_eq!(store.find_picture(id.clone(), "hash".to_owned()).await.unwrap(), Some(vec![1]));
    clients::find_logo(&server.admin, &id).await.unwrap();
    client.metadata.logo_uri = None;
    update_client(&server.admin, &client).await.unwrap();
}
