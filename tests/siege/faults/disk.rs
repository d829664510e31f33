//! No room left to write: a file-size limit (`EFBIG`), or a file system that is full (`ENOSPC`). `SQLite` only: what
//! becomes of the other database's disk is that database's.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    process::Command,
};

use diesel::{Connection, SqliteConnection, connection::SimpleConnection};

use super::{furnish, is_calm, is_ready, load::Load, until};
use crate::{
    effort::{alone, effort},
    support::{Database, Said, Served, Shell, is_postgres},
};

/// From now on no file of the server grows beyond this; `None`: they may again.
fn limit(server: &Served, bytes: Option<u64>) {
    let soft = bytes.map_or_else(|| "unlimited".to_owned(), |bytes| bytes.to_string());
    let told = Command::new("prlimit").args(["--pid", &server.pid().to_string(), &format!("--fsize={soft}:")]).status();
    assert!(told.unwrap().success());
}

/// The log of changes is empty, and its place is given back: whatever is written next needs room.
fn empty_the_log(shell: &Shell) {
    let path = shell.database.url.strip_prefix("sqlite:").unwrap();
    let mut other = SqliteConnection::establish(path).unwrap();
    other.batch_execute("PRAGMA busy_timeout = 20000; PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
}

/// Runs a command that has to end by itself; `limit`: its files grow to so many bytes at most.
fn run_within(shell: &Shell, limit: Option<u64>, args: &[&str]) -> Said {
    let inner = shell.command(args);
    let mut outer = Command::new("timeout");
    outer.arg("60");
    if let Some(bytes) = limit {
        outer.args(["prlimit", &format!("--fsize={bytes}")]);
    }
    outer.arg(inner.get_program()).args(inner.get_args());
    outer.current_dir(inner.get_current_dir().unwrap());
    for (name, value) in inner.get_envs() {
        match value {
            Some(value) => outer.env(name, value),
            None => outer.env_remove(name),
        };
    }
    Said::from(outer.output().unwrap())
}

/// The names in the shell's folder, but for those that `SQLite` itself keeps beside the database.
fn files(shell: &Shell) -> Vec<String> {
    let names = fs::read_dir(shell.database.dir.path()).unwrap();
    let mut names: Vec<String> = names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| !name.starts_with("countersign.db-"));
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_log_of_changes_can_grow_no_further_changes_get_503_and_nothing_acknowledged_is_lost() {
    let _alone = alone().await;
    if is_postgres() {
        return;
    }
    let shell = Shell::new().await;
    let client = furnish(&shell, 6);
    let server = Served::start(&shell, &["--listen", "127.0.0.1:0"]);
    let mut load = Load::of(&server, &client, 6).await;
    for _ in 0..2 * effort() {
        load.during(async |told| {
            told.served(50).await;
            empty_the_log(&shell);
            limit(&server, Some(64 * 1024));
            told.refused(20).await;
            until(async || !is_ready(&server).await).await;
            limit(&server, None);
            until(async || is_ready(&server).await).await;
            told.served(50).await;
        })
        .await;
        load.is_as_acknowledged().await;
    }
    is_calm(&server, &shell);
    shell.run(&["db", "backup", "copy.db"]).done();
}

#[tokio::test]
async fn a_first_start_without_room_says_so_and_the_next_one_with_room_succeeds() {
    let _alone = alone().await;
    if is_postgres() {
        return;
    }
    for bytes in [1, 4096, 20_000, 65_536, 100_000] {
        let shell = Shell::at(Database::empty().await);
        let said = run_within(&shell, Some(bytes), &["serve", "--listen", "127.0.0.1:0"]);
        assert!(matches!(said.code, Some(1 | 3)), "{bytes}: {:?} {}{}", said.code, said.out, said.err);
        let words = ["disk I/O error", "is full", "File too large", "unable to open"];
        assert!(words.iter().any(|words| said.err.contains(words)), "{bytes}: {}", said.err);
        let server = Served::start(&shell, &["--listen", "127.0.0.1:0"]);
        assert!(is_ready(&server).await);
        shell.run(&["user", "create", "ada"]).done();
        is_calm(&server, &shell);
    }
}

#[tokio::test]
async fn a_backup_without_room_leaves_no_half_a_copy() {
    let _alone = alone().await;
    if is_postgres() {
        return;
    }
    let shell = Shell::new().await;
    shell.run(&["user", "create", "ada"]).done();
    let before = files(&shell);
    for bytes in [1, 4096, 65_536] {
        let said = run_within(&shell, Some(bytes), &["db", "backup", "copy.db"]);
        assert_eq!(said.code, Some(1), "{}{}", said.out, said.err);
        assert!(said.err.starts_with("error: "), "{}", said.err);
        assert_eq!(files(&shell), before, "{bytes}");
    }
    shell.run(&["db", "backup", "copy.db"]).done();
    shell.run(&["user", "show", "ada", "--database-url", "sqlite:copy.db"]).done();
}

/// A small file system of its own; it goes with this value.
struct Small(PathBuf);

impl Small {
    /// `None` where nothing may be mounted. The same by a file-size limit is shown everywhere; so the gate lets this
    /// pass, which is said past the test runner's capture, on a line of its own.
    fn mount() -> Option<Self> {
        let place = tempfile::tempdir().unwrap().keep();
        let mut mount = Command::new("mount");
        let said = mount.args(["-t", "tmpfs", "-o", "size=48m", "tmpfs"]).arg(&place).output().unwrap();
        if said.status.success() {
            return Some(Self(place));
        }
        fs::remove_dir(&place).unwrap();
        let (test, why) = (std::thread::current(), String::from_utf8_lossy(&said.stderr).into_owned());
        let (test, why) = (test.name().unwrap(), why.lines().next().unwrap_or_default());
        drop(writeln!(io::stderr(), "\nskipped: {test}: nothing may be mounted here: {why}"));
        None
    }

    /// Uses all of it up, but for so many bytes.
    fn fill(&self, left: usize) -> PathBuf {
        let filler = self.0.join("filler");
        let mut file = fs::File::create(&filler).unwrap();
        let block = vec![0; 64 * 1024];
        while file.write_all(&block).is_ok() {}
        drop(file);
        let all = fs::metadata(&filler).unwrap().len();
        let kept = all.saturating_sub(left as u64);
        fs::File::options().write(true).open(&filler).unwrap().set_len(kept).unwrap();
        filler
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _was_mounted = Command::new("umount").arg("-l").arg(&self.0).status();
        let _is_empty = fs::remove_dir(&self.0);
    }
}

/// The shell's folder is on the small file system, with the server's log: that cannot be written either.
fn shell_on(small: &Path, file: Option<&Path>) -> Shell {
    let dir = tempfile::tempdir_in(small).unwrap();
    let path = dir.path().join("countersign.db");
    if let Some(file) = file {
        fs::copy(file, &path).unwrap();
    }
    Shell::at(Database { url: format!("sqlite:{}", path.display()), dir })
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_full_disk_the_server_answers_503_and_goes_on_when_there_is_room_again() {
    let _alone = alone().await;
    if is_postgres() {
        return;
    }
    let Some(small) = Small::mount() else { return };
    let template = Database::fresh().await;
    let shell = shell_on(&small.0, Some(&template.dir.path().join("countersign.db")));
    let client = furnish(&shell, 4);
    let server = Served::start(&shell, &["--listen", "127.0.0.1:0"]);
    let mut load = Load::of(&server, &client, 4).await;
    for _ in 0..2 * effort() {
        load.during(async |told| {
            told.served(30).await;
            empty_the_log(&shell);
            let filler = small.fill(0);
            told.refused(20).await;
            until(async || !is_ready(&server).await).await;
            let said = shell.run(&["user", "create", "bob"]);
            assert_eq!(said.code, Some(1), "{}{}", said.out, said.err);
            fs::remove_file(filler).unwrap();
            until(async || is_ready(&server).await).await;
            told.served(30).await;
        })
        .await;
        load.is_as_acknowledged().await;
        shell.run(&["user", "create", "bob"]).done();
        shell.run(&["user", "delete", "bob"]).done();
    }
    is_calm(&server, &shell);
}

#[tokio::test]
async fn a_first_start_on_a_full_disk_says_so_and_the_next_one_with_room_succeeds() {
    let _alone = alone().await;
    if is_postgres() {
        return;
    }
    let Some(small) = Small::mount() else { return };
    for left in [0, 8192, 65_536, 100_000] {
        let shell = shell_on(&small.0, None);
        let filler = small.fill(left);
        let said = run_within(&shell, None, &["serve", "--listen", "127.0.0.1:0"]);
        assert!(matches!(said.code, Some(1 | 3)), "{left}: {:?} {}{}", said.code, said.out, said.err);
        let words = ["is full", "No space left", "disk I/O error", "unable to open"];
        assert!(words.iter().any(|words| said.err.contains(words)), "{left}: {}", said.err);
        fs::remove_file(filler).unwrap();
        let server = Served::start(&shell, &["--listen", "127.0.0.1:0"]);
        assert!(is_ready(&server).await);
        is_calm(&server, &shell);
    }
}
