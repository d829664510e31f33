//! What is wrong, where, and what to do about it; in the manner of rustc.

use std::{fmt, ops::Range};

use super::place::{Place, Position, SourceFile};

/// Everything that is wrong with a configuration; never empty.
#[derive(Debug)]
pub struct ConfigErrors(Vec<ConfigError>);

impl ConfigErrors {
    pub(super) const fn new(errors: Vec<ConfigError>) -> Self {
        Self(errors)
    }

    /// One by one.
    #[must_use]
    pub fn as_slice(&self) -> &[ConfigError] {
        &self.0
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for error in &self.0 {
            write!(f, "{error}\n\n")?;
        }
        let number = self.0.len();
        write!(f, "{number} error{}; nothing was started.", if number == 1 { "" } else { "s" })
    }
}

impl std::error::Error for ConfigErrors {}

/// One thing that is wrong.
#[derive(Debug)]
pub struct ConfigError {
    message: String,
    place: Option<Box<Shown>>,
    remedy: Option<String>,
}

impl ConfigError {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), place: None, remedy: None }
    }

    pub(super) fn remedy(self, remedy: Option<String>) -> Self {
        Self { remedy, ..self }
    }

    /// Points at a value, or at one item of it. Of a secret only the key is shown.
    pub(super) fn at(self, place: &Place, item: Option<usize>, secret: bool) -> Self {
        let shown = match place {
            Place::File { file, key, .. } if secret => Shown::line(file, key, Show::KeyOnly),
            Place::File { file, value, items, .. } => {
                let span = item.and_then(|item| items.get(item)).unwrap_or(value);
                Shown::line(file, span, Show::Everything)
            }
            Place::Environment { name, value } => Shown::words("environment", name, value.as_deref()),
            Place::NamedFile { by, path } => Shown::Words(format!("file {path} ({by})")),
            Place::Credential { path } => Shown::Words(format!("credential {path}")),
            Place::Flag { name, value } => Shown::words("flag", name, value.as_deref()),
        };
        Self { place: Some(Box::new(shown)), ..self }
    }

    /// Points at bytes of a file.
    pub(super) fn in_file(self, file: &SourceFile, span: &Range<usize>, show: Show) -> Self {
        Self { place: Some(Box::new(Shown::line(file, span, show))), ..self }
    }

    /// Points at something named in words.
    pub(super) fn in_words(self, place: impl Into<String>) -> Self {
        Self { place: Some(Box::new(Shown::Words(place.into()))), ..self }
    }

    /// What is wrong, in a sentence without its full stop.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What to do about it.
    #[must_use]
    pub fn remedy_text(&self) -> Option<&str> {
        self.remedy.as_deref()
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.message)?;
        let remedy = self.remedy.as_deref();
        match self.place.as_deref() {
            Some(Shown::Line { path, line, column, text, indent, width }) => {
                let number = line.to_string();
                let margin = number.len().max(2);
                let blank = " ".repeat(margin);
                write!(f, "\n{blank}--> {path}:{line}:{column}\n{blank} |\n{number:>margin$} | {text}\n{blank} | ")?;
                write!(f, "{}{}", " ".repeat(*indent), "^".repeat(*width))?;
                remedy.map_or(Ok(()), |remedy| write!(f, " {remedy}"))
            }
            Some(Shown::Words(words)) => {
                write!(f, "\n  --> {words}")?;
                remedy.map_or(Ok(()), |remedy| write!(f, "\n   = help: {remedy}"))
            }
            None => remedy.map_or(Ok(()), |remedy| write!(f, "\n   = help: {remedy}")),
        }
    }
}

/// How much of a line may be shown: secrets stand in these files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Show {
    /// The whole line.
    Everything,
    /// What stands before the first `=`.
    KeyOnly,
    /// Only where it is.
    Nothing,
}

#[derive(Debug)]
enum Shown {
    Line { path: String, line: usize, column: usize, text: String, indent: usize, width: usize },
    Words(String),
}

impl Shown {
    fn words(kind: &str, name: &str, value: Option<&str>) -> Self {
        Self::Words(value.map_or_else(|| format!("{kind} {name}"), |value| format!("{kind} {name} = {value:?}")))
    }

    fn line(file: &SourceFile, span: &Range<usize>, show: Show) -> Self {
        let at = Position::of(&file.text, span.start);
        let marked = file.text.get(span.clone()).and_then(|marked| marked.lines().next()).unwrap_or_default();
        let line: String = at.text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let (text, longest) = match show {
            Show::Everything => (line.clone(), line.chars().count()),
            Show::KeyOnly if let Some((key, _)) = line.split_once('=') => {
                (format!("{} = …", key.trim_end()), key.trim_end().chars().count())
            }
            Show::KeyOnly | Show::Nothing => ("…".to_owned(), 1),
        };
        let indent = at.column - 1;
        let (indent, width) = if indent < longest || show == Show::Everything {
            (indent, marked.chars().count().min(longest.saturating_sub(indent)).max(1))
        } else {
            (0, longest)
        };
        Self::Line { path: file.path.clone(), line: at.line, column: at.column, text, indent, width }
    }
}
