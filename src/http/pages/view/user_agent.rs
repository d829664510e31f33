//! A browser in two words, from its `User-Agent`. Good enough to recognise one's own; nothing is decided by it.

/// What a `User-Agent` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Device {
    /// "Firefox".
    pub(crate) browser: Option<&'static str>,
    /// "Linux".
    pub(crate) system: Option<&'static str>,
}

impl Device {
    /// Looks for known words.
    pub(crate) fn from_user_agent(user_agent: &str) -> Self {
        let find = |words: &[(&str, &'static str)]| {
            words.iter().find(|(mark, _)| user_agent.contains(mark)).map(|&(_, shown)| shown)
        };
        Self { browser: find(BROWSERS), system: find(SYSTEMS) }
    }
}

/// Mark and name; the first that fits. Most browsers claim to be Chrome, and all of those to be Safari.
const BROWSERS: &[(&str, &str)] = &[
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Vivaldi/", "Vivaldi"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Version/", "Safari"),
    ("curl/", "curl"),
];

/// Mark and name; the first that fits. An iPhone claims to be like Mac OS X, and Android to be Linux.
const SYSTEMS: &[(&str, &str)] = &[
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
];
