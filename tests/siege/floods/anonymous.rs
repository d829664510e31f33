//! Authorization requests by the thousand, from nobody.

use futures_util::future::join_all;

use super::{MIB, all_is_as_before, memory_stayed_below, serve, shell_with};
use crate::{
    effort::{alone, effort},
    support::{App, rows},
};

#[tokio::test(flavor = "multi_thread")]
async fn authorization_requests_without_a_session_fill_neither_memory_nor_disk() {
    let _alone = alone().await;
    let shell = shell_with(&["ada"], &[]).await;
    let made = ["client", "create", "--name", "Notes", "--redirect-uri", "https://app.example/cb", "--json"];
    let made = shell.run(&made).json();
    let server = serve(&shell);
    let app = App {
        server: &server,
        client_id: made["client_id"].as_str().unwrap().to_owned(),
        secret: made["client_secret"].as_str().map(str::to_owned),
        redirect_uri: "https://app.example/cb".to_owned(),
    };
    all_is_as_before(&server, "ada").await;
    // what the last sign-in still had to write down
    let settled = async || {
        let now = rows(&shell.database).await;
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        now == rows(&shell.database).await
    };
    crate::support::eventually(settled).await;
    let (before, memory) = (rows(&shell.database).await, server.memory("VmRSS"));
    let longest = "x".repeat(2_000);
    join_all((0..20).map(async |_| {
        for n in 0..100 * effort() {
            let state = format!("{n}{longest}");
            let path = app.authorize_path(&[("state", &state)]);
            let reply = server.browser().get(&path).await;
            reply.has_status(200).says("id=\"login\"");
            // what is refused leaves nothing, either
            let refused = match n % 3 {
                0 => app.authorize_path(&[("client_id", "unknown")]),
                1 => app.authorize_path(&[("redirect_uri", "https://evil.example/")]),
                _ => app.authorize_path(&[("scope", "nonsense")]),
            };
            server.get(&refused).await;
            server.get(&app.authorize_path(&[("prompt", "none")])).await;
        }
    }))
    .await;
    assert_eq!(rows(&shell.database).await, before);
    let grown = server.memory("VmRSS").saturating_sub(memory);
    eprintln!("{} anonymous requests: {} KiB more", 6_000 * effort(), grown / 1024);
    assert!(grown < 64 * MIB, "{grown}");
    all_is_as_before(&server, "ada").await;
    memory_stayed_below(&server, 256 * MIB);
}
