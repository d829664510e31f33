//! A QR code for a terminal: half blocks, two squares a character, dark on light as cameras want it.

use qrcode::{EcLevel, QrCode, render::unicode::Dense1x2};

use crate::cli::output::Paint;

/// Draws it; nothing when the text is too long for one.
///
/// With colours it is black on white; without, it suits a dark background, or a light one where `COLORFGBG` says so.
pub(super) fn draw(text: &str, paint: Paint) -> Option<String> {
    let code = QrCode::with_error_correction_level(text.as_bytes(), EcLevel::L).ok()?;
    let is_light = paint.is_on()
        || std::env::var("COLORFGBG").is_ok_and(|colors| colors.ends_with(";15") || colors.ends_with(";7"));
    let (dark, light) = if is_light { (Dense1x2::Dark, Dense1x2::Light) } else { (Dense1x2::Light, Dense1x2::Dark) };
    let picture = code.render::<Dense1x2>().dark_color(dark).light_color(light).build();
    Some(picture.lines().map(|line| paint.black_on_white(line)).collect::<Vec<_>>().join("\n"))
}
