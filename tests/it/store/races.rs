//! What the store promises when many come at once.

use futures_util::future::join_all;

use crate::support::TestServer;

#[tokio::test(flavor = "multi_thread")]
async fn many_clients_made_at_once_all_exist() {
    let server = TestServer::start().await;
    let apps = join_all((0..40).map(|_| server.app())).await;
    let listed = countersign::flow::admin::clients::list(&server.admin).await.unwrap();
    assert!(apps.iter().all(|app| listed.iter().any(|client| client.client_id == app.client_id)));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_people_signing_in_at_once_each_get_a_code_of_their_own() {
    let server = TestServer::start().await;
    let app = server.app().await;
    let codes = join_all((0..24).map(|n| {
        let (server, app) = (&server, &app);
        async move {
            let name = format!("person{n}");
            server.user(&name).await;
            let mut browser = server.browser();
            browser.sign_in(&name).await.has_status(303);
            let tokens = app.tokens(&mut browser, &[]).await;
            assert_eq!(server.resource(&tokens.access_token).await.json()["user"], name.as_str());
            tokens.access_token
        }
    }))
    .await;
    assert_eq!(codes.len(), 24);
}
