//! Opening a page in the person's own browser, where there is one.

use std::process::{Command, Stdio};

use super::output::Out;

#[cfg(target_os = "macos")]
const OPENER: &str = "open";
#[cfg(not(target_os = "macos"))]
const OPENER: &str = "xdg-open";

/// Opens it, or says that it did not.
pub(super) fn open(out: &Out, url: &str) {
    let has_screen =
        cfg!(target_os = "macos") || ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| std::env::var_os(name).is_some());
    let started = has_screen.then(|| {
        Command::new(OPENER).arg(url).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()
    });
    match started {
        Some(Ok(mut process)) => {
            // waited for beside, so that nothing of it is left when it has ended
            std::thread::spawn(move || process.wait());
        }
        _ => out.note("No browser was found here; open the page yourself."),
    }
}
