//! From files, credentials, variables and flags to one value a key, with the place it came from.

use std::{
    collections::HashMap,
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    Sources, below,
    error::ConfigError,
    file,
    place::{Place, SourceFile},
    suggest,
    table::{Key, find, keys},
    value::Plain,
};

/// One value, and where it stands.
#[derive(Debug)]
pub(super) struct Given {
    pub(super) value: Plain,
    pub(super) place: Place,
}

/// A value that was found, maybe still in its own file.
pub(super) struct Found {
    pub(super) content: Content,
    pub(super) place: Place,
}

/// What stands at a place.
pub(super) enum Content {
    /// The value.
    Plain(Plain),
    /// The path of the file with the value, and what named it.
    InFile { path: PathBuf, by: String },
}

/// Everything that was given, by section and name.
#[derive(Default)]
pub(super) struct Gathered {
    pub(super) given: HashMap<(&'static str, &'static str), Given>,
    pub(super) errors: Vec<ConfigError>,
    pub(super) warnings: Vec<String>,
}

/// Lowest rank first: what comes later takes the place of what came before.
pub(super) fn gather(sources: &Sources) -> Gathered {
    let mut gathered = Gathered::default();
    let mut found = HashMap::new();
    for file in files(sources, &mut gathered.errors) {
        let (values, errors) = file::read(&Arc::new(file));
        found.extend(values);
        gathered.errors.extend(errors);
    }
    for key in keys().filter(|key| key.kind.is_secret()) {
        from_credential(key, sources, &mut found);
        from_named_file(key, sources, &mut found, &mut gathered.errors);
    }
    from_environment(sources, &mut found, &mut gathered.warnings);
    from_flags(sources, &mut found, &mut gathered.errors);
    for key in keys() {
        if let Some(found) = found.remove(&(key.section, key.name)) {
            match open(key, found, &sources.working_dir) {
                Ok(given) => drop(gathered.given.insert((key.section, key.name), given)),
                Err(error) => gathered.errors.push(error),
            }
        }
    }
    gathered
}

type AllFound = HashMap<(&'static str, &'static str), Found>;

/// The configuration files that there are. C1: one named must exist, a usual one may.
fn files(sources: &Sources, errors: &mut Vec<ConfigError>) -> Vec<SourceFile> {
    let read = |path: &Path| {
        let text = std::fs::read_to_string(below(&sources.working_dir, path))?;
        Ok::<_, io::Error>(SourceFile { path: path.display().to_string(), text })
    };
    let named: Vec<(PathBuf, String)> = if sources.files.is_empty() {
        let variable = sources.variable(CONFIG).filter(|path| !path.is_empty());
        let named = variable.map(|path| (PathBuf::from(path), format!("environment COUNTERSIGN_CONFIG = {path:?}")));
        named.into_iter().collect()
    } else {
        sources.files.iter().map(|path| (path.clone(), format!("flag --config = {:?}", path.display()))).collect()
    };
    let mut files = Vec::new();
    for (path, by) in &named {
        match read(path) {
            Ok(file) => files.push(file),
            Err(error) => errors.push(unreadable(&error).in_words(by)),
        }
    }
    if named.is_empty() {
        for path in USUAL {
            match read(Path::new(path)) {
                Ok(file) => return vec![file],
                Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {}
                Err(error) => {
                    errors.push(unreadable(&error).in_words(path));
                    break;
                }
            }
        }
    }
    files
}

fn unreadable(error: &io::Error) -> ConfigError {
    ConfigError::new(format!("cannot read the configuration file: {error}"))
}

fn from_credential(key: &Key, sources: &Sources, found: &mut AllFound) {
    let Some(folder) = sources.variable("CREDENTIALS_DIRECTORY").filter(|folder| !folder.is_empty()) else { return };
    let path = Path::new(folder).join(key.name);
    if !matches!(path.try_exists(), Ok(false)) {
        let place = Place::Credential { path: path.display().to_string() };
        let content = Content::InFile { path, by: String::new() };
        found.insert((key.section, key.name), Found { content, place });
    }
}

