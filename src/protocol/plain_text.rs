//! Text that people read, and that somebody else wrote (UX P8).

/// May people read this? One line without characters that turn or hide text.
#[must_use]
pub fn is_plain_text(text: &str, longest: usize) -> bool {
    let turns =
        |c: char| matches!(c, '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().count() <= longest && !text.chars().any(|c| c.is_control() || turns(c))
}
