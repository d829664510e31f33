//! Commands beside each other, and beside a server that writes all the time.

use super::{furnish, is_calm, load::Load, within};
use crate::{
    effort::{alone, effort},
    support::{Served, Shell},
};

/// So many clients, each by a command of its own, several at a time; their ids.
async fn create_clients(shell: &Shell, many: usize) -> Vec<String> {
    let mut made = Vec::new();
    for _ in 0..many.div_ceil(8) {
        let begun: Vec<_> = (0..8)
            .map(|_| {
                let mut command =
                    shell.command(&["client", "create", "--name", "One", "--redirect-uri", super::CALLBACK, "--json"]);
                command.stdin(std::process::Stdio::null());
                tokio::task::spawn_blocking(move || crate::support::Said::from(command.output().unwrap()))
            })
            .collect();
        for said in begun {
            let made_one = within(said).await.unwrap().json();
            made.push(made_one["client_id"].as_str().unwrap().to_owned());
        }
    }
    made
}

fn all_exist(shell: &Shell, made: &[String]) {
    let listed = shell.run(&["client", "list"]).done().out;
    assert!(made.iter().all(|id| listed.contains(id.as_str())));
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_made_by_parallel_commands_all_exist_beside_a_busy_server_and_without_one() {
    let _alone = alone().await;
    let shell = Shell::new().await;
    let client = furnish(&shell, 6);
    all_exist(&shell, &create_clients(&shell, 16 * effort()).await);
    let server = Served::start(&shell, &["--listen", "127.0.0.1:0"]);
    let mut load = Load::of(&server, &client, 6).await;
    load.during(async |told| {
        told.served(20).await;
        let made = create_clients(&shell, 24 * effort()).await;
        all_exist(&shell, &made);
        let app = crate::support::App {
            server: &server,
            client_id: made[0].clone(),
            secret: None,
            redirect_uri: super::CALLBACK.to_owned(),
        };
        within(server.browser().authorize(&app, &[])).await.has_status(200);
        told.served(20).await;
    })
    .await;
    load.is_as_acknowledged().await;
    is_calm(&server, &shell);
}
