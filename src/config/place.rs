//! Where a value stands, for errors and for `config show --origins`.

use std::{fmt, ops::Range, sync::Arc};

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nobody gave it.
    Default,
    /// Nobody gave it; it follows from another key, which is named.
    Derived(&'static str),
    /// A line of a configuration file.
    File {
        /// The file, as it was named.
        path: String,
        /// From 1.
        line: usize,
    },
    /// An environment variable.
    Environment(String),
    /// A file with the value alone, and what named it: `COUNTERSIGN_SECRET_KEY_FILE` or `secret_key_file`.
    NamedFile(String),
    /// A systemd credential.
    Credential,
    /// A flag of the command line.
    Flag,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Derived(from) => write!(f, "default, from {from}"),
            Self::File { path, line } => write!(f, "file {path}:{line}"),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::NamedFile(by) => write!(f, "file {by}"),
            Self::Credential => f.write_str("credential"),
            Self::Flag => f.write_str("flag"),
        }
    }
}

/// A configuration file that was read.
#[derive(Debug)]
pub(super) struct SourceFile {
    /// As it was named.
    pub(super) path: String,
    pub(super) text: String,
}

/// Where to point when a value is wrong.
#[derive(Debug, Clone)]
pub(super) enum Place {
    /// A key of a configuration file: the bytes of the key, of its value, and of each item of a list.
    File { file: Arc<SourceFile>, key: Range<usize>, value: Range<usize>, items: Vec<Range<usize>> },
    /// A variable; its value unless it is secret.
    Environment { name: String, value: Option<String> },
    /// A file with the value alone, and what named it.
    NamedFile { by: String, path: String },
    /// A systemd credential.
    Credential { path: String },
    /// A flag; its value unless it is secret.
    Flag { name: String, value: Option<String> },
}

impl Place {
    pub(super) fn origin(&self) -> Origin {
        match self {
            Self::File { file, key, .. } => {
                Origin::File { path: file.path.clone(), line: Position::of(&file.text, key.start).line }
            }
            Self::Environment { name, .. } => Origin::Environment(name.clone()),
            Self::NamedFile { by, .. } => Origin::NamedFile(by.clone()),
            Self::Credential { .. } => Origin::Credential,
            Self::Flag { .. } => Origin::Flag,
        }
    }
}

/// A line and a column, both from 1, and the text of that line.
pub(super) struct Position<'a> {
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) text: &'a str,
}

impl<'a> Position<'a> {
    /// Where byte `at` of `text` is.
    pub(super) fn of(text: &'a str, at: usize) -> Self {
        let at = text.floor_char_boundary(at.min(text.len()));
        let (before, after) = text.split_at(at);
        let begins = before.rfind('\n').map_or(0, |newline| newline + 1);
        let ends = after.find('\n').map_or(text.len(), |newline| at + newline);
        let line = text.get(begins..ends).unwrap_or_default().trim_end_matches('\r');
        let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
        Self { line: before.matches('\n').count() + 1, column, text: line }
    }
}
