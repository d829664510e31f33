//! A configuration file: TOML, in which every key is known.

use std::{collections::HashMap, ops::Range, path::PathBuf, sync::Arc};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    error::{ConfigError, Show},
    gather::{Content, Found},
    place::{Place, Position, SourceFile},
    suggest,
    table::{Key, SECTIONS, Section, keys},
    value::Plain,
};

/// What the file gives, by section and name; with what is wrong in it.
pub(super) fn read(file: &Arc<SourceFile>) -> (HashMap<(&'static str, &'static str), Found>, Vec<ConfigError>) {
    let mut reading = Reading { file, found: HashMap::new(), errors: Vec::new() };
    match DeTable::parse(&file.text) {
        Ok(root) => reading.root(root.get_ref()),
        Err(error) => reading.syntax(&error),
    }
    (reading.found, reading.errors)
}

struct Reading<'a> {
    file: &'a Arc<SourceFile>,
    found: HashMap<(&'static str, &'static str), Found>,
    errors: Vec<ConfigError>,
}

impl Reading<'_> {
    fn root(&mut self, table: &DeTable<'_>) {
        let Some(root) = SECTIONS.iter().find(|section| section.name.is_empty()) else { return };
        for (name, value) in in_order(table) {
            match SECTIONS.iter().find(|section| !section.name.is_empty() && section.name == name.get_ref()) {
                Some(section) => self.section(section, name.span(), value),
                None if value.get_ref().is_table() && !is_key(root, name.get_ref()) => self.unknown_section(name),
                None => self.key(root, name, value),
            }
        }
    }

    fn section(&mut self, section: &Section, span: Range<usize>, value: &Spanned<DeValue<'_>>) {
        let Some(table) = value.get_ref().as_table() else {
            let error = ConfigError::new(format!("`{}` is a section, not a key", section.name));
            let remedy = format!("write [{}], once, and its keys below", section.name);
            let show = self.header_or_key(&span);
            self.errors.push(error.remedy(Some(remedy)).in_file(self.file, &span, show));
            return;
        };
        for (name, value) in in_order(table) {
            self.key(section, name, value);
        }
    }

    fn key(&mut self, section: &Section, name: &Spanned<impl AsRef<str>>, value: &Spanned<DeValue<'_>>) {
        let (span, word) = (name.span(), name.get_ref().as_ref());
        let place = || Place::File {
            file: Arc::clone(self.file),
            key: span.clone(),
            value: value.span(),
            items: value.get_ref().as_array().map_or_else(Vec::new, |a| a.iter().map(Spanned::span).collect()),
        };
        let (key, content, place) = if let Some(key) = section.keys.iter().find(|key| key.name == word) {
            (key, Content::Plain(plain(value.get_ref())), place())
        } else if let Some(key) = section.keys.iter().find(|key| key.file_name().as_deref() == Some(word)) {
            let Some(path) = value.get_ref().as_str() else {
                let error = ConfigError::new(format!("{word} must be a path")).at(&place(), None, false);
                self.errors.push(error.remedy(Some("write it in quotes".to_owned())));
                return;
            };
            (key, Content::InFile { path: PathBuf::from(path), by: word.to_owned() }, place())
        } else {
            self.unknown_key(section, word, &span);
            return;
        };
        if self.found.insert((key.section, key.name), Found { content, place: place.clone() }).is_some() {
            let error = ConfigError::new(format!("{0} and {0}_file are both given", key.path()));
            self.errors.push(error.remedy(Some("keep one of them".to_owned())).at(&place, None, true));
        }
    }

    fn unknown_section(&mut self, name: &Spanned<impl AsRef<str>>) {
        let word = name.get_ref().as_ref();
        let near = suggest::nearest(word, SECTIONS.iter().map(|section| section.name).filter(|name| !name.is_empty()));
        let remedy = near.map_or_else(|| ASK.to_owned(), |near| format!("did you mean [{near}]?"));
        let error = ConfigError::new(format!("unknown section [{word}]")).remedy(Some(remedy));
        self.errors.push(error.in_file(self.file, &name.span(), self.header_or_key(&name.span())));
    }

    /// A header has no value that could be a secret.
    fn header_or_key(&self, span: &Range<usize>) -> Show {
        let header = Position::of(&self.file.text, span.start).text.starts_with('[');
        if header { Show::Everything } else { Show::KeyOnly }
    }

    fn unknown_key(&mut self, section: &Section, word: &str, span: &Range<usize>) {
        let files: Vec<String> = section.keys.iter().filter_map(Key::file_name).collect();
        let names = section.keys.iter().map(|key| key.name).chain(files.iter().map(String::as_str));
        let near = suggest::nearest(word, names);
        let elsewhere = keys().find(|key| key.name == word || key.file_name().as_deref() == Some(word));
        let remedy = match (near, elsewhere) {
            (_, Some(key)) if key.section.is_empty() => {
                "it belongs at the top of the file, before the first section".to_owned()
            }
            (_, Some(key)) => format!("it belongs in [{}]", key.section),
            (Some(near), None) => format!("did you mean `{near}`?"),
            (None, None) => ASK.to_owned(),
        };
        // The value of a misspelt secret is a secret: show one only when the key was meant to be another kind.
        let meant = elsewhere.or_else(|| section.keys.iter().find(|key| Some(key.name) == near));
        let show = if meant.is_some_and(|key| !key.kind.is_secret()) { Show::Everything } else { Show::KeyOnly };
        let place = if section.name.is_empty() { String::new() } else { format!(" in [{}]", section.name) };
        let error = ConfigError::new(format!("unknown key `{word}`{place}")).remedy(Some(remedy));
        self.errors.push(error.in_file(self.file, span, show));
    }

    fn syntax(&mut self, error: &toml::de::Error) {
        let span = error.span().unwrap_or(0..0);
        let line = Position::of(&self.file.text, span.start).text;
        let word = line.split_once('=').map_or("", |(word, _)| word.trim());
        // Inside a text of many lines anything may be a secret, so only lines known to be harmless are shown.
        let named = |name: &str| keys().find(|key| key.name == name || key.file_name().as_deref() == Some(name));
        let show = match named(word) {
            Some(key) if key.kind.is_secret() => Show::KeyOnly,
            Some(_) => Show::Everything,
            None if line.starts_with('[') && !line.contains(['"', '\'']) => Show::Everything,
            None => Show::Nothing,
        };
        let message = error.message().lines().collect::<Vec<_>>().join(", ");
        let remedy = message.contains("must be quoted").then(|| "write it in quotes".to_owned());
        let error = ConfigError::new(format!("not TOML: {message}")).remedy(remedy);
        self.errors.push(error.in_file(self.file, &span, show));
    }
}

fn is_key(section: &Section, name: &str) -> bool {
    section.keys.iter().any(|key| key.name == name || key.file_name().as_deref() == Some(name))
}

fn in_order<'t, 'i>(table: &'t DeTable<'i>) -> Vec<(&'t Spanned<std::borrow::Cow<'i, str>>, &'t Spanned<DeValue<'i>>)> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(name, _)| name.span().start);
    entries
}

fn plain(value: &DeValue<'_>) -> Plain {
    match value {
        DeValue::String(text) => Plain::Text(text.clone().into_owned()),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map_or(Plain::Other("a number beyond all bounds"), Plain::Integer),
        DeValue::Boolean(truth) => Plain::Bool(*truth),
        DeValue::Array(items) => Plain::List(items.iter().map(|item| plain(item.get_ref())).collect()),
        DeValue::Float(_) => Plain::Other("a number with a fraction"),
        DeValue::Datetime(_) => Plain::Other("a date or time"),
        DeValue::Table(_) => Plain::Other("a table"),
    }
}

const ASK: &str = "`countersign config default` lists every key";
