//! `docs/errors.md`, as the demo's app shows it: every row has an anchor, the name of its refusal.

/// The document, as this build has it.
const TEXT: &str = include_str!("../../docs/errors.md");

/// What the document is made of.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// `##`
    Heading(String),
    /// Some sentences.
    Words(String),
    /// A row of a table.
    Row(Explained),
}

/// A row: a refusal and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Explained {
    /// The refusal, as logs name it.
    pub(crate) name: String,
    /// OAuth's word for it, with the status when it is not 400.
    pub(crate) error: String,
    /// What the app reads.
    pub(crate) reads: String,
    /// What to do.
    pub(crate) remedy: String,
}

/// The document, part by part.
pub(crate) fn parts() -> Vec<Part> {
    let mut parts = Vec::new();
    for line in TEXT.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("# ")) {
        if let Some(heading) = line.strip_prefix("## ") {
            parts.push(Part::Heading(heading.to_owned()));
        } else if let Some(row) = line.strip_prefix("| `") {
            parts.extend(explained(row).map(Part::Row));
        } else if !line.starts_with('|') {
            parts.push(Part::Words(plain(line)));
        }
    }
    parts
}

/// The row of a refusal.
pub(crate) fn find(name: &str) -> Option<Explained> {
    parts().into_iter().find_map(|part| match part {
        Part::Row(row) if row.name == name => Some(row),
        _ => None,
    })
}

fn explained(row: &str) -> Option<Explained> {
    let cells: Vec<&str> = row.split('|').map(str::trim).collect();
    let &[name, error, reads, remedy, ..] = cells.as_slice() else { return None };
    let text = |cell: &str| plain(cell);
    Some(Explained {
        name: name.trim_end_matches('`').to_owned(),
        error: text(error),
        reads: text(reads),
        remedy: text(remedy),
    })
}

/// Without the marks of Markdown; of a link its words.
fn plain(text: &str) -> String {
    let mut words = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('[') {
        let Some((link, after)) = after.split_once("](") else { break };
        let Some((_, after)) = after.split_once(')') else { break };
        words.push_str(before);
        words.push_str(link);
        rest = after;
    }
    words.push_str(rest);
    words.replace(['`', '*'], "")
}
