use std::time::Duration;

use super::*;
use crate::protocol::redirect_uri::PrivateScheme;

mod errors;

/// A folder with files, and what else is given.
struct Given {
    dir: tempfile::TempDir,
    sources: Sources,
}

impl Given {
    fn nothing() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let sources = Sources { working_dir: dir.path().to_path_buf(), ..Sources::default() };
        Self { dir, sources }
    }

    fn toml(text: &str) -> Self {
        Self::nothing().file("countersign.toml", text)
    }

    fn file(self, name: &str, text: &str) -> Self {
        std::fs::write(self.dir.path().join(name), text).unwrap();
        self
    }

    fn env(mut self, name: &str, value: &str) -> Self {
        self.sources.env.push((name.to_owned(), value.to_owned()));
        self
    }

    fn flag(mut self, key: &'static str, value: &str) -> Self {
        self.sources.flags.push((key, value.to_owned()));
        self
    }

    fn config_flag(mut self, path: &str) -> Self {
        self.sources.files.push(PathBuf::from(path));
        self
    }

    fn load(&self) -> Loaded {
        load(&self.sources).unwrap_or_else(|errors| panic!("{errors}"))
    }

    fn errors(&self) -> String {
        load(&self.sources).unwrap_err().to_string().replace(&self.dir.path().display().to_string(), "DIR")
    }
}

fn origin(loaded: &Loaded, key: &str) -> String {
    loaded.entry(key).unwrap().origin.to_string()
}

const KEY: &str = "0123456789abcdef0123456789abcdef";
const OLD: &str = "fedcba9876543210fedcba9876543210";

#[test]
fn with_nothing_given_everything_has_its_default() {
    let given = Given::nothing();
    let loaded = given.load();
    let config = &loaded.config;
    assert_eq!(config.issuer.as_str(), "http://localhost:8080");
    assert_eq!(config.listen.iter().map(ToString::to_string).collect::<Vec<_>>(), ["127.0.0.1:8080", "[::1]:8080"]);
    assert_eq!(config.data_dir, given.dir.path().join("countersign-data"));
    assert_eq!(config.database, Database::Sqlite(given.dir.path().join("countersign-data/countersign.db")));
    assert!(config.secret_key.is_empty() && config.server.trusted_proxies.is_empty());
    assert_eq!(config.tokens.access_ttl, Duration::from_mins(15));
    assert_eq!(config.consent.remember, Duration::from_hours(365 * 24));
    assert_eq!(config.limits.body.bytes(), 65_536);
    assert_eq!(config.tokens.id_alg, crate::jose::Algorithm::Rs256);
    assert!(loaded.warnings.is_empty());
    assert!(loaded.origins.iter().all(|entry| entry.origin == Origin::Default));
}

#[test]
fn a_flag_outranks_the_environment_which_outranks_a_file_of_its_own_a_credential_the_file_and_the_default() {
    let secret = |letter: &str| letter.repeat(32);
    let mut given = Given::toml(&format!("secret_key = \"{}\"", secret("f")));
    let exposed = |given: &Given| given.load().config.secret_key.first().unwrap().expose().to_owned();
    assert_eq!(
        (exposed(&given), origin(&given.load(), "secret_key")),
        (secret("f"), "file ./countersign.toml:1".into())
    );
    let folder = given.dir.path().display().to_string();
    given = given.file("secret_key", &secret("c")).env("CREDENTIALS_DIRECTORY", &folder);
    assert_eq!((exposed(&given), origin(&given.load(), "secret_key")), (secret("c"), "credential".into()));
    given = given.file("own", &format!("{}\n", secret("o"))).env("COUNTERSIGN_SECRET_KEY_FILE", "own");
    let named = "file COUNTERSIGN_SECRET_KEY_FILE".to_owned();
    assert_eq!((exposed(&given), origin(&given.load(), "secret_key")), (secret("o"), named));
    given = given.flag("secret_key", &secret("x"));
    assert_eq!((exposed(&given), origin(&given.load(), "secret_key")), (secret("x"), "flag".into()));

    let given = Given::toml("[tokens]\naccess_ttl = \"1m\"").env("COUNTERSIGN_TOKENS__ACCESS_TTL", "2m");
    let loaded = given.load();
    assert_eq!(loaded.config.tokens.access_ttl, Duration::from_mins(2));
    assert_eq!(origin(&loaded, "tokens.access_ttl"), "environment COUNTERSIGN_TOKENS__ACCESS_TTL");
    let loaded = given.flag("tokens.access_ttl", "3m").load();
    assert_eq!(loaded.config.tokens.access_ttl, Duration::from_mins(3));
    assert_eq!(origin(&loaded, "tokens.access_ttl"), "flag");
}

