//! What is cached (clients, secrets, scopes, keys): new things work at once at every instance, and what was taken away is
//! gone everywhere within the second that the epoch row takes. The tests wait for it, and far longer than that.

use countersign::{
    flow::{
        Origin,
        admin::{clients, keys},
        epoch::{self, Chains},
    },
    jose::Algorithm,
    protocol::{client_metadata::ClientMetadata, dialect::Dialect, grant::GrantType},
};

use super::{Fleet, moved};
use crate::{
    compat::github,
    support::{App, Database, Door, SECRET_KEY, TestServer, Tokens, scope, sql, update_client},
};

const GRANT: [(&str, &str); 1] = [("grant_type", "client_credentials")];

fn machine(app: &mut ClientMetadata) {
    app.grant_types = vec![GrantType::ClientCredentials];
    app.scope = scope("read");
}

async fn gets_a_token(app: &App<'_>, door: &Door) -> bool {
    let reply = moved(app, door).token(&GRANT).await;
    assert!([200, 400, 401].contains(&reply.status.as_u16()), "{} {}", reply.status, reply.body);
    reply.status == 200
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_its_secret_and_its_end_are_known_everywhere() {
    let fleet = Fleet::start().await;
    let (admin, owner) = (&fleet.first().admin, Origin::default());
    // every instance has looked, and holds that there is nothing
    assert!(fleet.all_say(async |door| door.get("/oauth2/authorize?client_id=x").await.status == 400).await);
    fleet.first().scope("read", "Read your notes", &[]).await;
    let app = fleet.first().app_with(machine).await;
    assert!(fleet.all_say(async |door| gets_a_token(&app, door).await).await, "at once");

    let rotated = clients::rotate_secret(admin, &owner, &app.client_id, None, 0).await.unwrap();
    let secret = rotated.secret.map(|secret| secret.expose().to_owned());
    let renewed = App { secret, ..app.clone() };
    assert!(fleet.all_say(async |door| gets_a_token(&renewed, door).await).await, "at once");
    fleet.all_come_to_say(async |door| !gets_a_token(&app, door).await).await;

    let mut changed = clients::find(admin, &app.client_id).await.unwrap();
    changed.metadata.grant_types = vec![GrantType::AuthorizationCode];
    update_client(admin, &changed).await.unwrap();
    fleet.all_come_to_say(async |door| !gets_a_token(&renewed, door).await).await;
    changed.metadata.grant_types = vec![GrantType::ClientCredentials];
    update_client(admin, &changed).await.unwrap();
    fleet.all_come_to_say(async |door| gets_a_token(&renewed, door).await).await;

    clients::delete(admin, &owner, &app.client_id).await.unwrap();
    fleet.all_come_to_say(async |door| !gets_a_token(&renewed, door).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_key_signs_here_and_is_known_there_and_a_leaked_one_opens_nothing_anywhere() {
    let fleet = Fleet::start().await;
    fleet.first().user("ada").await;
    let app = fleet.first().app().await;
    let app = fleet.shared(&app);
    let (admin, owner) = (&fleet.first().admin, Origin::default());
    let mut browser = fleet.door.browser();
    browser.sign_in("ada").await;
    let published = async |door: &Door, kid: &str| door.get("/oauth2/jwks").await.body.contains(kid);

    let before = app.tokens(&mut browser, &[]).await;
    let rotated = keys::rotate(admin, &owner, Algorithm::Es256, true).await.unwrap();
    fleet.all_come_to_say(async |door| published(door, &rotated.kid).await).await;
    let after = app.tokens(&mut browser, &[]).await;
    let kid = |tokens: &Tokens| {
        use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as B64};
        let header = B64.decode(tokens.access_token.split('.').next().unwrap()).unwrap();
        serde_json::from_slice::<serde_json::Value>(&header).unwrap()["kid"].as_str().unwrap().to_owned()
    };
    assert_eq!(kid(&after), rotated.kid);
    for tokens in [&before, &after] {
        assert!(fleet.all_say(async |door| door.opens(&tokens.access_token).await).await);
    }

    keys::compromised(admin, &owner, &rotated.kid).await.unwrap();
    let rows = admin.store.list_keys().await.unwrap();
    assert!(rows.iter().all(|key| key.sealed.is_some() == (key.kid != rotated.kid)), "its private half is erased");
    fleet.all_come_to_say(async |door| !published(door, &rotated.kid).await).await;
    assert!(fleet.all_say(async |door| !door.opens(&after.access_token).await).await);
    assert!(fleet.all_say(async |door| door.opens(&before.access_token).await).await);
    let next = Tokens::of(&app.refresh(&after.refresh_token).await);
    assert!(kid(&next) != rotated.kid);
    assert!(fleet.all_say(async |door| door.opens(&next.access_token).await).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_client_may_do_since_a_moment_ago_no_instance_refuses_at_any_door() {
    let fleet = Fleet::start().await;
    let admin = &fleet.first().admin;
    let mut browser = fleet.first().ada().await;
    let tokens = fleet.first().app().await.tokens(&mut browser, &[("scope", "profile")]).await;
    let api = fleet.first().app().await;
    let sees = async |door: &Door| moved(&api, door).introspect(&tokens.access_token).await.json()["active"] == true;
    assert!(fleet.all_say(async |door| !sees(door).await).await);
    let mut changed = clients::find(admin, &api.client_id).await.unwrap();
    changed.metadata.introspect = vec![fleet.first().issuer.clone()];
    update_client(admin, &changed).await.unwrap();
    assert!(fleet.all_say(async |door| sees(door).await).await, "at once");

    let device = |app: &mut ClientMetadata| {
        app.dialect = Some(Dialect::Github);
        app.grant_types = vec![GrantType::DeviceCode];
        app.scope = scope("");
    };
    let app = fleet.first().app_with(device).await;
    // an unknown code is what it hears of once it may have one at all
    let redeems = async |door: &Door| {
        let told = github::redeem(&moved(&app, door), &[("code", "x")]).await.has_status(200).json();
        told["error"] == "bad_verification_code"
    };
    assert!(fleet.all_say(async |door| !redeems(door).await).await);
    let mut changed = clients::find(admin, &app.client_id).await.unwrap();
    changed.metadata.grant_types.push(GrantType::AuthorizationCode);
    update_client(admin, &changed).await.unwrap();
    assert!(fleet.all_say(async |door| redeems(door).await).await, "at once");
}

/// What a cache has seen of the one that died must not come again, however far the one that took over lagged behind: who
/// sees the same counter reads nothing.
#[tokio::test(flavor = "multi_thread")]
async fn after_a_fence_the_counter_is_one_that_nobody_has_seen() {
    let server = TestServer::start().await;
    for behind in 1..4 {
        let seen = server.admin.store.find_epoch().await.unwrap();
        sql(&server.database, &format!("UPDATE changes SET epoch = epoch - {behind}")).await;
        server.clock.advance(1);
        epoch::fence(&server.admin, &Origin::default(), Chains::Keep).await.unwrap();
        assert!(server.admin.store.find_epoch().await.unwrap() > seen + 1000, "{behind} changes behind");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_secret_key_changes_a_form_of_one_instance_is_good_at_another() {
    let keys = [SECRET_KEY, "another key which is long enough as well"];
    let (before, after) = (keys.join(","), format!("{},{}", keys[1], keys[0]));
    let there = TestServer::with(&[("COUNTERSIGN_SECRET_KEY", &before)]).await;
    let database = Database { dir: tempfile::tempdir().unwrap(), url: there.database.url.clone() };
    let env = [("COUNTERSIGN_ISSUER", there.issuer.as_str()), ("COUNTERSIGN_SECRET_KEY", &after)];
    let clock = there.clock.clone();
    let here = Box::pin(TestServer::by(database, &env, |_| clock)).await;
    there.user("ada").await;
    let app = there.app().await;
    let (mut at_one, mut at_other) = (there.browser(), here.browser());
    let page = at_one.authorize(&app, &[]).await;
    at_other.cookies.clone_from(&at_one.cookies);
    let page = at_other.sign_in_here(&page, "ada").await;
    at_one.cookies.clone_from(&at_other.cookies);
    assert!(at_one.decide(&page, "allow", &[]).await.redirected().contains_key("code"));
}
