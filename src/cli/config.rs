//! `countersign config …`: what holds, where it comes from, and what there is.

use std::collections::BTreeMap;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{
    failure::{Exit, Failure},
    session::Session,
};
use crate::config::{self, Entry, Origin, table};

/// The configuration: what holds, and what there is
#[derive(Debug, Subcommand)]
pub(super) enum Config {
    /// Check files, environment and flags, without starting anything
    #[command(after_long_help = "Examples:\n  countersign config check\n  countersign -c ./new.toml config check")]
    Check,
    Show(Show),
    /// Print a complete countersign.toml, every key commented out with its default
    #[command(after_long_help = "Examples:\n  countersign config default\n  \
                                 countersign config default > countersign.toml")]
    Default,
    Explain(Explain),
}

/// Print what holds; secrets are shown as <set>
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  countersign config show --origins\n  countersign config show --json")]
pub(super) struct Show {
    /// Say where each value comes from
    #[arg(long)]
    origins: bool,
}

/// Say what one key does
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  countersign config explain tokens.access_ttl\n  \
                             countersign config explain issuer")]
pub(super) struct Explain {
    /// The key, as in tokens.access_ttl
    key: String,
}

pub(super) fn run(session: &Session, command: Config) -> Result<(), Failure> {
    let out = &session.out;
    match command {
        Config::Check => {
            let loaded = session.load(Vec::new())?;
            for warning in &loaded.warnings {
                out.warn(warning);
            }
            let given = loaded.origins.iter().filter(|entry| is_given(entry)).count();
            let files = files(&loaded.origins);
            let from = if files.is_empty() { "no file".to_owned() } else { files.join(", ") };
            let keys = if given == 1 { "key" } else { "keys" };
            let text = format!("{}  configuration  {from}, {given} {keys} set", out.paint().green("ok"));
            out.result(&json!({"ok": true, "files": files, "keys": given, "warnings": loaded.warnings}), &text)
        }
        Config::Show(Show { origins }) => {
            let loaded = session.load(Vec::new())?;
            for warning in &loaded.warnings {
                out.warn(warning);
            }
            let all: BTreeMap<String, Value> = loaded.origins.iter().map(to_json).collect();
            out.result(&json!(all), config::show(&loaded, origins).trim_start_matches('\n'))
        }
        Config::Default => {
            let text = config::default_toml();
            out.result(&json!(text), &text)
        }
        Config::Explain(Explain { key }) => explain(session, &key),
    }
}

fn explain(session: &Session, path: &str) -> Result<(), Failure> {
    let path = path.trim();
    let Some(key) = table::keys().find(|key| key.path() == path || key.variable() == path) else {
        let failure = Failure::new(Exit::NotFound, "key_not_found", format!("there is no key {path:?}"));
        return Err(failure.hint(match nearest(path) {
            Some(near) => format!("did you mean {near}?"),
            None => "countersign config default shows every key".to_owned(),
        }));
    };
    let json = json!({
        "key": key.path(),
        "doc": key.doc,
        "value": key.kind.words(),
        "default": (!key.default.is_empty()).then_some(key.default),
        "environment": key.variable(),
        "environment_file": key.file_variable(),
    });
    session.out.result(&json, &config::explain(&key.path()).unwrap_or_default())
}

/// The key with the fewest letters to change, if they are few; the section may be missing.
fn nearest(typed: &str) -> Option<String> {
    let typed = typed.to_ascii_lowercase();
    let distance = |key: &table::Key| {
        let whole = letters_between(&typed, &key.path());
        whole.min(letters_between(&typed, key.name))
    };
    let (near, letters) = table::keys().map(|key| (key.path(), distance(key))).min_by_key(|(_, letters)| *letters)?;
    (letters <= typed.chars().count() / 3).then_some(near)
}

/// Letters to insert, delete or replace (Levenshtein).
fn letters_between(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (line, letter) in from.chars().enumerate() {
        let mut next = vec![line + 1];
        for (at, (other, above)) in to.iter().zip(row.windows(2)).enumerate() {
            let (diagonal, above) =
                (above.first().copied().unwrap_or_default(), above.last().copied().unwrap_or_default());
            let left = next.get(at).copied().unwrap_or_default();
            next.push((diagonal + usize::from(letter != *other)).min(above + 1).min(left + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

fn to_json(entry: &Entry) -> (String, Value) {
    (entry.key.path(), json!({"value": entry.value, "origin": entry.origin.to_string()}))
}

const fn is_given(entry: &Entry) -> bool {
    !matches!(entry.origin, Origin::Default | Origin::Derived(_))
}

fn files(entries: &[Entry]) -> Vec<String> {
    let mut files: Vec<String> = Vec::new();
    for entry in entries {
        if let Origin::File { path, .. } = &entry.origin
            && !files.contains(path)
        {
            files.push(path.clone());
        }
    }
    files
}
