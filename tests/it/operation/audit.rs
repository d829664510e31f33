//! The audit log has what has happened, and nobody fills the disk with it.

use countersign::{
    flow::{
        Origin,
        audit::{self, Event},
    },
    store::models::AuditEvent,
};

use crate::support::{Browser, TestServer, eventually};

async fn written(server: &TestServer, name: &str) -> Vec<AuditEvent> {
    let mut events = server.admin.store.list_events(10_000).await.unwrap();
    events.retain(|event| event.event == name);
    events
}

async fn save(browser: &mut Browser<'_>, name: &str) {
    let csrf = browser.get("/account/profile").await.field("csrf");
    let fields = [("csrf", csrf.as_str()), ("name", name), ("email", "ada@example.com")];
    browser.post("/account/profile", &fields).await.has_status(303);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_that_stays_as_it_is_is_not_written_down_and_of_many_changes_only_sixty_a_minute() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    for _ in 0..5 {
        save(&mut browser, "Ada").await;
    }
    eventually(async || written(&server, "user.updated").await.len() == 1).await;
    for n in 0..80 {
        save(&mut browser, &format!("Ada {n}")).await;
    }
    eventually(async || written(&server, "user.updated").await.len() >= 60).await;
    // what somebody else does is written none the less
    let mut other = server.browser();
    server.user("bob").await;
    other.sign_in("bob").await;
    let csrf = other.get("/account/profile").await.field("csrf");
    let fields = [("csrf", csrf.as_str()), ("name", "Bob"), ("email", "bob@example.com")];
    other.post("/account/profile", &fields).await.has_status(303);
    eventually(async || written(&server, "user.updated").await.len() == 61).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn how_many_were_left_out_is_written_once_for_each_name() {
    let server = TestServer::start().await;
    let record = |name, actor, refused: bool, client_id| {
        let reason = refused.then_some("SecretWrong");
        let event = Event { name, actor, refused, reason, client_id: Some(client_id), ..Event::default() };
        audit::record(&server.admin, &Origin::default(), &event);
    };
    let revoked = async || written(&server, "token.revoked").await.len();
    for most in (50..=700).step_by(50) {
        for _ in 0..50 {
            record("token.revoked", "client", false, "printer");
        }
        // not more at once than the database takes
        eventually(async || revoked().await == most.min(600)).await;
    }
    for _ in 0..30 {
        record("token.reused", "client", true, "printer");
        record("token.revoked", "client", false, "scanner");
        record("token.revoked", "admin", false, "printer");
    }
    eventually(async || revoked().await == 600 + 30 + 30).await;
    eventually(async || written(&server, "token.reused").await.len() == 10).await;
    for _ in 0..2 {
        audit::tell_left_out(&server.admin).await;
        let told = written(&server, "audit.left_out").await;
        let mut told: Vec<&str> = told.iter().map(|event| event.reason.as_deref().unwrap()).collect();
        told.sort_unstable();
        assert_eq!(told, ["100 token.revoked", "20 token.reused"]);
    }
}
