//! The database: its schema, its first start, what stops a start.

use std::sync::Arc;

use countersign::{
    clock::SystemClock,
    flow::{
        Origin,
        admin::clients::{self, NewClient},
        client_secret, encryption_keys, keys,
        start::{self, StartError},
    },
    jose::{Algorithm, jwe::KeyFamily},
    protocol::{client_metadata::ClientMetadata, grant::GrantType},
    store::{self, Location, Migrate, Store},
};

use crate::support::{Database, TestServer};

mod deleted;
mod everything;
mod flat;
mod many;
mod pipeline;
mod plans;
mod races;
mod sweep;
mod upgrade;

fn open(database: &Database, env: &[(&str, &str)], migrate: Migrate) -> impl Future<Output = Result<(), StartError>> {
    let mut all = vec![("COUNTERSIGN_DATABASE_URL", database.url.as_str())];
    all.extend_from_slice(env);
    let config = crate::support::config(database.dir.path(), &all);
    async move { Box::pin(start::open(config, Arc::new(SystemClock), migrate)).await.map(drop) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_start_makes_everything_once_also_when_two_begin_together() {
    let database = Database::empty().await;
    let (one, other) = tokio::join!(open(&database, &[], Migrate::Yes), open(&database, &[], Migrate::Yes));
    one.unwrap();
    other.unwrap();
    let url = database.url.clone();
    let location = match url.strip_prefix("sqlite:") {
        Some(path) => Location::Sqlite(std::path::Path::new(path)),
        None => Location::Postgres(&url),
    };
    let store = Store::open(location, Migrate::No).await.unwrap();
    assert_eq!(store.list_keys().await.unwrap().len(), 2, "one set of keys");
    assert_eq!(store.list_encryption_keys().await.unwrap().len(), 2, "one set of keys");
    let state = Store::schema_state(location).await.unwrap();
    assert_eq!(state.known, state.applied);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_never_migrates() {
    let database = Database::empty().await;
    let error = open(&database, &[], Migrate::No).await.unwrap_err();
    assert!(matches!(error, StartError::Store(store::Error::NotMigrated)), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_secret_key_stops_the_start_and_a_list_of_two_moves_to_the_first() {
    let server = TestServer::start().await;
    let database = server.database;
    let (own, new) = (crate::support::SECRET_KEY, "another key which is long enough as well");
    let error = open(&database, &[("COUNTERSIGN_SECRET_KEY", new)], Migrate::Yes).await.unwrap_err();
    assert!(matches!(error, StartError::WrongKey), "{error}");
    let both = format!("{new},{own}");
    open(&database, &[("COUNTERSIGN_SECRET_KEY", &both)], Migrate::Yes).await.unwrap();
    open(&database, &[("COUNTERSIGN_SECRET_KEY", new)], Migrate::Yes).await.unwrap();
    assert!(open(&database, &[("COUNTERSIGN_SECRET_KEY", own)], Migrate::Yes).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_sealed_under_the_former_secret_key_meanwhile_is_sealed_anew_by_the_next_start() {
    let database = Database::fresh().await;
    let (old, new) = (crate::support::SECRET_KEY, "another key which is long enough as well");
    let begin = async |keys: &str| {
        let env = [("COUNTERSIGN_DATABASE_URL", database.url.as_str()), ("COUNTERSIGN_SECRET_KEY", keys)];
        let config = crate::support::config(database.dir.path(), &env);
        Box::pin(start::open(config, Arc::new(SystemClock), Migrate::Yes)).await
    };
    let (before, after) = (format!("{old},{new}"), format!("{new},{old}"));
    let other = begin(&before).await.unwrap();
    begin(&after).await.unwrap();
    let metadata = ClientMetadata {
        grant_types: vec![GrantType::ClientCredentials],
        sealed_secret: true,
        ..ClientMetadata::default()
    };
    let client = NewClient { name: "photo printer".to_owned(), metadata, ..NewClient::default() };
    let made = clients::create(&other, &Origin::default(), client).await.unwrap();
    keys::succeed(&other, Algorithm::Es256, other.now(), None).await.unwrap();
    encryption_keys::succeed(&other, KeyFamily::Agreement, None).await.unwrap();
    assert!(begin(new).await.is_err(), "the former key is still needed");
    begin(&after).await.unwrap();
    let alone = begin(new).await.unwrap();
    let client = clients::find(&alone, &made.client.client_id).await.unwrap();
    let texts = client_secret::texts(&alone, &client, alone.now()).unwrap();
    let texts: Vec<_> = texts.iter().map(|text| text.expose().to_owned()).collect();
    assert_eq!(texts, [made.secret.unwrap().expose()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_from_a_newer_release_stops_the_start_with_words() {
    let database = Database::fresh().await;
    crate::support::sql(&database, "INSERT INTO __diesel_schema_migrations (version) VALUES ('99990101000000')").await;
    for migrate in [Migrate::Yes, Migrate::No] {
        let error = open(&database, &[], migrate).await.unwrap_err().to_string();
        assert!(error.contains("newer release") && error.contains("99990101000000"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreadable_database_stops_the_start_and_stays_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("countersign.db");
    std::fs::write(&path, b"this is no database, and somebody may want it back").unwrap();
    let database = Database { url: format!("sqlite:{}", path.display()), dir };
    let error = open(&database, &[], Migrate::Yes).await.unwrap_err();
    assert!(matches!(error, StartError::Store(store::Error::Unreadable(_))), "{error}");
    assert!(std::fs::read(&path).unwrap().starts_with(b"this is no database"));
}

#[tokio::test(flavor = "multi_thread")]
async fn data_is_its_owners_alone_and_without_its_key_nothing_starts() {
    use std::os::unix::fs::PermissionsExt;
    if crate::support::is_postgres() {
        return; // there is no data folder
    }
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let database = Database { url: format!("sqlite:{}", data.join("countersign.db").display()), dir };
    let own = [("COUNTERSIGN_SECRET_KEY", ""), ("COUNTERSIGN_DATA_DIR", data.to_str().unwrap())];
    open(&database, &own, Migrate::Yes).await.unwrap();
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&data), 0o700);
    for file in std::fs::read_dir(&data).unwrap() {
        let path = file.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
    std::fs::remove_file(data.join("secret_key")).unwrap();
    let error = open(&database, &own, Migrate::Yes).await.unwrap_err();
    assert!(matches!(error, StartError::KeyLost(_)), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_server_on_one_folder_is_refused() {
    if crate::support::is_postgres() {
        return; // several servers are welcome there
    }
    let database = Database::fresh().await;
    let config = crate::support::config(database.dir.path(), &[("COUNTERSIGN_DATABASE_URL", &database.url)]);
    let held = start::lock(&config).unwrap();
    let error = start::lock(&config).unwrap_err();
    assert!(matches!(error, StartError::Taken(_)), "{error}");
    drop(held);
    start::lock(&config).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_to_postgresql_is_verified_against_the_given_root_and_refused_without_it() {
    if !crate::support::is_postgres() {
        return; // there is no connection to encrypt
    }
    let Ok(root) = std::env::var("COUNTERSIGN_TEST_DATABASE_CA") else {
        let everything = std::env::var("COUNTERSIGN_TEST_REQUIRE_ALL").is_ok();
        assert!(!everything, "COUNTERSIGN_TEST_DATABASE_CA is not set");
        println!("skipped: COUNTERSIGN_TEST_DATABASE_CA is not set");
        return;
    };
    let database = Database::fresh().await;
    let with = |more: &str| format!("{}?{more}", database.url);
    let url = with(&format!("sslmode=verify-full&sslrootcert={root}"));
    open(&database, &[("COUNTERSIGN_DATABASE_URL", &url)], Migrate::Yes).await.unwrap();
    let error = open(&database, &[("COUNTERSIGN_DATABASE_URL", &with("sslmode=require"))], Migrate::Yes).await;
    let error = error.unwrap_err().to_string();
    assert!(error.contains("certificate"), "{error}");
    let error = open(&database, &[("COUNTERSIGN_DATABASE_URL", &with("sslmode=maybe"))], Migrate::Yes).await;
    assert!(error.unwrap_err().to_string().contains("sslmode"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tables_are_those_of_the_schema_on_either_database() {
    let database = Database::fresh().await;
    let found = crate::support::columns(&database).await;
    let schema = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/src/store/schema.rs")).unwrap();
    let mut expected = Vec::new();
    let mut table = String::new();
    for line in schema.lines().map(str::trim) {
        if let Some((name, _)) = line.strip_suffix(") {").and_then(|line| line.split_once(" (")) {
            table = name.to_owned();
        } else if let Some((column, kind)) = line.strip_suffix(',').and_then(|line| line.split_once(" -> ")) {
            let nullable = kind.starts_with("Nullable<");
            let kind = kind.trim_start_matches("Nullable<").trim_end_matches('>').to_owned();
            expected.push((table.clone(), column.to_owned(), kind, nullable));
        }
    }
    expected.sort();
    assert!(expected.len() > 100);
    assert_eq!(found, expected);
}
