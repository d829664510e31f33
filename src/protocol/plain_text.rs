//! Text that people read, and that somebody else wrote (UX P8).

/// May people read this? One line without characters that turn or hide text, or that cannot be seen.
#[must_use]
pub fn is_plain_text(text: &str, longest: usize) -> bool {
    text.chars().count() <= longest && !text.chars().any(|c| c.is_control() || deceives(c))
}

/// Turns or hides what stands beside it, or is nothing to see itself, although some are letters (Hangul fillers).
const fn deceives(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{61c}'
            | '\u{115f}'
            | '\u{1160}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{2064}'
            | '\u{2066}'..='\u{2069}'
            | '\u{3164}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{e0000}'..='\u{e007f}'
    )
}
