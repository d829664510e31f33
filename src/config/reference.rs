//! The table of keys, for people: the commented file, the reference page, what holds now.

use std::fmt::Write as _;

use super::{
    Entry, Loaded, Origin,
    table::{Key, Kind, SECTIONS, Section, find},
};

/// A complete `countersign.toml` in which every key is commented out, with its default and its meaning.
#[must_use]
pub fn default_toml() -> String {
    let mut page = String::from(
        "# The configuration of countersign. Each key stands below its explanation, commented out, with its default;\n\
         # remove the # before it to change it. docs/configuration.md has the rules.\n",
    );
    for section in SECTIONS {
        if !section.name.is_empty() {
            let _ = write!(page, "\n\n# {}\n[{}]\n", section.doc, section.name);
        }
        for key in section.keys {
            page.push('\n');
            for line in wrapped(&about(key), 116) {
                let _ = writeln!(page, "# {line}");
            }
            let value = if key.default.is_empty() { key.example.unwrap_or_default() } else { key.default };
            let _ = writeln!(page, "#{} = {}", key.name, literal(key.kind, value));
            if let Some(file) = key.file_name() {
                let _ = writeln!(page, "#{file} = \"/run/secrets/{}\"", key.name);
            }
        }
    }
    page
}

/// `docs/configuration.md`: the rules, then the keys.
#[must_use]
pub fn reference_markdown() -> String {
    let mut page = String::from(RULES);
    for section in SECTIONS {
        let title =
            if section.name.is_empty() { "Top of the file".to_owned() } else { format!("`[{}]`", section.name) };
        let _ = write!(page, "\n## {title}\n\n{}\n\n| key | value | default | what it does |\n", section.doc);
        page.push_str("| --- | --- | --- | --- |\n");
        for key in section.keys {
            let default = match key.default {
                "" => "none".to_owned(),
                text => format!("`{}`", literal(key.kind, text)),
            };
            let _ = writeln!(page, "| `{}` | {} | {default} | {} |", key.name, values(key), key.doc);
        }
    }
    page
}

/// What one key is for: for `config explain`. `None` when there is no such key.
#[must_use]
pub fn explain(path: &str) -> Option<String> {
    let key = find(path)?;
    let default = if key.default.is_empty() { "none".to_owned() } else { literal(key.kind, key.default) };
    let mut page = format!("{}\n\n", key.path());
    for line in wrapped(key.doc, 78) {
        let _ = writeln!(page, "  {line}");
    }
    let _ = write!(page, "\n  value        {}\n  default      {default}\n", values(key));
    let _ = writeln!(page, "  environment  {}", key.variable());
    if let Some(file) = key.file_variable() {
        let _ = writeln!(page, "               {file}");
    }
    Some(page)
}

/// The configuration that holds, as TOML; with a comment on each line that says where it came from, if asked.
/// Secrets are `<set>`.
#[must_use]
pub fn show(loaded: &Loaded, with_origins: bool) -> String {
    let mut page = String::new();
    for section in SECTIONS {
        if !section.name.is_empty() {
            let _ = write!(page, "\n[{}]\n", section.name);
        }
        let entries: Vec<(&Entry, String)> = of(loaded, section).map(|entry| (entry, line(entry))).collect();
        let width = entries.iter().map(|(_, line)| line.chars().count()).max().unwrap_or_default();
        for (entry, line) in entries {
            let _ = if with_origins {
                writeln!(page, "{line:width$}  # {}", entry.origin)
            } else {
                writeln!(page, "{line}")
            };
        }
    }
    page
}

fn of<'a>(loaded: &'a Loaded, section: &'a Section) -> impl Iterator<Item = &'a Entry> {
    loaded.origins.iter().filter(|entry| entry.key.section == section.name)
}

/// A key without a value is a comment, so that the page stays TOML; a list that was emptied is a value.
fn line(entry: &Entry) -> String {
    let Entry { key, value, origin } = entry;
    match value.as_str() {
        "" if key.kind.is_list() && *origin != Origin::Default => format!("{} = []", key.name),
        "" => format!("# {} is not set", key.name),
        "<set>" => format!("{} = \"<set>\"", key.name),
        value => format!("{} = {}", key.name, literal(key.kind, value)),
    }
}

/// As it is written in TOML.
fn literal(kind: Kind, value: &str) -> String {
    let quoted = |text: &str| toml::Value::from(text).to_string();
    match kind {
        Kind::Bool | Kind::Integer => value.to_owned(),
        Kind::Size if value.bytes().all(|b| b.is_ascii_digit()) => value.to_owned(),
        // a secret is one text as a rule
        kind if kind.is_list() && !kind.is_secret() => {
            format!("[{}]", value.split(',').map(|item| quoted(item.trim())).collect::<Vec<_>>().join(", "))
        }
        _ => quoted(value),
    }
}

fn about(key: &Key) -> String {
    let none = if key.default.is_empty() { " Not set by default; for example:" } else { "" };
    match (key.bounds, key.unit) {
        (Some((least, greatest)), Some(unit)) => format!("{} From {least} to {greatest} {unit}.{none}", key.doc),
        (Some((least, greatest)), _) => format!("{} From {least} to {greatest}.{none}", key.doc),
        _ => format!("{}{none}", key.doc),
    }
}

fn values(key: &Key) -> String {
    let unit = key.unit.map(|unit| format!(" of {unit}")).unwrap_or_default();
    let bounds = key.bounds.map(|(least, greatest)| format!(", {least} to {greatest}")).unwrap_or_default();
    format!("{}{unit}{bounds}", key.kind.words())
}

fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

const RULES: &str = include_str!("rules.md");

#[cfg(test)]
mod tests;
