//! The rules of the house that a program can check: who may know whom, and what is written where.

use std::{fs, path::Path};

/// The path and text of every Rust file below a folder.
fn rust_files(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(rust_files(&path));
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push((path.display().to_string(), fs::read_to_string(&path).unwrap()));
        }
    }
    found
}

fn sources(folder: &str) -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(folder);
    if root.is_dir() {
        return rust_files(&root);
    }
    let file = root.with_extension("rs");
    vec![(file.display().to_string(), fs::read_to_string(&file).unwrap())]
}

#[test]
fn nobody_imports_what_it_must_not_know() {
    let pure = ["actix", "diesel", "tokio", "crate::store", "crate::flow", "crate::http", "crate::config", "Utc::now"];
    for (folder, forbidden) in [
        ("secret", &pure[..]),
        ("jose", &pure),
        ("credential", &pure),
        ("protocol", &[&pure[..], &["rand::", "random("]].concat()),
        ("store", &["actix", "crate::flow", "crate::http", "crate::cli"]),
        ("config", &["actix", "diesel::", "crate::flow", "crate::http", "crate::store"]),
        ("observe", &["actix", "diesel::", "crate::flow", "crate::http"]),
        ("flow", &["actix", "diesel::", "crate::http", "crate::cli"]),
        ("http", &["diesel::", "crate::cli"]),
        ("client", &["diesel::", "crate::cli", "crate::flow", "crate::http", "crate::store", "crate::config"]),
        ("demo", &["diesel::", "crate::cli"]),
        ("cli", &["diesel::", "actix"]),
        ("outbound", &["actix", "diesel::", "crate::flow", "crate::http", "crate::store", "crate::cli"]),
        ("jobs", &["diesel::", "actix", "crate::http"]),
    ] {
        let mut looked_at = 0;
        for (file, text) in sources(folder).iter().filter(|(file, _)| !below_src(file).contains("tests")) {
            for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")) {
                for name in forbidden {
                    assert!(!line.contains(name), "{file}:{}: {folder} must not know {name}", number + 1);
                }
            }
            for import in grouped(text) {
                assert!(!forbidden.contains(&import.as_str()), "{file}: {folder} must not know {import}");
            }
            looked_at += 1;
        }
        assert!(looked_at > 0, "{folder}: nothing was looked at");
    }
}

/// A file's path within `src`, wherever the whole is kept.
fn below_src(file: &str) -> &str {
    file.rsplit("/src/").next().unwrap()
}

/// The modules that every `crate::{…}` takes from the top of the crate: such a group may be many lines long.
fn grouped(text: &str) -> Vec<String> {
    let code: Vec<&str> = text.lines().map(|line| line.split("//").next().unwrap()).collect();
    let mut found = Vec::new();
    for group in code.join("\n").split("crate::{").skip(1) {
        let mut depth = 1;
        for piece in group.split_inclusive(['{', '}', ',']) {
            if depth == 1 {
                let module = piece.trim_start().split(|end: char| !end.is_ascii_alphanumeric() && end != '_').next();
                found.push(format!("crate::{}", module.unwrap()));
            }
            depth += i32::from(piece.ends_with('{')) - i32::from(piece.ends_with('}'));
            if depth == 0 {
                break;
            }
        }
    }
    found
}

/// What makes a connection, or asks for the address of a name.
const CALLS: [&str; 15] = [
    "connect(",
    "connect_timeout(",
    "TcpStream",
    "UnixStream",
    "TcpSocket",
    "UdpSocket",
    "UnixDatagram",
    "ToSocketAddrs",
    "lookup_host",
    "reqwest",
    "hyper",
    "ureq",
    "awc::",
    "lettre",
    "Command::new",
];

/// What takes connections instead of making them.
const ACCEPTED: [(&str, &str); 5] = [
    ("http/mod.rs", "client_disconnect_timeout("),
    ("cli/serve/listen.rs", "TcpSocket"),
    ("http/mod.rs", "net::TcpStream,"),
    ("http/mod.rs", "fn_service(move |stream: TcpStream|"),
    ("http/tls.rs", "TcpStream"),
];

#[test]
fn nothing_calls_anybody_but_the_database_and_the_healthcheck_its_own_server() {
    let mut callers = std::collections::BTreeSet::new();
    for (file, text) in sources("").iter().filter(|(file, _)| !file.ends_with("tests.rs")) {
        for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
            if CALLS.iter().any(|call| line.contains(call))
                && !ACCEPTED.iter().any(|(of, words)| file.ends_with(of) && line.contains(words))
            {
                callers.insert(below_src(file).to_owned());
            }
        }
    }
    // the database driver; a file that SQLite calls a connection; `countersign healthcheck`; what `countersign try` and
    // `countersign demo` ask with, and the person's browser that they open; the guarded client for what registrations name
    let allowed = [
        "store/postgres/target.rs",
        "store/sqlite.rs",
        "store/sqlite/copies.rs",
        "cli/healthcheck.rs",
        "client/wire.rs",
        "outbound/fetch.rs",
        "cli/browse.rs",
    ];
    assert_eq!(callers.into_iter().filter(|file| !allowed.contains(&file.as_str())).collect::<Vec<_>>(), [""; 0]);
    // nor does anything that is built in bring another client with it
    let manifest = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")).unwrap();
    let built_in = manifest.split("[dependencies]").nth(1).unwrap().split("[dev-dependencies]").next().unwrap();
    assert!(built_in.contains("\nreqwest = "));
    for client in ["ureq", "awc", "hyper", "curl", "isahc", "lettre", "trust-dns", "hickory"] {
        let named = |line: &str| line.starts_with(&format!("{client} ")) || line.starts_with(&format!("{client}-"));
        assert!(!built_in.lines().any(named), "{client}");
    }
}

