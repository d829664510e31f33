//! `countersign db fence`.

use super::{Shell, issued::Issued};
use crate::support::{Served, has_sessions, set_clock};

#[tokio::test(flavor = "multi_thread")]
async fn a_fence_ends_what_was_issued_before_it_while_the_server_runs() {
    let shell = Shell::new().await;
    let server = Served::start(&shell, &["--listen", "127.0.0.1:0"]);
    let issued = Issued::by(&shell, &server).await;
    issued.is_alive(&server).await;
    let said = shell.run(&["db", "fence", "--json"]).json();
    assert_eq!(said["kept_refresh"], false);
    issued.is_dead(&shell, &server, false).await;
    issued.is_still_known(&server).await;
    assert_eq!(shell.run(&["grant", "list", "--json"]).json().as_array().unwrap().len(), 1, "only the new one lives");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fence_that_keeps_refresh_tokens_ends_everything_else() {
    let shell = Shell::new().await;
    let server = Served::start(&shell, &["--listen", "127.0.0.1:0"]);
    let issued = Issued::by(&shell, &server).await;
    shell.run(&["db", "fence", "--keep-refresh"]).done();
    issued.is_dead(&shell, &server, true).await;
    issued.is_still_known(&server).await;
    // and a later one that keeps none ends them as well
    shell.run(&["db", "fence"]).done();
    let answer = issued.photos(&server).refresh(&issued.tokens.refresh_token).await;
    answer.refused("invalid_grant");
}

/// No epoch goes back: one begun by a clock that is ahead would shut everybody out until then.
#[tokio::test(flavor = "multi_thread")]
async fn a_fence_by_a_clock_that_is_not_the_databases_ends_nothing() {
    if !has_sessions() {
        return;
    }
    let shell = Shell::new().await;
    let server = Served::start(&shell, &["--listen", "127.0.0.1:0"]);
    let issued = Issued::by(&shell, &server).await;
    for off_by in ["1 hour", "-1 hour"] {
        set_clock(&shell.database, off_by).await;
        shell.run(&["db", "fence"]).failed(1, "nothing has ended");
    }
    issued.is_alive(&server).await;
    set_clock(&shell.database, "0").await;
    shell.run(&["db", "fence"]).done();
    issued.is_dead(&shell, &server, false).await;
}
