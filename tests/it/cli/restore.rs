//! `countersign db restore`.

use std::{
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    process::{Child, Stdio},
    time::Duration,
};

use countersign::{clock::SystemClock, flow::start, store::Migrate};

use super::{Shell, issued::Issued, names};
use crate::support::{self, Database, Served, Tokens, is_postgres};

/// A server with people in it that was backed up, and the copy.
struct Past {
    /// Its folder lasts as long as the value.
    _shell: Shell,
    server: Served,
    issued: Issued,
    copy: String,
}

impl Past {
    async fn new() -> Self {
        let shell = Shell::new().await;
        let server = Served::start(&shell, &["--listen", "127.0.0.1:0"]);
        let issued = Issued::by(&shell, &server).await;
        let copy = shell.database.dir.path().join("copy.db").display().to_string();
        shell.run(&["db", "backup", &copy]).done();
        Self { _shell: shell, server, issued, copy }
    }

    /// Serves what was put into another place, under the name of then.
    fn serve_again(&self, shell: &Shell) -> Served {
        Served::start(shell, &["--listen", "127.0.0.1:0", "--issuer", &self.server.issuer])
    }
}

async fn copied() -> (Shell, String) {
    let shell = Shell::new().await;
    shell.run(&["user", "create", "ada"]).done();
    shell.run(&["db", "backup", "copy.db"]).done();
    let copy = shell.database.dir.path().join("copy.db").display().to_string();
    (shell, copy)
}

async fn elsewhere() -> Shell {
    Shell::at(Database::empty().await)
}

fn file(shell: &Shell) -> PathBuf {
    shell.database.dir.path().join("countersign.db")
}

