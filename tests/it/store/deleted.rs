//! An app is deleted in an instant, however much hangs on it; what is left of it is good for nothing, and goes.

use countersign::{
    flow::{
        Origin,
        admin::{clients, grants},
    },
    jobs::sweep,
    protocol::client_metadata::TokenFormat,
    secret::Id,
    store::models::Grant,
};
use futures_util::future::join_all;

use crate::support::{App, TestServer, Tokens, eventually, is_postgres, rows};

/// Grants, a hundred at once: more than go in the deletion itself and in one try to take its place.
fn hundreds() -> usize {
    if is_postgres() { 6 } else { 3 }
}

async fn left(server: &TestServer) -> (i64, i64) {
    let rows = rows(&server.database).await;
    (rows["consents"] + rows["grants"] + rows["refresh_chains"] + rows["access_tokens"], rows["deleted_clients"])
}

/// As many grants more, like the one that there is.
pub(super) async fn grow(server: &TestServer, app: &App<'_>) {
    let (store, now) = (&server.admin.store, server.admin.now());
    let (like, ..) = store.list_grants(None, Some(app.client_id.clone()), now, 1).await.unwrap().remove(0);
    let consent = store.find_consent(like.user_id, app.client_id.clone(), now).await.unwrap().unwrap();
    for _ in 0..hundreds() {
        let all = (0..100).map(|_| {
            let more = Grant { id: Id::new(now), interaction: None, code_digest: None, ..like.clone() };
            store.record_password_grant(more, None, None, consent.clone(), None)
        });
        assert!(join_all(all).await.iter().all(Result::is_ok));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_many_use_is_gone_at_once_and_all_that_hung_on_it_goes_after_it() {
    let server = TestServer::start().await;
    let mut ada = server.ada().await;
    let app = server.app_with(|app| app.access_token_format = Some(TokenFormat::Opaque)).await;
    let code = ada.allow(&app, &[]).await;
    let tokens = Tokens::of(&app.redeem(&code).await);
    let unused = ada.allow(&app, &[]).await;
    let other = server.app().await;
    let others = other.tokens(&mut ada, &[]).await;
    let metadata = clients::find(&server.admin, &app.client_id).await.unwrap().metadata;
    grow(&server, &app).await;
    let (before, _) = left(&server).await;

    clients::delete(&server.admin, &Origin::default(), &app.client_id).await.unwrap();
    let (after, being_removed) = left(&server).await;
    assert!(after < before && after > 4 && being_removed == 1, "{before} rows, then {after}");
    assert!(!server.opens(&tokens.access_token).await);
    // this server may remember the client for half a second, and yet nothing good comes of what it had
    for reply in [app.refresh(&tokens.refresh_token).await, app.redeem(&unused).await] {
        assert!(reply.status != 200 || !server.opens(&Tokens::of(&reply).access_token).await);
    }
    assert_eq!(grants::list(&server.admin, None, None, 10).await.unwrap().len(), 1);
    assert!(server.opens(&others.access_token).await);

    let again = || clients::NewClient {
        client_id: Some(app.client_id.clone()),
        name: "again".to_owned(),
        metadata: metadata.clone(),
        secret: None,
    };
    let taken = clients::create(&server.admin, &Origin::default(), again()).await;
    assert!(taken.is_err(), "what the one was allowed is nothing that the other inherits");
    assert!(clients::find(&server.admin, &app.client_id).await.is_err());

    let told = server.admin.store.count_ended(server.admin.now()).await.unwrap();
    assert!(told.iter().any(|(table, rows)| table == "grants" && *rows > 0), "{told:?}");
    // that try has removed more of it, so this one comes to the end; and the sweep leaves alone what is the new one's
    let made = clients::create(&server.admin, &Origin::default(), again()).await.unwrap();
    assert_eq!(left(&server).await, (3, 0), "those of the other app");
    let second = server.second().await;
    let secret = made.secret.map(|secret| secret.expose().to_owned());
    let heir = App { server: &second.door, secret, ..app.clone() };
    let mut ada = second.browser();
    ada.sign_in("ada").await.has_status(303);
    let heirs = Tokens::of(&heir.redeem(&ada.allow(&heir, &[]).await).await);
    sweep::run_once(&server.admin).await.unwrap();
    assert!(second.opens(&heirs.access_token).await && !second.opens(&tokens.access_token).await);
    assert_ne!(heir.refresh(&tokens.refresh_token).await.status, 200);

    grow(&server, &heir).await;
    clients::delete(&server.admin, &Origin::default(), &app.client_id).await.unwrap();
    assert_eq!(left(&server).await.1, 1);
    sweep::run_once(&server.admin).await.unwrap();
    assert_eq!(left(&server).await, (3, 0), "those of the other app");
    assert!(!server.opens(&heirs.access_token).await && server.opens(&others.access_token).await);
    eventually(async || heir.refresh(&heirs.refresh_token).await.status == 401).await;
}
