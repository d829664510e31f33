//! Reading secrets and answers: never from arguments, which others on the machine can see.

use std::{
    io::{BufRead, IsTerminal, Read, Write},
    path::{Path, PathBuf},
};

use clap::Args;

use super::{failure::Failure, session::Session};

/// More than any password or token has.
const LONGEST: u64 = 64 * 1024;

/// Where a password comes from.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct PasswordFrom {
    /// Read the password from standard input, one line
    #[arg(long)]
    pub(super) password_stdin: bool,
    /// Read the password from a file of one line
    #[arg(long, value_name = "FILE", conflicts_with = "password_stdin")]
    pub(super) password_file: Option<PathBuf>,
}

impl PasswordFrom {
    /// The password, if one is to be read.
    pub(super) fn read(&self) -> Result<Option<String>, Failure> {
        match &self.password_file {
            Some(path) => read_file(path).map(Some),
            None if self.password_stdin => read_stdin("Password (it shows while you type): ").map(Some),
            None => Ok(None),
        }
    }
}

/// One line of standard input, without its newline.
pub(super) fn read_stdin(prompt: &str) -> Result<String, Failure> {
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        ask(prompt);
    }
    let mut line = Vec::new();
    let read = stdin.lock().take(LONGEST).read_until(b'\n', &mut line);
    read.map_err(|error| Failure::failed(format!("cannot read standard input: {error}")))?;
    if line.len() as u64 == LONGEST {
        return Err(Failure::failed("the line on standard input is too long"));
    }
    let text = String::from_utf8(line).map_err(|_| Failure::failed("standard input is not UTF-8"))?;
    one_line(&text, "standard input")
}

pub(super) fn read_file(path: &Path) -> Result<String, Failure> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::failed(format!("cannot read {}: {error}", path.display())))?;
    one_line(&text, &path.display().to_string())
}

fn one_line(text: &str, from: &str) -> Result<String, Failure> {
    let line = text.strip_suffix('\n').unwrap_or(text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    if line.is_empty() {
        return Err(Failure::failed(format!("{from} is empty")).hint("write the secret there, on one line"));
    }
    if line.contains('\n') {
        return Err(Failure::failed(format!("{from} has more than one line")).hint("write one line"));
    }
    Ok(line.to_owned())
}

/// Asks before something that cannot be undone; only a person at a terminal who did not say `--yes` is asked.
pub(super) fn confirm(session: &Session, question: &str) -> Result<(), Failure> {
    let stdin = std::io::stdin();
    if session.global.yes || !stdin.is_terminal() {
        return Ok(());
    }
    ask(&format!("{question} [y/N] "));
    let mut line = String::new();
    let read = stdin.lock().take(LONGEST).read_line(&mut line);
    read.map_err(|error| Failure::failed(format!("cannot read standard input: {error}")))?;
    match line.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(Failure::failed("nothing was changed")),
    }
}

fn ask(question: &str) {
    let mut stderr = std::io::stderr().lock();
    let _stream_closed = write!(stderr, "{question}").and_then(|()| stderr.flush());
}