fn from_named_file(key: &Key, sources: &Sources, found: &mut AllFound, errors: &mut Vec<ConfigError>) {
    let Some(name) = key.file_variable() else { return };
    let Some(path) = sources.variable(&name) else { return };
    let place = Place::Environment { name: name.clone(), value: Some(path.to_owned()) };
    if sources.variable(&key.variable()).is_some() {
        let error = ConfigError::new(format!("{} and {name} are both set", key.variable()));
        errors.push(error.remedy(Some("keep one of them".to_owned())).at(&place, None, false));
    }
    let content = Content::InFile { path: PathBuf::from(path), by: name };
    found.insert((key.section, key.name), Found { content, place });
}

fn from_environment(sources: &Sources, found: &mut AllFound, warnings: &mut Vec<String>) {
    let files: Vec<String> = keys().filter_map(Key::file_variable).collect();
    let words = |name: &str| name.strip_prefix(PREFIX).unwrap_or(name).to_owned();
    let known: Vec<String> = keys().map(Key::variable).chain(files.iter().cloned()).map(|name| words(&name)).collect();
    for (name, value) in sources.env.iter().filter(|(name, _)| name.starts_with(PREFIX)) {
        if let Some(key) = keys().find(|key| key.variable() == *name) {
            let place =
                Place::Environment { name: name.clone(), value: (!key.kind.is_secret()).then(|| value.clone()) };
            let content = Content::Plain(Plain::Loose(value.clone()));
            found.insert((key.section, key.name), Found { content, place });
        } else if !files.contains(name) && !NOT_OURS.iter().any(|start| name.starts_with(start)) && name != CONFIG {
            let near = suggest::nearest(&words(name), known.iter().map(String::as_str));
            let hint = near.map(|near| format!("; did you mean {PREFIX}{near}?")).unwrap_or_default();
            warnings.push(format!("unknown environment variable {name}{hint}"));
        }
    }
}

fn from_flags(sources: &Sources, found: &mut AllFound, errors: &mut Vec<ConfigError>) {
    let mut given: Vec<(&'static Key, String)> = Vec::new();
    for (path, value) in &sources.flags {
        match (find(path), given.iter_mut().find(|(key, _)| key.path() == *path)) {
            (Some(key), Some((_, before))) if key.kind.is_list() => *before = format!("{before},{value}"),
            (Some(_), Some((_, before))) => before.clone_from(value),
            (Some(key), None) => given.push((key, value.clone())),
            (None, _) => errors.push(ConfigError::new(format!("unknown key `{path}`")).in_words("flag")),
        }
    }
    for (key, value) in given {
        let name = format!("--{}", key.path().replace(['_', '.'], "-"));
        let place = Place::Flag { name, value: (!key.kind.is_secret()).then(|| value.clone()) };
        found.insert((key.section, key.name), Found { content: Content::Plain(Plain::Loose(value)), place });
    }
}

/// Reads the value when it is in a file of its own. One newline at its end is not part of it; a list may have lines.
fn open(key: &Key, found: Found, working_dir: &Path) -> Result<Given, ConfigError> {
    let (path, by) = match found.content {
        Content::Plain(value) => return Ok(Given { value, place: found.place }),
        Content::InFile { path, by } => (path, by),
    };
    let text = std::fs::read_to_string(below(working_dir, &path)).map_err(|error| {
        let error = ConfigError::new(format!("cannot read the file with {}: {error}", key.path()));
        error.at(&found.place, None, false)
    })?;
    let text = text.strip_suffix('\n').map_or(text.as_str(), |line| line.strip_suffix('\r').unwrap_or(line));
    let text = if key.kind.is_list() { text.lines().collect::<Vec<_>>().join(",") } else { text.to_owned() };
    let place = match found.place {
        place @ Place::Credential { .. } => place,
        _ => Place::NamedFile { by, path: path.display().to_string() },
    };
    Ok(Given { value: Plain::Loose(text), place })
}

/// Where a configuration file usually is.
const USUAL: [&str; 2] = ["./countersign.toml", "/etc/countersign/countersign.toml"];

/// What every variable of ours begins with.
pub const PREFIX: &str = "COUNTERSIGN_";

/// Names the file; not a key.
const CONFIG: &str = "COUNTERSIGN_CONFIG";

/// What Kubernetes sets for a Service called `countersign`, and what our tests use.
const NOT_OURS: [&str; 3] = ["COUNTERSIGN_SERVICE_", "COUNTERSIGN_PORT", "COUNTERSIGN_TEST_"];