#[test]
fn of_several_files_the_later_wins_key_by_key() {
    let given = Given::nothing()
        .file("a.toml", "[tokens]\naccess_ttl = \"1m\"\nid_ttl = \"1m\"")
        .file("b.toml", "[tokens]\n\nid_ttl = \"2m\"")
        .file("countersign.toml", "this is not read")
        .config_flag("a.toml")
        .config_flag("b.toml");
    let loaded = given.load();
    assert_eq!(loaded.config.tokens.access_ttl, Duration::from_mins(1));
    assert_eq!(loaded.config.tokens.id_ttl, Duration::from_mins(2));
    assert_eq!(origin(&loaded, "tokens.id_ttl"), "file b.toml:3");
}

#[test]
fn the_environment_names_a_file_in_place_of_the_usual_one() {
    let given =
        Given::toml("not read").file("other.toml", "[limits]\nbody = 4096").env("COUNTERSIGN_CONFIG", "other.toml");
    assert_eq!(given.load().config.limits.body.bytes(), 4096);
    let given = Given::toml("").env("COUNTERSIGN_CONFIG", "missing.toml");
    assert_eq!(
        given.errors(),
        "\
error: cannot read the configuration file: No such file or directory (os error 2)
  --> environment COUNTERSIGN_CONFIG = \"missing.toml\"

1 error; nothing was started."
    );
}

