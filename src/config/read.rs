//! Reads typed values, and keeps what was wrong until all were read.

use super::{
    error::ConfigError,
    gather::Gathered,
    place::Place,
    table::{Key, keys},
    value::{Plain, Setting},
};

/// Hands each section its values.
pub(super) struct Reader<'a> {
    gathered: &'a Gathered,
    pub(super) errors: Vec<ConfigError>,
}

impl<'a> Reader<'a> {
    pub(super) const fn new(gathered: &'a Gathered) -> Self {
        Self { gathered, errors: Vec::new() }
    }

    /// The value of a key, given or default. `None` when it is wrong.
    pub(super) fn read<T: Setting>(&mut self, section: &str, name: &str) -> Option<T> {
        let key = keys().find(|key| key.section == section && key.name == name)?;
        let given = self.gathered.given.get(&(key.section, key.name));
        let value = match given {
            Some(given) => T::parse(&given.value, key),
            None if key.default.is_empty() => return T::unset(),
            None => T::parse(&Plain::Loose(key.default.to_owned()), key),
        };
        let wrong = value.map_err(|problem| {
            let error = ConfigError::new(format!("{} {}", key.path(), problem.message)).remedy(problem.remedy);
            match given {
                Some(given) => error.at(&given.place, problem.item, key.kind.is_secret()),
                None => error,
            }
        });
        wrong.map_err(|error| self.errors.push(error)).ok()
    }

    /// Says what is wrong with a value that is fine alone but not beside others.
    pub(super) fn wrong_at(&mut self, key: &Key, error: ConfigError) {
        let error = match self.place(key) {
            Some(place) => error.at(place, None, key.kind.is_secret()),
            None => error,
        };
        self.errors.push(error);
    }

    /// Where the value of a key stands, if somebody gave it.
    pub(super) fn place(&self, key: &Key) -> Option<&'a Place> {
        self.gathered.given.get(&(key.section, key.name)).map(|given| &given.place)
    }
}
