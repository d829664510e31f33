//! Where a request's head and its chunked body end (RFC 9112 §2.2, §7.1): as the parser sees it, or stricter.

/// How much of a head has been seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Head {
    /// Something besides empty lines.
    begun: bool,
    /// Bytes of the line so far, as far as it matters.
    line: Line,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Line {
    #[default]
    Empty,
    /// Nothing but a CR.
    EmptyCr,
    Text,
    TextCr,
}

impl Head {
    /// How many of these bytes belong to the head, if it ends in them.
    ///
    /// A line that ends without a CR is taken for a whole one by some and for half of one by others, which is how
    /// requests are smuggled past a proxy: such a line feed becomes a byte that the parser refuses.
    pub(super) fn find_end(&mut self, bytes: &mut [u8]) -> Option<usize> {
        for (at, byte) in bytes.iter_mut().enumerate() {
            self.line = match (*byte, self.line) {
                (b'\n', Line::EmptyCr) if self.begun => return Some(at + 1),
                (b'\n', Line::EmptyCr | Line::TextCr) => Line::Empty,
                (b'\n', Line::Empty | Line::Text) => {
                    *byte = 0;
                    Line::Text
                }
                (b'\r', Line::Empty) => Line::EmptyCr,
                (b'\r', _) => Line::TextCr,
                _ => Line::Text,
            };
            self.begun |= matches!(self.line, Line::Text);
        }
        None
    }
}

/// It is no chunked body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed;

/// Where in a chunked body the next byte is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Chunks {
    /// In a chunk's size, after so many digits of it.
    Size(u64, u8),
    /// In what may stand behind a size.
    Extension(u64),
    /// At the end of the line that held this size.
    SizeLf(u64),
    /// So many bytes before a chunk's end.
    Data(u64),
    DataCr,
    DataLf,
    /// At the beginning of a line behind the last chunk.
    Last,
    LastLf,
    Trailer,
    TrailerLf,
}

impl Default for Chunks {
    fn default() -> Self {
        Self::Size(0, 0)
    }
}

impl Chunks {
    /// How many of these bytes belong to the body, if it ends in them.
    pub(super) fn find_end(&mut self, bytes: &[u8]) -> Result<Option<usize>, Malformed> {
        let mut rest = bytes;
        while let Some((byte, after)) = rest.split_first() {
            if let Self::Data(left) = *self {
                let skipped = usize::try_from(left).map_or(rest.len(), |left| left.min(rest.len()));
                rest = rest.get(skipped..).unwrap_or_default();
                let left = left - u64::try_from(skipped).unwrap_or(left);
                *self = if left == 0 { Self::DataCr } else { Self::Data(left) };
                continue;
            }
            rest = after;
            match self.after(*byte)? {
                Some(next) => *self = next,
                None => return Ok(Some(bytes.len() - rest.len())),
            }
        }
        Ok(None)
    }

    /// Where the byte after this one is; `None` behind the body's last.
    fn after(self, byte: u8) -> Result<Option<Self>, Malformed> {
        Ok(Some(match (self, byte) {
            // more than 2³² are more than any body may have
            (Self::Size(size, digits @ ..8), b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => {
                let digit = char::from(byte).to_digit(16).unwrap_or_default();
                Self::Size(size << 4 | u64::from(digit), digits + 1)
            }
            (Self::Size(size, 1..) | Self::Extension(size), b'\r') => Self::SizeLf(size),
            (Self::Size(size, 1..), b';') | (Self::Extension(size), b'\t' | b' '..=b'~') => Self::Extension(size),
            (Self::SizeLf(0) | Self::TrailerLf, b'\n') => Self::Last,
            (Self::SizeLf(size), b'\n') => Self::Data(size),
            (Self::DataCr, b'\r') => Self::DataLf,
            (Self::DataLf, b'\n') => Self::default(),
            (Self::Last, b'\r') => Self::LastLf,
            (Self::LastLf, b'\n') => return Ok(None),
            (Self::Trailer, b'\r') => Self::TrailerLf,
            (Self::Last | Self::Trailer, b'\t' | b' '..=b'~') => Self::Trailer,
            _ => return Err(Malformed),
        }))
    }
}