#[test]
fn two_secrets_are_given_as_a_list_with_commas_or_a_line_each() {
    let exposed = |given: Given| {
        given.load().config.secret_key.iter().map(|secret| secret.expose().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(exposed(Given::toml(&format!("secret_key = [\"{KEY}\", \"{OLD}\"]"))), [KEY, OLD]);
    assert_eq!(exposed(Given::nothing().env("COUNTERSIGN_SECRET_KEY", &format!("{KEY},{OLD}"))), [KEY, OLD]);
    let lines = Given::toml("secret_key_file = \"keys\"").file("keys", &format!("{KEY}\r\n{OLD}\r\n"));
    assert_eq!(origin(&lines.load(), "secret_key"), "file secret_key_file");
    assert_eq!(exposed(lines), [KEY, OLD]);
    assert!(Given::toml(&format!("secret_key = [\"{KEY}\", \"{KEY}\"]")).errors().contains("the same text twice"));
    assert!(Given::toml("secret_key = []").errors().contains("at least 32 characters"));
}

#[test]
fn an_unknown_variable_is_a_warning_except_what_others_set() {
    let given = Given::nothing()
        .env("COUNTERSIGN_ISUER", "x")
        .env("COUNTERSIGN_TOKENS_ACCESS_TTL", "1m")
        .env("COUNTERSIGN_WEATHER", "fine")
        .env("COUNTERSIGN_SERVICE_HOST", "10.0.0.1")
        .env("COUNTERSIGN_PORT", "tcp://10.0.0.1:80")
        .env("COUNTERSIGN_PORT_80_TCP", "tcp://10.0.0.1:80")
        .env("COUNTERSIGN_TEST_DATABASE", "postgres://x")
        .env("COUNTERSIGN_CONFIG", "")
        .env("ISSUER", "https://else.example");
    assert_eq!(
        given.load().warnings,
        [
            "unknown environment variable COUNTERSIGN_ISUER; did you mean COUNTERSIGN_ISSUER?",
            "unknown environment variable COUNTERSIGN_TOKENS_ACCESS_TTL; did you mean COUNTERSIGN_TOKENS__ACCESS_TTL?",
            "unknown environment variable COUNTERSIGN_WEATHER",
        ]
    );
}

#[test]
fn a_server_told_only_where_to_listen_is_known_by_that_port() {
    for (listen, issuer, from) in [
        ("127.0.0.1:9000", "http://localhost:9000", "default, from listen"),
        ("localhost:9000", "http://localhost:9000", "default, from listen"),
        ("[::1]:80", "http://localhost", "default, from listen"),
        ("127.0.0.1:0", "http://localhost:8080", "default"),
        ("0.0.0.0:9000", "http://localhost:8080", "default"),
    ] {
        let loaded = Given::nothing().flag("listen", listen).load();
        assert_eq!(loaded.config.issuer.as_str(), issuer, "{listen}");
        assert_eq!(loaded.entry("issuer").unwrap().value, issuer, "{listen}");
        assert_eq!(origin(&loaded, "issuer"), from, "{listen}");
        assert_eq!(loaded.warnings.len(), usize::from(listen.starts_with("0.0.0.0")));
    }
    let given = Given::nothing().flag("listen", "127.0.0.1:9000").env("COUNTERSIGN_ISSUER", "https://id.example.com");
    assert_eq!(given.load().config.issuer.as_str(), "https://id.example.com");
}

#[test]
fn a_repeated_flag_makes_a_list_and_an_address_counts_once() {
    let given = Given::nothing().flag("listen", "127.0.0.1:9000").flag("listen", "localhost:9000");
    let listen = given.load().config.listen;
    assert_eq!(listen.iter().map(ToString::to_string).collect::<Vec<_>>(), ["127.0.0.1:9000", "[::1]:9000"]);
}

#[test]
fn what_is_told_in_whole_seconds_is_at_least_one() {
    for text in ["0s", "999ms"] {
        let given = Given::toml(&format!("[server]\nshutdown_grace = \"{text}\""));
        assert!(given.errors().contains("server.shutdown_grace must be from 1s to 10m"), "{}", given.errors());
    }
}

#[test]
fn what_counts_in_whole_seconds_takes_no_milliseconds_and_nothing_is_cut_off() {
    for (section, key, text) in [
        ("tokens", "refresh_reuse_grace", "900ms"),
        ("tokens", "access_ttl", "1500ms"),
        ("consent", "remember", "500ms"),
        ("server", "shutdown_grace", "1900ms"),
        ("login", "session_ttl", "60001ms"),
        ("device", "interval", "1001ms"),
        ("clients", "unused_ttl", "300001ms"),
    ] {
        let errors = Given::toml(&format!("[{section}]\n{key} = \"{text}\"")).errors();
        assert!(errors.contains(&format!("{section}.{key} must be whole seconds")), "{errors}");
        assert!(errors.contains("write a number and s, m, h, d or y"), "{errors}");
    }
    let whole = Given::toml("[tokens]\nrefresh_reuse_grace = \"2000ms\"").load();
    assert_eq!(whole.config.tokens.refresh_reuse_grace, Duration::from_secs(2));
    let fine =
        Given::toml("[limits]\nwait = \"1500ms\"\n[fetch]\ntimeout = \"1500ms\"\n[server]\nshutdown_delay = \"500ms\"");
    let config = fine.load().config;
    assert_eq!(
        (config.limits.wait.0, config.fetch.timeout.0),
        (Duration::from_millis(1500), Duration::from_millis(1500))
    );
    assert_eq!(config.server.shutdown_delay.0, Duration::from_millis(500));
}

#[test]
fn networks_are_addresses_or_ranges_and_all_of_them_is_worth_a_warning() {
    let networks = |text: &str| {
        let loaded = Given::nothing().env("COUNTERSIGN_SERVER__TRUSTED_PROXIES", text).load();
        let networks = loaded.config.server.trusted_proxies.iter().map(ToString::to_string).collect::<Vec<_>>();
        (networks.join(" "), loaded.warnings.len())
    };
    assert_eq!(networks("10.1.2.3/8, 192.0.2.1,fd00::/8"), ("10.0.0.0/8 192.0.2.1/32 fd00::/8".to_owned(), 0));
    assert_eq!(networks(""), (String::new(), 0));
    assert_eq!(networks("0.0.0.0/0"), ("0.0.0.0/0".to_owned(), 1));
}

#[test]
fn schemes_of_redirects_are_those_of_published_programs_or_what_is_listed_or_none() {
    let schemes = |given: Given| {
        let loaded = given.load();
        let names = loaded.config.clients.private_schemes.iter().map(PrivateScheme::as_str).collect::<Vec<_>>();
        (names.join(" "), show(&loaded, false))
    };
    let (names, shown) = schemes(Given::nothing());
    assert!(names.starts_with("cursor ") && shown.contains("private_schemes = [\"cursor\", "), "{names} {shown}");
    let (names, shown) = schemes(Given::nothing().env("COUNTERSIGN_CLIENTS__PRIVATE_SCHEMES", "zed, my-editor"));
    assert_eq!(names, "zed my-editor");
    assert!(shown.contains("\nprivate_schemes = [\"zed\", \"my-editor\"]\n"), "{shown}");
    // what is shown is taken again: not the default, which a key that is not set has
    let (names, shown) = schemes(Given::toml("[clients]\nprivate_schemes = []"));
    assert_eq!(names, "");
    assert!(shown.contains("\nprivate_schemes = []\n"), "{shown}");
}

#[test]
fn a_relative_path_starts_at_the_working_directory() {
    let given = Given::toml("data_dir = \"./d\"\ndatabase_url = \"sqlite:x.db\"");
    let config = given.load().config;
    assert_eq!(config.data_dir, given.dir.path().join("d"));
    assert_eq!(config.database, Database::Sqlite(given.dir.path().join("x.db")));
    assert!(!config.data_dir.display().to_string().contains("/./"));
}

#[test]
fn no_key_is_listed_twice_and_every_one_has_words_and_a_default_or_an_example() {
    let mut paths: Vec<String> = table::keys().map(table::Key::path).collect();
    for key in table::keys() {
        assert!(key.doc.ends_with('.'), "{}", key.path());
        assert_eq!(key.default.is_empty(), key.example.is_some(), "{}", key.path());
        assert!(table::find(&key.path()).is_some());
    }
    paths.sort();
    let all = paths.len();
    paths.dedup();
    assert_eq!(paths.len(), all);
}
