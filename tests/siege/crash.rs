//! SIGKILL at any moment: what was acknowledged is there, what was revoked stays dead, and the server is back at once.

use crate::{
    effort::{alone, effort},
    support::{Database, Served, Shell},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_starts_again() {
    let _alone = alone().await;
    let shell = Shell::at(Database::empty().await);
    for _ in 0..3 * effort() {
        let mut server = Served::start(&shell, &["--listen", "127.0.0.1:0"]);
        server.get("/health/ready").await.has_status(200);
        server.kill();
    }
}
