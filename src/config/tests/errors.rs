//! What an administrator reads when something is wrong.

use super::*;

#[test]
fn mistakes_are_shown_as_promised() {
    let given = Given::toml(&format!("{}[tokens]\nacces_ttl = \"15m\"\n", "\n".repeat(12)))
        .env("COUNTERSIGN_ISSUER", "https://id.example.com/?x=1");
    assert_eq!(
        given.errors(),
        "\
error: unknown key `acces_ttl` in [tokens]
  --> ./countersign.toml:14:1
   |
14 | acces_ttl = \"15m\"
   | ^^^^^^^^^ did you mean `access_ttl`?

error: issuer must not have a query or fragment
  --> environment COUNTERSIGN_ISSUER = \"https://id.example.com/?x=1\"

2 errors; nothing was started."
    );
}

#[test]
fn every_mistake_is_reported_at_once_with_its_place_and_remedy() {
    let text = "\
listen = [\"127.0.0.1:8080\", \"8080\"]
tokens = 5
[server]
trusted_proxies = [
  \"10.0.0.0/8\",
  \"proxy\",
]
[passwords]
[password]
issuer = \"https://id.example.com\"
memory = 8
parallelism = \"2\"
[log]
level = \"inf\"
[limits]
body = true
per_address = \"no\"
code_ttl = \"1m\"
";
    let given = Given::toml(text).env("COUNTERSIGN_TOKENS__CODE_TTL", "1h").flag("database_url", "mysql://u:p@h/d");
    assert_eq!(
        given.errors(),
        "\
error: `tokens` is a section, not a key
  --> ./countersign.toml:2:1
   |
 2 | tokens = …
   | ^^^^^^ write [tokens], once, and its keys below

error: unknown section [passwords]
  --> ./countersign.toml:8:2
   |
 8 | [passwords]
   |  ^^^^^^^^^ did you mean [password]?

error: unknown key `issuer` in [password]
  --> ./countersign.toml:10:1
   |
10 | issuer = \"https://id.example.com\"
   | ^^^^^^ it belongs at the top of the file, before the first section

error: unknown key `code_ttl` in [limits]
  --> ./countersign.toml:18:1
   |
18 | code_ttl = \"1m\"
   | ^^^^^^^^ it belongs in [tokens]

error: listen has `8080`, which is not an address and a port
  --> ./countersign.toml:1:29
   |
 1 | listen = [\"127.0.0.1:8080\", \"8080\"]
   |                             ^^^^^^ write \"localhost:8080\", or \"0.0.0.0:8080\" for every address of this machine

error: database_url must be a postgres:// URL or sqlite:PATH
  --> flag --database-url
   = help: write postgres://user@host/name, or sqlite:/var/lib/countersign/countersign.db

error: server.trusted_proxies has `proxy`, which is neither an address nor a network
  --> ./countersign.toml:6:3
   |
 6 |   \"proxy\",
   |   ^^^^^^^ write 10.1.2.3, 10.0.0.0/8 or fd00::/8

error: tokens.code_ttl must be from 1s to 10m
  --> environment COUNTERSIGN_TOKENS__CODE_TTL = \"1h\"
   = help: 10m is the most

error: password.parallelism must be a whole number
  --> ./countersign.toml:12:15
   |
12 | parallelism = \"2\"
   |               ^^^ write digits alone, as in 1

error: limits.body must be a size
  --> ./countersign.toml:16:8
   |
16 | body = true
   |        ^^^^ write a number of bytes, or one with KiB, MiB or GiB

error: limits.per_address must be true or false
  --> ./countersign.toml:17:15
   |
17 | per_address = \"no\"
   |               ^^^^ write true or false, without quotes

error: log.level must be one of `error`, `warn`, `info`, `debug`, `trace`
  --> ./countersign.toml:14:9
   |
14 | level = \"inf\"
   |         ^^^^^ did you mean `info`?

12 errors; nothing was started."
    );
}

#[test]
fn a_file_that_is_not_toml_is_pointed_at() {
    let given = Given::toml("[tokens]\naccess_ttl = 15m\n");
    let errors = given.errors();
    assert!(errors.starts_with("error: not TOML: "), "{errors}");
    assert!(
        errors.contains("\n  --> ./countersign.toml:2:14\n   |\n 2 | access_ttl = 15m\n   |              ^"),
        "{errors}"
    );
}

#[test]
fn a_secret_is_shown_in_no_error() {
    let hidden = "hunter2-hunter2";
    for (text, errors) in [
        (format!("secret_key = \"{hidden}\""), 1),
        (format!("secret_key = [\"{KEY}\",\n \"{hidden}\"]"), 1),
        (format!("secret_key = {hidden}"), 1),
        (format!("secret_key = \"{hidden}"), 1),
        (format!("secret_key = [\n\"{hidden}\n]"), 1),
        (format!("secret_key = \"\"\"\n{hidden}"), 1),
        (format!("secret_key \"{hidden}\""), 1),
        (format!("secret_key = \"\"\"\n{hidden}="), 1),
        (format!("secret_key = [\"{KEY}\",\n'{hidden}=]"), 1),
        (format!("secret_key = '''\n'''{hidden}="), 1),
        (format!("mail.url = \"smtp://{hidden}\""), 1),
        (format!("tokens = \"{hidden}\""), 1),
        (format!("tokens = {{ secret_key = \"{hidden}\", x = 1 }}"), 2),
        (format!("secret_kye = \"{hidden}\""), 1),
        (format!("password = \"{hidden}\""), 1),
        (format!("smtp_password = \"{hidden}\""), 1),
        (format!("[tokens]\nsecret_key = \"{hidden}\""), 1),
        (format!("[mail]\nurl = \"smtp://{hidden}\""), 1),
        (format!("mail = {{ url = \"smtp://{hidden}\" }}"), 1),
        (format!("database_url = \"mysql://u:{hidden}@h\""), 1),
        (format!("database_url = \"postgres://u:{hidden}\""), 1),
        (format!("database_url = {{ a = \"{hidden}\" }}"), 1),
        (format!("database_url = \"postgres://u:{hidden}@h/d\""), 1),
        (format!("secret_key = \"{hidden}\"\nsecret_key = \"{hidden}\""), 1),
    ] {
        let shown = Given::toml(&text).errors();
        assert!(!shown.contains("hunter2"), "{text}\n\n{shown}");
        assert!(shown.contains(&format!("\n{errors} error")), "{text}\n\n{shown}");
    }
    for given in [
        Given::nothing().env("COUNTERSIGN_SECRET_KEY", hidden),
        Given::nothing().flag("secret_key", hidden),
        Given::nothing().env("COUNTERSIGN_DATABASE_URL", &format!("postgres://u:{hidden}@h:x/d")),
        Given::nothing().file("s", hidden).env("COUNTERSIGN_SECRET_KEY_FILE", "s"),
        Given::nothing()
            .env("COUNTERSIGN_SECRET_KEY", hidden)
            .file("s", hidden)
            .env("COUNTERSIGN_SECRET_KEY_FILE", "s"),
    ] {
        assert!(!given.errors().contains("hunter2"), "{}", given.errors());
    }
    let loaded = Given::nothing()
        .env("COUNTERSIGN_SECRET_KEY", &hidden.repeat(3))
        .env("COUNTERSIGN_DATABASE_URL", &format!("postgres://u:{hidden}@h/d"))
        .env("COUNTERSIGN_SECRETS", hidden)
        .load();
    assert!(!format!("{loaded:?} {}", show(&loaded, true)).contains("hunter2"));
    assert_eq!(loaded.entry("database_url").unwrap().value, "<set>");
}

#[test]
fn a_secret_that_is_too_short_is_answered_with_how_to_make_one() {
    assert_eq!(
        Given::toml("secret_key = [\"short\"] # not enough").errors(),
        "\
error: secret_key must have at least 32 characters
  --> ./countersign.toml:1:1
   |
 1 | secret_key = …
   | ^^^^^^^^^^ make one: openssl rand -base64 32

1 error; nothing was started."
    );
}

#[test]
fn a_value_and_its_file_must_not_both_be_given() {
    let given =
        Given::nothing().file("key", KEY).env("COUNTERSIGN_SECRET_KEY", KEY).env("COUNTERSIGN_SECRET_KEY_FILE", "key");
    assert_eq!(
        given.errors(),
        "\
error: COUNTERSIGN_SECRET_KEY and COUNTERSIGN_SECRET_KEY_FILE are both set
  --> environment COUNTERSIGN_SECRET_KEY_FILE = \"key\"
   = help: keep one of them

1 error; nothing was started."
    );
    let given = Given::toml(&format!("secret_key = \"{KEY}\"\nsecret_key_file = \"key\"")).file("key", KEY);
    assert_eq!(
        given.errors(),
        "\
error: secret_key and secret_key_file are both given
  --> ./countersign.toml:2:1
   |
 2 | secret_key_file = …
   | ^^^^^^^^^^^^^^^ keep one of them

1 error; nothing was started."
    );
}

#[test]
fn a_file_that_is_named_and_missing_is_an_error_and_not_a_default() {
    let given = Given::nothing().env("COUNTERSIGN_DATABASE_URL_FILE", "gone");
    assert_eq!(
        given.errors(),
        "\
error: cannot read the file with database_url: No such file or directory (os error 2)
  --> environment COUNTERSIGN_DATABASE_URL_FILE = \"gone\"

1 error; nothing was started."
    );
}

#[test]
fn a_replica_is_a_standby_of_postgres() {
    let given = Given::nothing().env("COUNTERSIGN_DATABASE_REPLICA_URL", "postgres://u:pw@h/d");
    assert_eq!(
        given.errors(),
        "\
error: database_replica_url is for PostgreSQL, and the database is SQLite
  --> environment COUNTERSIGN_DATABASE_REPLICA_URL
   = help: leave it out, or set database_url to the PostgreSQL database of which this is a standby

1 error; nothing was started."
    );
    let given = given.env("COUNTERSIGN_DATABASE_URL", "postgres://u:pw@p/d").env("COUNTERSIGN_SECRET_KEY", KEY);
    let loaded = given.load();
    let replica = loaded.config.database_replica.clone().unwrap();
    assert_eq!((&*replica.url, replica.lag), ("postgres://u:pw@h/d", std::time::Duration::from_secs(1)));
    assert_eq!(loaded.entry("database_replica_url").unwrap().value, "<set>");
    let given = given.env("COUNTERSIGN_DATABASE_REPLICA_URL", "sqlite:d.db");
    assert!(given.errors().contains("error: database_replica_url must be a postgres:// URL\n"), "{}", given.errors());
    let given = given.env("COUNTERSIGN_DATABASE_REPLICA_URL", "").env("COUNTERSIGN_DATABASE_REPLICA_LAG", "10ms");
    assert!(given.errors().contains("database_replica_lag must be from 200ms to 5m"), "{}", given.errors());
}

#[test]
fn a_scheme_that_must_not_be_listed_is_named_with_the_reason() {
    for (scheme, why, remedy) in [
        ("Cursor", "is no scheme in lower case", "write it as in cursor, without colon and slashes"),
        ("cursor://", "is no scheme in lower case", "write it as in cursor, without colon and slashes"),
        ("com.example.app", "has a dot and needs no entry", "leave it out"),
        ("https", "belongs to browsers or to the system", "leave it out"),
        ("javascript", "belongs to browsers or to the system", "leave it out"),
        ("ms-word", "belongs to browsers or to the system", "leave it out"),
    ] {
        let errors = Given::toml(&format!("[clients]\nprivate_schemes = [\"zed\", \"{scheme}\"]")).errors();
        let message = format!("error: clients.private_schemes has `{scheme}`, which {why}\n");
        assert!(errors.starts_with(&format!("{message}  --> ./countersign.toml:2:27\n")), "{errors}");
        assert!(errors.contains(&format!("^ {remedy}\n")), "{errors}");
    }
}

#[test]
fn postgres_needs_a_secret_key_that_was_given() {
    let given = Given::nothing().env("COUNTERSIGN_DATABASE_URL", "postgres://u:pw@h/d");
    assert_eq!(
        given.errors(),
        "\
error: secret_key must be given when database_url is PostgreSQL
  --> environment COUNTERSIGN_DATABASE_URL
   = help: make one: openssl rand -base64 32 > secret_key; then set COUNTERSIGN_SECRET_KEY_FILE=secret_key, the same \
         for every server on this database

1 error; nothing was started."
    );
    let config = given.env("COUNTERSIGN_SECRET_KEY", KEY).load().config;
    assert_eq!(config.database, Database::Postgres("postgres://u:pw@h/d".to_owned()));
}

#[test]
fn a_hash_needs_eight_blocks_a_lane() {
    let given = Given::toml("[password]\nmemory = 8\nparallelism = 2");
    assert!(given.errors().starts_with("error: password.memory must be at least eight times password.parallelism: 16 KiB\n  --> ./countersign.toml:2:10\n"), "{}", given.errors());
}
