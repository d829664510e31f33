use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::*;

#[test]
fn every_text_that_is_used_exists_and_every_text_is_used() {
    let catalogue = keys(ENGLISH.1);
    let (mut called, mut quoted) = (BTreeSet::new(), BTreeSet::new());
    for (path, source) in sources() {
        let template = path.extension().is_some_and(|ext| ext == "html");
        for call in [".t(\"", ".t1(\"", ".t2(\"", ".with(\"", ".plain(\"", ".plain1(\"", ".here(\"", ".moment(\""] {
            called.extend(source.split(call).skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned));
        }
        let literals = source.split('"').filter(|literal| !template || !literal.contains(' '));
        quoted.extend(literals.map(str::to_owned));
    }
    quoted.extend(["date".to_owned()]); // also inside `instant`
    let missing: Vec<_> = called.difference(&catalogue).collect();
    assert!(missing.is_empty(), "not in the catalogue: {missing:?}");
    let unused: Vec<_> = catalogue.difference(&quoted).collect();
    assert!(unused.is_empty(), "never used: {unused:?}");
}

#[test]
fn every_language_has_a_line_and_every_text_and_no_markup_but_emphasis() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("locales");
    let folders: BTreeSet<String> = std::fs::read_dir(root)
        .expect("locales")
        .filter_map(|entry| entry.expect("an entry").file_name().into_string().ok())
        .collect();
    let known: Vec<&(&str, &str)> = std::iter::once(&ENGLISH).chain(CATALOGUES).collect();
    assert_eq!(folders, known.iter().map(|(lang, _)| (*lang).to_owned()).collect());
    for (lang, source) in known {
        FluentResource::try_new((*source).to_owned()).unwrap_or_else(|(_, errors)| panic!("{lang}: {errors:?}"));
        assert_eq!(keys(source), keys(ENGLISH.1), "{lang}");
        for tag in source.split('<').skip(1).filter_map(|rest| rest.split('>').next()) {
            assert!(matches!(tag, "strong" | "/strong" | "code" | "/code"), "{lang}: <{tag}>");
        }
    }
}

#[test]
fn a_name_is_escaped_cleaned_and_kept_apart() {
    let text = Text::default_language();
    assert_eq!(text.t1("notice-back", "app", "Notes").to_string(), "Back to <bdi>Notes</bdi>");
    assert_eq!(
        text.t1("notice-back", "app", "<a href=\"x\">'&\u{202e}\u{0}\u{2069}").to_string(),
        "Back to <bdi>&lt;a href=&#34;x&#34;&gt;&#39;&amp;</bdi>",
    );
    assert_eq!(text.plain("notice-back", &[("app", Arg::Name("<x>\u{2069}"))]), "Back to \u{2068}<x>\u{2069}");
    assert_eq!(text.t1("apps-allowed", "date", Arg::Text("1 < 2")).to_string(), "Allowed 1 &lt; 2");
}

#[test]
fn times_are_said_as_people_say_them() {
    let text = Text::default_language();
    let at = Ts::from_unix_seconds(1_793_700_000);
    assert_eq!(text.date(at), "3 Nov 2026");
    assert_eq!(text.instant(Ts::from_unix_seconds(1_795_255_320)), "21 Nov 2026 10:02 UTC");
    assert_eq!(text.instant(Ts::ZERO), "1 Jan 1970 00:00 UTC");
    for (later, words) in [
        (-5, "just now"),
        (59, "just now"),
        (60, "1 minute ago"),
        (7199, "1 hour ago"),
        (7200, "2 hours ago"),
        (86_400, "yesterday"),
        (259_200, "3 days ago"),
        (604_800, "3 Nov 2026"),
    ] {
        assert_eq!(text.ago(at, at.plus_seconds(later)), words, "{later} s");
    }
}

#[test]
fn the_language_is_the_one_the_browser_likes_best() {
    let offered = ["en", "de", "pt-BR", "zh-Hans"];
    for (header, lang) in [
        ("de", Some("de")),
        ("de-AT,en;q=0.5", Some("de")),
        ("en;q=0.4, pt;q=0.8", Some("pt-BR")),
        ("fr, zh-TW;q=0.1", Some("zh-Hans")),
        ("de;q=0, EN", Some("en")),
        ("fr", None),
        ("*", None),
        (";;;,,q=1;q=x,de;q=nan", None),
        ("", None),
    ] {
        assert_eq!(negotiate(header, &offered), lang, "{header}");
    }
    assert_eq!(Text::for_request(Some("fr")).lang(), "en");
    assert_eq!(Text::for_request(None).dir(), "ltr");
}

#[test]
fn a_catalogue_is_shared_between_threads() {
    fn shared<T: Send + Sync + Copy>(_: T) {}
    shared(Text::default_language());
}

#[test]
fn the_standard_scopes_have_words() {
    let text = Text::default_language();
    assert_eq!(text.scope_words("openid").as_deref(), Some("Know who you are"));
    assert_eq!(text.scope_words("write"), None);
    assert_eq!(
        text.scope_without_words("write", "https://api.example"),
        "Use the permission “\u{2068}write\u{2069}” of \u{2068}https://api.example\u{2069}",
    );
}

fn keys(source: &str) -> BTreeSet<String> {
    let lines = source.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase()));
    lines.filter_map(|line| line.split(" = ").next()).map(str::to_owned).collect()
}

/// The templates, and the Rust below `src/http` but for tests.
fn sources() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut folders, mut files) = (vec![root.join("templates"), root.join("src/http")], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if !path.ends_with("tests.rs") {
                let source = std::fs::read_to_string(&path).expect("text");
                files.push((path, source));
            }
        }
    }
    files
}
