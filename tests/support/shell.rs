//! The built program, as a terminal or a script runs it.

use std::{
    io::Write,
    process::{Command, Output, Stdio},
};

use serde_json::Value;

use super::{Database, SECRET_KEY};

/// A folder with a database, and nothing else of the machine's configuration.
pub(crate) struct Shell {
    pub(crate) database: Database,
    env: Vec<(String, String)>,
    left_out: Vec<String>,
    before: Option<String>,
}

/// What a command said and how it ended.
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Shell {
    /// In front of a database that is ready.
    pub(crate) async fn new() -> Self {
        Self::at(Database::fresh().await)
    }

    pub(crate) fn at(database: Database) -> Self {
        Self { database, env: Vec::new(), left_out: Vec::new(), before: None }
    }

    /// With another value of the environment.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Without a value that every test has.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.env.retain(|(known, _)| known != name);
        self.left_out.push(name.to_owned());
        self
    }

    /// After these words of a shell, in the same process: `umask 000`, `ulimit -Sn 64`.
    pub(crate) fn after(mut self, words: &str) -> Self {
        self.before = Some(format!("{words}; exec \"$0\" \"$@\""));
        self
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let program = env!("CARGO_BIN_EXE_countersign");
        let mut command = if let Some(before) = &self.before {
            let mut shell = Command::new("sh");
            shell.args(["-c", before, program]);
            shell
        } else {
            Command::new(program)
        };
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
            .env("COUNTERSIGN_LIMITS__WAIT", "1h")
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .args(args);
        for name in &self.left_out {
            command.env_remove(name);
        }
        command
    }

    /// Runs a command that reads nothing.
    pub(crate) fn run(&self, args: &[&str]) -> Said {
        self.run_with("", args)
    }

    /// Runs a command with this on its standard input.
    pub(crate) fn run_with(&self, input: &str, args: &[&str]) -> Said {
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
    pub(crate) fn done(self) -> Self {
        assert_eq!(self.code, Some(0), "{}{}", self.out, self.err);
        self
    }

    /// It was done, and this is the one JSON value it printed.
    #[track_caller]
    pub(crate) fn json(self) -> Value {
        let said = self.done();
        serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {}", said.out))
    }

    /// It ended with this code and these words, without a result.
    #[track_caller]
    pub(crate) fn failed(self, code: i32, words: &str) {
        assert_eq!(self.code, Some(code), "{}{}", self.out, self.err);
        assert!(self.err.contains(words), "{words:?} is not in: {}", self.err);
        assert_eq!(self.out, "", "a failure prints no result");
    }
}