#[test]
fn files_are_short_enough_to_read() {
    for folder in [
        "secret",
        "jose",
        "credential",
        "protocol",
        "store",
        "config",
        "flow",
        "http",
        "client",
        "demo",
        "cli",
        "jobs",
        "observe",
        "outbound",
    ] {
        for (file, text) in sources(folder) {
            assert!(text.lines().count() <= 480, "{file} has {} lines: a second noun is hiding", text.lines().count());
        }
    }
}

fn manifest(path: &str) -> toml::Table {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
    text.parse().unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn what_is_published_checks_its_arithmetic_and_survives_a_panic() {
    let all = manifest("Cargo.toml");
    let release = &all["profile"]["release"];
    assert_eq!(release["overflow-checks"].as_bool(), Some(true));
    assert_eq!(release["panic"].as_str(), Some("unwind"));
    let dist = all["profile"]["dist"].as_table().unwrap();
    assert_eq!(dist["inherits"].as_str(), Some("release"));
    assert!(!dist.contains_key("overflow-checks") && !dist.contains_key("panic"), "it has them from release");
}

#[test]
fn nothing_of_ours_is_unsafe() {
    for path in ["Cargo.toml", "tests/clients/Cargo.toml", "examples/rust-terminal/Cargo.toml"] {
        assert_eq!(manifest(path)["lints"]["rust"]["unsafe_code"].as_str(), Some("forbid"), "{path}");
    }
    assert!(sources("lib").iter().all(|(_, text)| text.contains("#![forbid(unsafe_code)]")));
}

#[test]
fn every_crate_comes_from_the_one_registry_under_a_checksum() {
    let registry = "registry+https://github.com/rust-lang/crates.io-index";
    for path in ["Cargo.lock", "tests/clients/Cargo.lock"] {
        for package in manifest(path)["package"].as_array().unwrap() {
            let name = package["name"].as_str().unwrap();
            match package.get("source") {
                Some(source) => {
                    assert_eq!(source.as_str(), Some(registry), "{path}: {name}");
                    assert!(package.get("checksum").is_some(), "{path}: {name}");
                }
                None => assert!(name.starts_with("countersign"), "{path}: {name} comes from a folder"),
            }
        }
    }
}

#[test]
fn the_map_of_the_specifications_names_tests_that_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let map = fs::read_to_string(root.join("docs/rfc-map.md")).unwrap();
    let mut tests = String::new();
    for folder in ["src", "tests"] {
        for (_, text) in rust_files(&root.join(folder)) {
            tests.push_str(&text);
        }
    }
    // a sentence as a name has more words than a file, a parameter or a method
    let is_test = |name: &&str| name.matches('_').count() >= 4 && !name.contains(['/', '.', ':', '=']);
    let named: Vec<&str> = map.split('`').skip(1).step_by(2).filter(is_test).collect();
    assert!(named.len() > 80, "{} tests are named", named.len());
    for name in named {
        assert!(tests.contains(&format!("fn {name}(")), "docs/rfc-map.md names a test that does not exist: {name}");
    }
}

/// The rules a text names: `R-f3` anywhere, and `P4` and its like behind the name of their series.
fn rules_in(text: &str) -> Vec<String> {
    let is_number = |text: &str| text.bytes().all(|digit| digit.is_ascii_digit());
    let (mut found, mut in_series) = (Vec::new(), false);
    for word in text.split(|end: char| !end.is_ascii_alphanumeric() && end != '-').filter(|word| !word.is_empty()) {
        let is_mechanism = word
            .strip_prefix("R-")
            .is_some_and(|rest| rest.starts_with(|series: char| series.is_ascii_lowercase()) && is_number(&rest[1..]));
        let is_id =
            word.len() > 1 && word.starts_with(|series: char| series.is_ascii_uppercase()) && is_number(&word[1..]);
        if is_mechanism || (in_series && is_id) {
            found.push(word.to_owned());
        }
        in_series = ["PROTOCOL", "UX"].contains(&word) || (in_series && (is_id || is_mechanism));
    }
    found
}

#[test]
fn every_rule_that_the_code_names_is_explained() {
    let rules = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/rules.md")).unwrap();
    let names = rules.lines().filter_map(|line| line.strip_prefix('|')?.split('|').next());
    let explained: Vec<String> = names.flat_map(|name| rules_in(&format!("UX {name}"))).collect();
    let mut count = 0;
    for (file, text) in sources("") {
        for rule in rules_in(&text) {
            assert!(explained.contains(&rule), "docs/rules.md does not say what {rule} is, which {file} names");
            count += 1;
        }
    }
    assert!(count > 100, "{count} rules are named");
}

#[test]
fn nothing_is_left_for_later() {
    let marks =
        ["TO".to_owned() + "DO", "FIX".to_owned() + "ME", "unimpl".to_owned() + "emented!", "to".to_owned() + "do!("];
    for (file, text) in sources("") {
        for mark in &marks {
            assert!(!text.contains(mark.as_str()), "{file} has {mark}");
        }
    }
}
