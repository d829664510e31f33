//! The binary at work: `serve` in a process of its own, and its command line beside it.

use std::env;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use tempfile::TempDir;

use super::app::{App, text};

/// A running server with an empty database; it ends when this is dropped.
pub(crate) struct Server {
    pub(crate) issuer: String,
    process: Child,
    binary: PathBuf,
    folder: TempDir,
}

impl Server {
    /// Starts one on a port of the system's choice. `None`, said aloud: there is no binary to start.
    pub(crate) fn start() -> Result<Option<Self>> {
        Self::start_with(&[])
    }

    /// The same, with settings in its environment.
    pub(crate) fn start_with(settings: &[(&str, &str)]) -> Result<Option<Self>> {
        let Some(binary) = binary() else {
            super::skip("no binary; build it first (cargo build) or set COUNTERSIGN_TEST_BINARY");
            return Ok(None);
        };
        let folder = TempDir::with_prefix("countersign-clients-")?;
        let log = File::create(folder.path().join("log"))?;
        let mut process = command(&binary, &folder.path().join("data"))
            .args(["serve", "--listen", "127.0.0.1:0"])
            .envs(settings.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .with_context(|| format!("{} does not start", binary.display()))?;
        let stdout = process.stdout.take().context("its stdout is piped")?;
        let mut server = Self { issuer: String::new(), process, binary, folder };
        server.issuer = issuer_from(stdout).with_context(|| format!("the server's log:\n{}", server.log()))?;
        Ok(Some(server))
    }

    /// What `path` is called from outside.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.issuer)
    }

    /// Somebody with an account.
    pub(crate) fn add_person(&self, username: &str, name: &str, password: &str) -> Result<()> {
        self.cli(&["user", "create", username, "--name", name, "--password-stdin"], password)?;
        Ok(())
    }

    /// The same, with an address.
    pub(crate) fn add_person_with_email(&self, username: &str, name: &str, email: &str, password: &str) -> Result<()> {
        let words = ["user", "create", username, "--name", name, "--email", email, "--password-stdin"];
        self.cli(&words, password)?;
        Ok(())
    }

    /// A permission, and the words people read when an app asks for it.
    pub(crate) fn add_scope(&self, name: &str, words: &str, more: &[&str]) -> Result<()> {
        self.cli(&[&["scope", "create", name, "--description", words], more].concat(), "")?;
        Ok(())
    }

    /// An app with one redirect address; `more` is appended to `client create`.
    pub(crate) fn add_app(&self, name: &str, redirect_uri: &str, more: &[&str]) -> Result<App> {
        let words = ["client", "create", "--json", "--name", name, "--redirect-uri", redirect_uri];
        self.registered(&[&words[..], more].concat(), redirect_uri)
    }

    /// A client that nobody comes back to, unless `more` says where.
    pub(crate) fn add_client(&self, name: &str, more: &[&str]) -> Result<App> {
        self.registered(&[&["client", "create", "--json", "--name", name], more].concat(), "")
    }

    fn registered(&self, words: &[&str], redirect_uri: &str) -> Result<App> {
        let shown: Value = serde_json::from_str(&self.cli(words, "")?)?;
        App::new(&self.issuer, redirect_uri, &shown)
    }

    /// A one-time link: for the first administrator, or for somebody to choose a password.
    pub(crate) fn setup_link(&self, username: Option<&str>) -> Result<String> {
        let words: Vec<_> = ["user", "setup-link", "--json"].into_iter().chain(username).collect();
        let shown: Value = serde_json::from_str(&self.cli(&words, "")?)?;
        let link = reqwest::Url::parse(text(&shown, "setup_link")?)?;
        // The command line was not told the issuer, which has a port of the system's choice.
        Ok(self.url(&format!("{}?{}", link.path(), link.query().unwrap_or_default())))
    }

    /// Runs one command on this server's database, with `input` on its stdin, and gives its stdout.
    pub(crate) fn cli(&self, words: &[&str], input: &str) -> Result<String> {
        let mut child = command(&self.binary, &self.data_dir())
            .args(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        // A command that reads nothing may be gone before it could.
        drop(child.stdin.take().context("its stdin is piped")?.write_all(input.as_bytes()));
        let done = child.wait_with_output()?;
        ensure!(
            done.status.success(),
            "`countersign {}` ended with {}: {}",
            words.join(" "),
            done.status,
            String::from_utf8_lossy(&done.stderr)
        );
        Ok(String::from_utf8(done.stdout)?)
    }

    /// Runs a line that somebody types into a shell, where `countersign` is this server's command line.
    pub(crate) fn shell(&self, line: &str) -> Result<()> {
        let folder = self.binary.parent().context("a program is in a folder")?;
        let path = env::join_paths(
            [folder.to_owned()].into_iter().chain(env::split_paths(&env::var_os("PATH").unwrap_or_default())),
        )?;
        let done = Command::new("sh")
            .args(["-euc", line])
            .env("PATH", path)
            .env("COUNTERSIGN_DATA_DIR", self.data_dir())
            .current_dir(self.folder.path())
            .output()?;
        ensure!(
            done.status.success(),
            "`{line}` ended with {}: {}",
            done.status,
            String::from_utf8_lossy(&done.stderr)
        );
        Ok(())
    }

    fn data_dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
        // Shown where the test fails.
        eprintln!("the server's log:\n{}", self.log());
    }
}

fn binary() -> Option<PathBuf> {
    if let Some(given) = env::var_os("COUNTERSIGN_TEST_BINARY") {
        return Some(given.into());
    }
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/debug/countersign");
    built.is_file().then_some(built)
}

/// The binary on one data directory, and with nobody else's settings.
fn command(binary: &Path, data_dir: &Path) -> Command {
    let mut command = Command::new(binary);
    for (name, _) in env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("COUNTERSIGN_")) {
        command.env_remove(name);
    }
    // Away from any `./countersign.toml`.
    command.current_dir(env::temp_dir()).arg("--data-dir").arg(data_dir);
    command
}

/// Reads the ready line: `countersign 0.1.0 ready: issuer http://localhost:4711 listening on …`.
fn issuer_from(stdout: impl std::io::Read + Send + 'static) -> Result<String> {
    let (tell, told) = mpsc::channel();
    // Goes on reading until the server ends, so that the server never waits for a full pipe.
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(std::result::Result::ok) {
            drop(tell.send(line));
        }
    });
    let mut seen = Vec::new();
    loop {
        match told.recv_timeout(READY_WITHIN) {
            Ok(line) => {
                if let Some((_, rest)) = line.split_once(" ready: issuer ") {
                    return Ok(rest.split_whitespace().next().context("the ready line names an issuer")?.to_owned());
                }
                seen.push(line);
            }
            Err(_) => bail!("no ready line in {READY_WITHIN:?}; it said {seen:?}"),
        }
    }
}

/// A debug build that makes its keys and its database on two busy cores.
const READY_WITHIN: Duration = Duration::from_mins(1);
