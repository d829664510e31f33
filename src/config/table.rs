//! The one list of keys. Parsing, suggestions, `config show`, `config default` and the reference read it.

/// A group of keys: one `[name]` of the file, or its root.
#[derive(Debug, Clone, Copy)]
pub struct Section {
    /// The name between the brackets; empty for the root.
    pub name: &'static str,
    /// What the keys of this section have in common, in a sentence.
    pub doc: &'static str,
    /// Its keys, in the order in which they are shown.
    pub keys: &'static [Key],
}

/// One key of the configuration.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// The section it stands in; empty for the root.
    pub section: &'static str,
    /// Its name in the section.
    pub name: &'static str,
    /// What its value is made of.
    pub kind: Kind,
    /// The default as text, lists with commas; empty when there is none.
    pub default: &'static str,
    /// A value to show where there is no default.
    pub example: Option<&'static str>,
    /// Least and greatest value, both allowed.
    pub bounds: Option<(&'static str, &'static str)>,
    /// The unit of a bare number.
    pub unit: Option<&'static str>,
    /// What it does.
    pub doc: &'static str,
}

/// What a value is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Any text.
    Text,
    /// A path; a relative one starts at the working directory.
    Path,
    /// The issuer's URL.
    Issuer,
    /// A web address.
    Url,
    /// Addresses to listen on.
    Addresses,
    /// Addresses and networks.
    Networks,
    /// Hosts, addresses and networks.
    Destinations,
    /// Schemes of URIs.
    Schemes,
    /// A database URL. Secret.
    Database,
    /// One or two secret texts. Secret.
    Secrets,
    /// A number and a unit of time, whole seconds.
    Duration,
    /// A number and a unit of time, milliseconds among them.
    Milliseconds,
    /// A number of bytes, or one with a unit.
    Size,
    /// A whole number.
    Integer,
    /// `true` or `false`.
    Bool,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// Any of these words.
    Choices(&'static [&'static str]),
}

impl Kind {
    /// Is the value never shown, and may it come from a file of its own?
    #[must_use]
    pub const fn is_secret(self) -> bool {
        matches!(self, Self::Database | Self::Secrets)
    }

    /// May there be several values?
    #[must_use]
    pub const fn is_list(self) -> bool {
        matches!(
            self,
            Self::Addresses | Self::Networks | Self::Destinations | Self::Schemes | Self::Choices(_) | Self::Secrets
        )
    }

    /// In words, for the reference.
    #[must_use]
    pub fn words(self) -> String {
        match self {
            Self::Text => "text".to_owned(),
            Self::Path => "path".to_owned(),
            Self::Issuer | Self::Url => "URL".to_owned(),
            Self::Addresses => "list of addresses".to_owned(),
            Self::Networks => "list of addresses and networks".to_owned(),
            Self::Destinations => "list of hosts, addresses and networks".to_owned(),
            Self::Schemes => "list of schemes".to_owned(),
            Self::Database => "secret URL".to_owned(),
            Self::Secrets => "secret list of one or two texts".to_owned(),
            Self::Duration => "duration".to_owned(),
            Self::Milliseconds => "duration, also in `ms`".to_owned(),
            Self::Size => "size".to_owned(),
            Self::Integer => "number".to_owned(),
            Self::Bool => "`true` or `false`".to_owned(),
            Self::Choice(names) => names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "),
            Self::Choices(names) => format!("list of {}", Self::Choice(names).words()),
        }
    }
}

impl Key {
    /// `issuer`, `tokens.access_ttl`.
    #[must_use]
    pub fn path(&self) -> String {
        if self.section.is_empty() { self.name.to_owned() } else { format!("{}.{}", self.section, self.name) }
    }

    /// `COUNTERSIGN_ISSUER`, `COUNTERSIGN_TOKENS__ACCESS_TTL`.
    #[must_use]
    pub fn variable(&self) -> String {
        if self.section.is_empty() {
            format!("COUNTERSIGN_{}", self.name.to_ascii_uppercase())
        } else {
            format!("COUNTERSIGN_{}__{}", self.section.to_ascii_uppercase(), self.name.to_ascii_uppercase())
        }
    }

