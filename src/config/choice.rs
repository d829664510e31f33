//! Keys whose value is one word of a few.

use crate::jose::Algorithm;

use super::{
    suggest,
    table::{Key, Kind},
    value::{Plain, Problem, Setting},
};

/// Declares an enum with the word of each variant, and makes it a [`Setting`].
macro_rules! choice {
    ($(#[$about:meta])+ pub enum $Name:ident { $($(#[$doc:meta])+ $Variant:ident = $word:literal,)+ }) => {
        $(#[$about])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $Name { $($(#[$doc])+ $Variant,)+ }

        impl $Name {
            /// Its word in the configuration.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$Variant => $word,)+ }
            }

            /// From its word.
            #[must_use]
            pub fn parse(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$Variant),)+ _ => None }
            }
        }

        impl crate::config::value::Setting for $Name {
            const KIND: crate::config::table::Kind = crate::config::table::Kind::Choice(&[$($word),+]);

            fn parse(
                value: &crate::config::value::Plain,
                key: &crate::config::table::Key,
            ) -> Result<Self, crate::config::value::Problem> {
                crate::config::choice::pick(value, key, Self::parse)
            }
        }
    };
}

pub(super) use choice;

const ALGORITHMS: &[&str] = &["RS256", "ES256", "EdDSA", "PS256", "RS384", "RS512", "ES384", "ES512", "PS384", "PS512"];

impl Setting for Algorithm {
    const KIND: Kind = Kind::Choice(ALGORITHMS);

    fn parse(value: &Plain, key: &Key) -> Result<Self, Problem> {
        pick(value, key, Self::parse)
    }
}

impl Setting for Vec<Algorithm> {
    const KIND: Kind = Kind::Choices(ALGORITHMS);

    fn parse(value: &Plain, key: &Key) -> Result<Self, Problem> {
        let parse = |(at, word)| Algorithm::parse(word).ok_or_else(|| unknown(word, ALGORITHMS).item(at));
        value.texts(key)?.into_iter().enumerate().map(parse).collect()
    }

    fn unset() -> Option<Self> {
        Some(Self::new())
    }
}

/// The choice this value names.
pub(super) fn pick<T>(value: &Plain, key: &Key, parse: fn(&str) -> Option<T>) -> Result<T, Problem> {
    let word = value.text(key)?;
    let Kind::Choice(words) = key.kind else { return Err(Problem::new("is not a choice")) };
    let known = words.contains(&word).then(|| parse(word)).flatten();
    known.ok_or_else(|| unknown(word, words))
}

fn unknown(word: &str, words: &[&'static str]) -> Problem {
    let named = words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
    let remedy = suggest::nearest(word, words.iter().copied()).map(|near| format!("did you mean `{near}`?"));
    Problem { remedy, ..Problem::new(format!("must be one of {named}")) }
}
