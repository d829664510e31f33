use super::*;
use crate::cli::{
    global::{Color, Global},
    output::Out,
};

const LINK: &str = "http://localhost:8080/setup?t=x";

fn ready(json: bool, quiet: bool) -> Ready {
    let plain = Global { color: Color::Never, ..Global::default() };
    Ready {
        began: Instant::now(),
        issuer: "http://localhost:8080".to_owned(),
        data: String::new(),
        keys: String::new(),
        first_admin: Some(LINK.to_owned()),
        mode: "development",
        json,
        quiet,
        paint: Out::new(&plain).paint(),
    }
}

#[test]
fn the_first_link_is_told_once_however_little_is_said() {
    for (json, quiet, is_terminal) in [
        (false, false, true),
        (false, true, true),
        (true, false, true),
        (true, true, true),
        (false, false, false),
        (false, true, false),
        (true, false, false),
    ] {
        let (text, aside) = ready(json, quiet).said(&[], is_terminal);
        let all = format!("{text}\n{}", aside.unwrap_or_default());
        assert_eq!(all.matches(LINK).count(), 1, "{json} {quiet} {is_terminal}: {all}");
    }
}

#[test]
fn programs_and_the_quiet_get_one_line() {
    for (json, quiet, is_terminal) in [(true, false, true), (false, true, true), (false, false, false)] {
        let (text, _) = ready(json, quiet).said(&[], is_terminal);
        assert_eq!(text.lines().count(), 1, "{text}");
    }
}