    /// The key that names a file with the value, for a secret: `secret_key_file`.
    #[must_use]
    pub fn file_name(&self) -> Option<String> {
        self.kind.is_secret().then(|| format!("{}_file", self.name))
    }

    /// The variable that names a file with the value, for a secret: `COUNTERSIGN_SECRET_KEY_FILE`.
    #[must_use]
    pub fn file_variable(&self) -> Option<String> {
        self.kind.is_secret().then(|| format!("{}_FILE", self.variable()))
    }
}

/// Every section, in the order in which they are shown.
pub const SECTIONS: &[Section] = &[
    super::root::Root::SECTION,
    super::server::Server::SECTION,
    super::tokens::Tokens::SECTION,
    super::login::Login::SECTION,
    super::password::Password::SECTION,
    super::consent::Consent::SECTION,
    super::clients::Clients::SECTION,
    super::device::Device::SECTION,
    super::fetch::Fetch::SECTION,
    super::dialects::Dialects::SECTION,
    super::limits::Limits::SECTION,
    super::branding::Branding::SECTION,
    super::log::Log::SECTION,
];

/// Every key of every section.
pub fn keys() -> impl Iterator<Item = &'static Key> {
    SECTIONS.iter().flat_map(|section| section.keys)
}

/// The key of this path: `issuer`, `tokens.access_ttl`.
#[must_use]
pub fn find(path: &str) -> Option<&'static Key> {
    keys().find(|key| key.path() == path)
}

/// Declares a section: its struct, its rows of the table, and how it is read. A row is
///
/// ```text
/// /// What it does.
/// name: Type = "default" in "least" to "greatest" unit "KiB";
/// name: Type = "" like "an example";
/// ```
macro_rules! section {
    (
        $(#[doc = $about:literal])+
        $vis:vis struct $Section:ident: $section:literal {
            $(
                $(#[doc = $doc:literal])+
                $name:ident: $Type:ty = $default:literal
                $(in $least:literal to $greatest:literal)? $(unit $unit:literal)? $(like $example:literal)?;
            )+
        }
    ) => {
        $(#[doc = $about])+
        #[derive(Debug, Clone)]
        $vis struct $Section {
            $(
                $(#[doc = $doc])+
                #[doc = ""]
                #[doc = concat!(
                    "Default: ", crate::config::table::default_words!($default $(, $example)?), "."
                    $(, " From `", $least, "` to `", $greatest, "`.")? $(, " Unit: ", $unit, ".")?
                )]
                pub $name: $Type,
            )+
        }

        impl $Section {
            pub(super) const SECTION: crate::config::table::Section = crate::config::table::Section {
                name: $section,
                doc: concat!($($about),+).trim_ascii(),
                keys: &[$(crate::config::table::Key {
                    section: $section,
                    name: stringify!($name),
                    kind: <$Type as crate::config::value::Setting>::KIND,
                    default: $default,
                    example: crate::config::table::optional!($($example)?),
                    bounds: crate::config::table::optional!($(($least, $greatest))?),
                    unit: crate::config::table::optional!($($unit)?),
                    doc: concat!($($doc),+).trim_ascii(),
                }),+],
            };

            /// `None` when a value was wrong; every wrong one is then among the reader's errors.
            pub(super) fn read(from: &mut crate::config::read::Reader<'_>) -> Option<Self> {
                $(let $name = from.read::<$Type>($section, stringify!($name));)+
                Some(Self { $($name: $name?),+ })
            }
        }
    };
}

macro_rules! optional {
    () => {
        None
    };
    ($value:expr) => {
        Some($value)
    };
}

macro_rules! default_words {
    ($default:literal) => {
        concat!("`", $default, "`")
    };
    ($default:literal, $example:literal) => {
        "none"
    };
}

pub(super) use {default_words, optional, section};
