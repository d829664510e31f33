//! Printing: results to standard output, the rest to standard error, and colours where they are wanted.

use std::{
    cell::RefCell,
    fmt::Write as _,
    io::{ErrorKind, IsTerminal, Write},
    process::ExitCode,
};

use serde_json::Value;

use super::{failure::Failure, global::Global};

/// Where a command prints.
pub(super) struct Out {
    json: bool,
    quiet: bool,
    stdout: Paint,
    stderr: Paint,
    /// With `--json` kept until it is known that the command did not fail: standard error is one value then.
    waiting: RefCell<Vec<String>>,
}

impl Out {
    pub(super) fn new(global: &Global) -> Self {
        Self {
            json: global.json,
            quiet: global.quiet,
            stdout: Paint(global.color.is_on(std::io::stdout().is_terminal())),
            stderr: Paint(global.color.is_on(std::io::stderr().is_terminal())),
            waiting: RefCell::default(),
        }
    }

    /// Is one JSON value wanted?
    pub(super) const fn is_json(&self) -> bool {
        self.json
    }

    /// Colours of standard output.
    pub(super) const fn paint(&self) -> Paint {
        self.stdout
    }

    /// The result, in one form or the other.
    pub(super) fn result(&self, json: &Value, text: &str) -> Result<(), Failure> {
        if self.json { print(&json.to_string()) } else { print(text.trim_end_matches('\n')) }
    }

    /// Good to know, and of no consequence to programs.
    pub(super) fn note(&self, text: &str) {
        if !self.quiet && !self.json {
            to_stderr(&self.stderr.dim(text));
        }
    }

    /// That a list has more than is shown: programs are warned, since what they count would be wrong.
    pub(super) fn note_more(&self, text: &str) {
        if self.json { self.warn(text) } else { self.note(text) }
    }

    /// What somebody must know for it to go on: said whatever is left out otherwise, to programs as a line of JSON.
    pub(super) fn tell(&self, json: &Value, text: &str) {
        let lines = || text.lines().map(visible).collect::<Vec<_>>().join("\n");
        to_stderr(&if self.json { json.to_string() } else { lines() });
    }

    /// Colours of standard error.
    pub(super) const fn paint_of_stderr(&self) -> Paint {
        self.stderr
    }

    /// Something the administrator should know.
    pub(super) fn warn(&self, text: &str) {
        if self.quiet {
            return;
        }
        if self.json {
            self.waiting.borrow_mut().push(text.to_owned());
        } else {
            to_stderr(&format!("{}: {text}", self.stderr.yellow("warning")));
        }
    }

    /// What waited, after success.
    pub(super) fn flush_warnings(&self) {
        for text in self.waiting.take() {
            to_stderr(&format!("warning: {text}"));
        }
    }

    /// The failure, and the code to end with.
    pub(super) fn fail(&self, failure: &Failure) -> ExitCode {
        if self.json {
            to_stderr(&failure.to_json().to_string());
        } else {
            to_stderr(&failure.to_text(&self.stderr.red("error"), &self.stderr.bold("hint")));
        }
        ExitCode::from(failure.exit as u8)
    }
}

/// To standard output, with a newline. A reader that has gone away is no failure.
fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = std::io::stdout().lock();
    match writeln!(stdout, "{text}").and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::failed(format!("cannot write the result: {error}")))
        }
        _ => Ok(()),
    }
}

fn to_stderr(text: &str) {
    let _stream_closed = writeln!(std::io::stderr().lock(), "{text}");
}

/// Colours, if they are wanted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paint(bool);

impl Paint {
    pub(super) fn bold(self, text: &str) -> String {
        self.with("1", text)
    }

    pub(super) fn dim(self, text: &str) -> String {
        self.with("2", text)
    }

    pub(super) fn red(self, text: &str) -> String {
        self.with("1;31", text)
    }

    pub(super) fn green(self, text: &str) -> String {
        self.with("1;32", text)
    }

    /// Whatever the terminal's own colours are.
    pub(super) fn black_on_white(self, text: &str) -> String {
        self.with("30;47", text)
    }

    pub(super) const fn is_on(self) -> bool {
        self.0
    }

    pub(super) fn yellow(self, text: &str) -> String {
        self.with("1;33", text)
    }

    fn with(self, code: &str, text: &str) -> String {
        if self.0 { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

/// Names and values below each other, indented by two.
#[derive(Default)]
pub(super) struct Block(Vec<(String, String)>);

impl Block {
    /// Adds a line; an empty value adds none.
    pub(super) fn line(mut self, name: &str, value: impl AsRef<str>) -> Self {
        if !value.as_ref().is_empty() {
            self.0.push((name.to_owned(), value.as_ref().to_owned()));
        }
        self
    }

    /// Adds a line for each value, the name before the first.
    pub(super) fn lines<T: AsRef<str>>(mut self, name: &str, values: &[T]) -> Self {
        for (at, value) in values.iter().enumerate() {
            self = self.line(if at == 0 { name } else { "" }, value);
        }
        self
    }

    pub(super) fn to_text(&self) -> String {
        let width = self.0.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default();
        let mut text = String::new();
        for (name, value) in &self.0 {
            let _ = writeln!(text, "  {name:width$}  {}", visible(value));
        }
        text
    }
}

/// Are these as many as were asked for at most, so that there may be more?
pub(super) fn is_cut<T>(found: &[T], limit: i64) -> bool {
    i64::try_from(found.len()).is_ok_and(|found| found == limit)
}

/// Rows below each other under a heading; nothing but `none` when there are no rows.
pub(super) fn table(paint: Paint, heading: &[&str], rows: &[Vec<String>], none: &str) -> String {
    if rows.is_empty() {
        return none.to_owned();
    }
    let rows: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(|cell| visible(cell)).collect()).collect();
    let width = |at: usize| {
        let cells = rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.chars().count());
        cells.chain(heading.get(at).map(|title| title.chars().count())).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..heading.len()).map(width).collect();
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let mut line = String::new();
        for (cell, width) in cells.zip(&widths) {
            let _ = write!(line, "{cell:width$}  ");
        }
        line.trim_end().to_owned()
    };
    let mut text = paint.dim(&line(&mut heading.iter().copied()));
    for row in &rows {
        text.push('\n');
        text.push_str(&line(&mut row.iter().map(String::as_str)));
    }
    text
}

/// What somebody else typed must not move a terminal's cursor. Escapes of our own colours pass.
pub(super) fn visible(text: &str) -> String {
    let ours = |rest: &str| rest.starts_with('[') && rest.split_once('m').is_some_and(|(code, _)| code.len() <= 5);
    let shown = text.char_indices().map(|(at, c)| match c {
        '\x1b' if text.get(at + 1..).is_some_and(ours) => c,
        c if c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') => '\u{fffd}',
        c => c,
    });
    shown.collect()
}
