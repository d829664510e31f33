//! The built program, as a terminal or a script runs it.

mod clients;
mod config;
mod database;
mod failures;
mod keys;
mod scopes;
mod serve;
mod users;

use std::{
    io::Write,
    process::{Command, Output, Stdio},
};

use serde_json::Value;

use super::support::Database;

/// Opens what these tests sealed.
const SECRET_KEY: &str = "the key of the tests which is long enough";

/// A folder with a database, and nothing else of the machine's configuration.
struct Shell {
    database: Database,
    env: Vec<(String, String)>,
}

/// What a command said and how it ended.
struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Shell {
    /// In front of a database that is ready.
    async fn new() -> Self {
        Self::at(Database::fresh().await)
    }

    fn at(database: Database) -> Self {
        Self { database, env: Vec::new() }
    }

    /// With another value of the environment.
    fn with(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("COUNTERSIGN_") {
                command.env_remove(name);
            }
        }
        command
            .current_dir(self.database.dir.path())
            .env("COUNTERSIGN_DATABASE_URL", &self.database.url)
            .env("COUNTERSIGN_DATA_DIR", self.database.dir.path())
            .env("COUNTERSIGN_SECRET_KEY", SECRET_KEY)
            .env("COUNTERSIGN_PASSWORD__MEMORY", "64")
            .env("COUNTERSIGN_PASSWORD__ITERATIONS", "1")
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .args(args);
        command
    }

    /// Runs a command that reads nothing.
    fn run(&self, args: &[&str]) -> Said {
        self.run_with("", args)
    }

    /// Runs a command with this on its standard input.
    fn run_with(&self, input: &str, args: &[&str]) -> Said {
        let mut child =
            self.command(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let _it_may_not_read = child.stdin.take().unwrap().write_all(input.as_bytes());
        Said::from(child.wait_with_output().unwrap())
    }
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }
}

impl Said {
    /// It was done.
    #[track_caller]
    fn done(self) -> Self {
        assert_eq!(self.code, Some(0), "{}{}", self.out, self.err);
        self
    }

    /// It was done, and this is the one JSON value it printed.
    #[track_caller]
    fn json(self) -> Value {
        let said = self.done();
        serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {}", said.out))
    }

    /// It ended with this code and these words, without a result.
    #[track_caller]
    fn failed(self, code: i32, words: &str) {
        assert_eq!(self.code, Some(code), "{}{}", self.out, self.err);
        assert!(self.err.contains(words), "{words:?} is not in: {}", self.err);
        assert_eq!(self.out, "", "a failure prints no result");
    }
}
