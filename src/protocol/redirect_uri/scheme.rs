//! Private-use schemes without a dot: RFC 8252 §8.4 would have none, and published editors have theirs (PROTOCOL P24).

/// The scheme of a program on people's machines that has no dot, as an administrator lists it; in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrivateScheme(String);

/// Why a text is no such scheme.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "each says itself")]
pub enum UnfitScheme {
    #[error("is no scheme in lower case")]
    Malformed,
    #[error("has a dot and needs no entry")]
    Dotted,
    #[error("belongs to browsers or to the system")]
    Taken,
}

impl PrivateScheme {
    /// From its name, without the colon (RFC 3986 §3.1).
    ///
    /// # Errors
    /// [`UnfitScheme`].
    pub fn parse(text: &str) -> Result<Self, UnfitScheme> {
        let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"+-.".contains(&b);
        if !text.starts_with(|first: char| first.is_ascii_lowercase()) || !text.bytes().all(fits) {
            return Err(UnfitScheme::Malformed);
        }
        if text.contains('.') {
            return Err(UnfitScheme::Dotted);
        }
        if TAKEN.contains(&text) || TAKEN_BY_START.iter().any(|start| text.starts_with(start)) {
            return Err(UnfitScheme::Taken);
        }
        Ok(Self(text.to_owned()))
    }

    /// Its name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What leads to no program of its own, whoever lists it.
const TAKEN: &[&str] = &[
    // browsers open these themselves; the first six are special to each of them (URL Standard §4.2)
    "file",
    "ftp",
    "http",
    "https",
    "ws",
    "wss",
    "about",
    "blob",
    "chrome",
    "chrome-extension",
    "data",
    "devtools",
    "edge",
    "feed",
    "filesystem",
    "jar",
    "javascript",
    "moz-extension",
    "resource",
    "safari-web-extension",
    "vbscript",
    "view-source",
    // every site may offer itself for these (HTML Standard §8.9.1.1)
    "bitcoin",
    "ftps",
    "geo",
    "im",
    "irc",
    "ircs",
    "magnet",
    "mailto",
    "matrix",
    "mms",
    "news",
    "nntp",
    "openpgp4fpr",
    "sftp",
    "sip",
    "sms",
    "smsto",
    "ssh",
    "tel",
    "urn",
    "webcal",
    "wtai",
    "xmpp",
    // systems take these apart, dial them or run what they find
    "android-app",
    "content",
    "facetime",
    "intent",
    "market",
    "mhtml",
    "mk",
    "res",
    "search",
    "search-ms",
    "shell",
    "sips",
];

/// Whole families of them: Windows' own, and those that sites and extensions of browsers may take.
const TAKEN_BY_START: &[&str] = &["ms-", "web+", "ext+"];