#[tokio::test(flavor = "multi_thread")]
async fn postgresql_is_restored_by_its_own_tools() {
    if is_postgres() {
        let shell = elsewhere().await;
        shell.run(&["db", "restore", "copy.db"]).failed(1, "countersign db fence");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_copy_knows_everybody_and_accepts_nothing_that_was_issued_before() {
    if is_postgres() {
        return;
    }
    let past = Past::new().await;
    let keys = past.server.get("/oauth2/jwks").await.body;
    let place = elsewhere().await;
    let said = place.run(&["db", "restore", &past.copy, "--json"]).json();
    assert_eq!(said["kept_refresh"], false);
    let mode = std::fs::metadata(file(&place)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(names(&place), ["countersign.db", "serve.lock"], "one whole file, and nothing beside it");
    let server = past.serve_again(&place);
    past.issued.is_dead(&place, &server, false).await;
    past.issued.is_still_known(&server).await;
    assert_eq!(server.get("/oauth2/jwks").await.body, keys);
    let config = support::config(place.database.dir.path(), &[("COUNTERSIGN_DATABASE_URL", &place.database.url)]);
    let ctx = Box::pin(start::open(config, std::sync::Arc::new(SystemClock), Migrate::No)).await.unwrap();
    let events = ctx.store.list_events(1000).await.unwrap();
    assert!(events.iter().any(|event| event.event == "epoch.restored" && event.reason.is_none()));
}

#[tokio::test(flavor = "multi_thread")]
async fn refresh_tokens_are_kept_on_demand_except_those_that_were_used_since() {
    if is_postgres() {
        return;
    }
    let past = Past::new().await;
    let used = Tokens::of(&past.issued.photos(&past.server).refresh(&past.issued.tokens.refresh_token).await);
    let [kept, other] = [elsewhere().await, elsewhere().await];
    kept.run(&["db", "restore", &past.copy, "--keep-refresh"]).done();
    other.run(&["db", "restore", &past.copy, "--keep-refresh"]).done();
    let mut server = past.serve_again(&kept);
    past.issued.is_dead(&kept, &server, true).await;
    past.issued.is_still_known(&server).await;
    server.stop();
    // what came after the copy is unknown to it, and so is who of the two holders is the thief
    let server = past.serve_again(&other);
    past.issued.photos(&server).refresh(&used.refresh_token).await.refused("invalid_grant");
    past.issued.photos(&server).refresh(&past.issued.tokens.refresh_token).await.refused("invalid_grant");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_goes_into_an_empty_place_that_nobody_serves_from() {
    if is_postgres() {
        return;
    }
    let (shell, copy) = copied().await;
    shell.run(&["db", "restore", &copy]).failed(6, "there is a database already");
    let place = elsewhere().await;
    let mut server = Served::start(&place, &["--listen", "127.0.0.1:0", "--database-url", "sqlite:other.db"]);
    place.run(&["db", "restore", &copy]).failed(1, "serves from");
    server.stop();
    Served::start(&place, &["--listen", "127.0.0.1:0"]).kill();
    std::fs::remove_file(file(&place)).unwrap();
    // the log of the database that was here: with another file it would be read as that one's
    let log = place.database.dir.path().join("countersign.db-wal");
    assert!(log.metadata().unwrap().len() > 0);
    place.run(&["db", "restore", &copy]).failed(1, "countersign.db-wal holds changes");
    place.run(&["db", "restore", &copy]).failed(1, "copy a database with countersign db backup only");
    assert!(!file(&place).exists());
    std::fs::remove_file(log).unwrap();
    // an empty file and an index of nothing are no database
    std::fs::write(file(&place), "").unwrap();
    place.run(&["db", "restore", &copy]).done();
    place.run(&["user", "show", "ada"]).done();
    place.run(&["db", "restore", &copy]).failed(6, "there is a database already");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_sound_copy_of_ours_is_refused_and_leaves_nothing() {
    if is_postgres() {
        return;
    }
    let (shell, copy) = copied().await;
    let folder = shell.database.dir.path();
    let sound = std::fs::read(&copy).unwrap();
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.join(name), bytes).unwrap();
    write("text", b"this is no database");
    write("empty", b"");
    write("cut", &sound[..sound.len() / 2]);
    let mut scratched = sound.clone();
    // every page but the first: wherever the scratch is, it is found
    for page in scratched.chunks_mut(4096).skip(1) {
        page[..64].fill(0xff);
    }
    write("scratched", &scratched);
    write("newer", &sound);
    write("in-use", &sound);
    write("in-use-wal", b"frames");
    let at = |name: &str| Database {
        dir: tempfile::tempdir().unwrap(),
        url: format!("sqlite:{}", folder.join(name).display()),
    };
    support::sql(&at("strange"), "CREATE TABLE instance (one INTEGER)").await;
    support::sql(&at("newer"), "INSERT INTO __diesel_schema_migrations (version) VALUES ('99990101000000')").await;
    let place = elsewhere().await;
    for (name, code, words) in [
        ("nothing", 5, "there is no file"),
        (".", 5, "there is no file"),
        ("text", 1, "is no database of countersign"),
        ("empty", 1, "is no database of countersign"),
        ("strange", 1, "has none of our tables"),
        ("cut", 1, "is damaged"),
        ("scratched", 1, "is damaged"),
        ("newer", 3, "newer release"),
        ("in-use", 1, "in-use-wal holds changes"),
    ] {
        let from = folder.join(name).display().to_string();
        let said = place.run(&["db", "restore", &from]);
        assert_eq!(said.code, Some(code), "{name}: {}", said.err);
        said.failed(code, words);
        assert!(names(&place).iter().all(|left| left == "serve.lock"), "{name}: {:?}", names(&place));
    }
    place.run(&["db", "restore", &copy]).done();
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_secret_key_a_copy_is_not_restored_and_no_key_is_made() {
    if is_postgres() {
        return;
    }
    let (_shell, copy) = copied().await;
    let other = "quite another text that is long enough";
    let place = elsewhere().await.with("COUNTERSIGN_SECRET_KEY", other);
    place.run(&["db", "restore", &copy]).failed(3, "was made with another secret_key");
    let place = place.without("COUNTERSIGN_SECRET_KEY");
    place.run(&["db", "restore", &copy]).failed(3, "put the one that the backup was made with there");
    place.run(&["db", "restore", &copy]).failed(3, "name its file with COUNTERSIGN_SECRET_KEY_FILE");
    assert!(!names(&place).contains(&"secret_key".to_owned()));
    std::fs::write(place.database.dir.path().join("secret_key"), support::SECRET_KEY).unwrap();
    place.run(&["db", "restore", &copy]).done();
    // a change of keys since: both are given, and the next start seals anew under the first
    let place = elsewhere().await.with("COUNTERSIGN_SECRET_KEY", &format!("{other},{}", support::SECRET_KEY));
    place.run(&["db", "restore", &copy]).done();
    Served::start(&place, &["--listen", "127.0.0.1:0"]).stop();
    place.with("COUNTERSIGN_SECRET_KEY", other).run(&["user", "show", "ada"]).done();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_of_an_older_release_is_migrated_on_its_way() {
    if is_postgres() {
        return;
    }
    let (shell, copy) = copied().await;
    let older = Database { dir: tempfile::tempdir().unwrap(), url: format!("sqlite:{copy}") };
    support::sql(&older, include_str!("../../../migrations/sqlite/2026-11-28-000001_epoch/down.sql")).await;
    support::sql(&older, "DELETE FROM __diesel_schema_migrations WHERE version = '20261128000001'").await;
    let before = std::fs::read(&copy).unwrap();
    let place = elsewhere().await;
    place.run(&["db", "restore", &copy]).done();
    assert_eq!(place.run(&["db", "status", "--json"]).json()["up_to_date"], true);
    place.run(&["user", "show", "ada"]).done();
    assert!(before == std::fs::read(&copy).unwrap(), "the copy itself is not touched");
    drop(shell);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_by_a_clock_that_is_behind_the_copy_says_what_has_not_ended() {
    if is_postgres() {
        return;
    }
    let (_shell, copy) = copied().await;
    let said = elsewhere().await.run(&["db", "restore", &copy]).done();
    assert!(!said.err.contains("has not ended"), "{}", said.err);
    // an id says when it was made: this one at the beginning of 2100
    let later = "INSERT INTO audit_events (id, at, event, outcome, actor) \
                 VALUES (x'03bb2cc3d80070008000000000000000', 4102444800000000, 'later', 'ok', '')";
    let held = Database { dir: tempfile::tempdir().unwrap(), url: format!("sqlite:{copy}") };
    support::sql(&held, later).await;
    let said = elsewhere().await.run(&["db", "restore", &copy]).done();
    assert!(said.err.contains("2100-01-01T00:00:00Z") && said.err.contains("has not ended"), "{}", said.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_that_is_killed_leaves_everything_or_nothing() {
    if is_postgres() {
        return;
    }
    let (_shell, copy) = copied().await;
    let place = elsewhere().await;
    let begin = || {
        let quiet = || Stdio::null();
        place.command(&["db", "restore", &copy]).stdout(quiet()).stderr(quiet()).spawn().unwrap()
    };
    let leaves_everything = |mut killed: Child| {
        killed.kill().unwrap();
        killed.wait().unwrap();
        let everything = file(&place).exists();
        if everything {
            place.run(&["user", "show", "ada"]).done();
            std::fs::remove_file(file(&place)).unwrap();
        }
        everything
    };
    // as soon as there is half a file to leave behind
    let (half, mut halves) = (file(&place).with_extension("db.restoring"), 0);
    for _ in 0..5 {
        let _of_the_last_time = std::fs::remove_file(&half);
        let mut restoring = begin();
        while !half.exists() && restoring.try_wait().unwrap().is_none() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        halves += usize::from(!leaves_everything(restoring) && half.exists());
    }
    assert!(halves > 0, "no kill came while it was at it");
    // and at any time
    for delay in [0, 2, 4, 6, 8, 10, 12, 14, 16, 20, 25, 30, 40, 60] {
        let restoring = begin();
        tokio::time::sleep(Duration::from_millis(delay)).await;
        leaves_everything(restoring);
    }
    place.run(&["db", "restore", &copy]).done();
    assert_eq!(names(&place), ["countersign.db", "serve.lock"], "what a kill left is gone");
    place.run(&["user", "show", "ada"]).done();
}
