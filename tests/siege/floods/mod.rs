//! Floods: more sign-ins, connections, heads, bodies and requests than the server can take. Memory and queues stay
//! bounded, the excess is told 503, health and metadata are answered meanwhile, and afterwards all is as before.

mod anonymous;
mod bystander;
mod connections;
mod hashing;
mod idle;
mod line;
mod load;
mod pipeline;
mod slow;
mod stop;

use crate::support::{PASSWORD, Reply, Served, Shell, eventually};

const MIB: u64 = 1024 * 1024;

/// A database in which these people have the usual password.
async fn shell_with(people: &[&str], env: &[(&str, &str)]) -> Shell {
    let shell = env.iter().fold(Shell::new().await, |shell, (name, value)| shell.with(name, value));
    for name in people {
        shell.run_with(PASSWORD, &["user", "create", name, "--password-stdin"]).done();
    }
    shell
}

fn serve(shell: &Shell) -> Served {
    Served::start(shell, &["--listen", "127.0.0.1:0"])
}

/// Told to come again, and when.
#[track_caller]
fn is_told_to_come_again(reply: &Reply) -> bool {
    if reply.status != 503 {
        return false;
    }
    assert!(reply.header("retry-after").parse::<u32>().is_ok(), "{:?} {}", reply.headers, reply.body);
    true
}

/// Nothing is left of the flood: whoever comes signs in.
async fn all_is_as_before(server: &Served, name: &str) {
    eventually(async || {
        let mut browser = server.browser();
        browser.sign_in(name).await.status == 303 && browser.get("/account").await.status == 200
    })
    .await;
    server.get("/health/ready").await.has_status(200);
}

/// What the server has taken at most since it began; said aloud, and bounded.
#[track_caller]
fn memory_stayed_below(server: &Served, bytes: u64) {
    let peak = server.memory("VmHWM");
    eprintln!("peak memory: {} MiB", peak / MIB);
    assert!(peak < bytes, "{} MiB at the peak", peak / MIB);
}
