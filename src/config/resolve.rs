//! What one key means for another, and for the whole.

use std::path::{Path, PathBuf};

use super::{
    Branding, Clients, Config, ConfigErrors, Consent, Database, Device, Dialects, Entry, Fetch, Issuer, Limits, Listen,
    Loaded, Log, Login, Origin, Password, Replica, Server, Tokens, below,
    error::ConfigError,
    gather::Gathered,
    read::Reader,
    root::Root,
    table::{find, keys},
};

/// Types every value, fills in what follows from others, and checks what one value alone cannot show.
pub(super) fn resolve(
    gathered: &Gathered,
    unread: Vec<ConfigError>,
    working_dir: &Path,
) -> Result<Loaded, ConfigErrors> {
    let mut reader = Reader::new(gathered);
    let config = read(&mut reader, working_dir);
    // A key that could not be read is not a key that is missing.
    if let Some(config) = config.as_ref().filter(|_| unread.is_empty()) {
        check(config, &mut reader);
    }
    let errors: Vec<ConfigError> = unread.into_iter().chain(reader.errors).collect();
    match config {
        Some(mut config) if errors.is_empty() => {
            let mut origins = entries(gathered, &config);
            let mut warnings = gathered.warnings.clone();
            issuer_from_listen(&mut config, &mut origins);
            warn(&config, &origins, &mut warnings);
            Ok(Loaded { config, origins, warnings })
        }
        _ => Err(ConfigErrors::new(errors)),
    }
}

/// Every section is read before the first `?`, so that all errors are found.
fn read(reader: &mut Reader<'_>, working_dir: &Path) -> Option<Config> {
    let root = Root::read(reader);
    let file = |path: Option<PathBuf>| path.map(|path| below(working_dir, &path));
    let server = Server::read(reader).map(|server| Server {
        tls_cert: file(server.tls_cert),
        tls_key: file(server.tls_key),
        ..server
    });
    let tokens = Tokens::read(reader);
    let login = Login::read(reader);
    let password = Password::read(reader);
    let consent = Consent::read(reader);
    let clients = Clients::read(reader);
    let device = Device::read(reader);
    let fetch = Fetch::read(reader).map(|fetch| Fetch { ca_file: file(fetch.ca_file), ..fetch });
    let dialects = Dialects::read(reader);
    let limits = Limits::read(reader);
    let branding = Branding::read(reader);
    let log = Log::read(reader);
    let root = root?;
    let data_dir = below(working_dir, &root.data_dir);
    let own_file = || Database::Sqlite(data_dir.join("countersign.db"));
    Some(Config {
        issuer: root.issuer,
        listen: root.listen,
        database: root.database_url.map_or_else(own_file, |url| url.below(working_dir)),
        database_replica: root.database_replica_url.map(|url| Replica { url: url.0, lag: root.database_replica_lag.0 }),
        data_dir,
        secret_key: root.secret_key,
        server: server?,
        tokens: tokens?,
        login: login?,
        password: password?,
        consent: consent?,
        clients: clients?,
        device: device?,
        fetch: fetch?,
        dialects: dialects?,
        limits: limits?,
        branding: branding?,
        log: log?,
    })
}

fn check(config: &Config, reader: &mut Reader<'_>) {
    if config.secret_key.is_empty() && matches!(config.database, Database::Postgres(_)) {
        let error = ConfigError::new("secret_key must be given when database_url is PostgreSQL").remedy(Some(
            "make one: openssl rand -base64 32 > secret_key; then set COUNTERSIGN_SECRET_KEY_FILE=secret_key, \
             the same for every server on this database"
                .to_owned(),
        ));
        if let Some(key) = find("database_url") {
            reader.wrong_at(key, error);
        }
    }
    if config.database_replica.is_some() && matches!(config.database, Database::Sqlite(_)) {
        let error = ConfigError::new("database_replica_url is for PostgreSQL, and the database is SQLite").remedy(
            Some("leave it out, or set database_url to the PostgreSQL database of which this is a standby".to_owned()),
        );
        if let Some(key) = find("database_replica_url") {
            reader.wrong_at(key, error);
        }
    }
    let tls = match (&config.server.tls_cert, &config.server.tls_key) {
        (Some(_), None) => {
            Some(("server.tls_cert", "server.tls_key must be given as well", "name the file with its private key"))
        }
        (None, Some(_)) => {
            Some(("server.tls_key", "server.tls_cert must be given as well", "name the file with the certificate"))
        }
        (Some(_), Some(_)) if !config.issuer.is_https() => Some((
            "server.tls_cert",
            "issuer must be https where the server speaks TLS itself",
            "set issuer, as in https://id.example.com, or https://localhost:8080 on this machine",
        )),
        _ => None,
    };
    if let Some((path, message, remedy)) = tls
        && let Some(key) = find(path)
    {
        reader.wrong_at(key, ConfigError::new(message).remedy(Some(remedy.to_owned())));
    }
    let least = config.password.parallelism.saturating_mul(8);
    if config.password.memory < least {
        let message = format!("password.memory must be at least eight times password.parallelism: {least} KiB");
        if let Some(key) = find("password.memory") {
            reader.wrong_at(key, ConfigError::new(message));
        }
    }
}

fn entries(gathered: &Gathered, config: &Config) -> Vec<Entry> {
    let entry = |key: &'static super::table::Key| {
        let given = gathered.given.get(&(key.section, key.name));
        let value = match given {
            Some(_) if key.kind.is_secret() => "<set>".to_owned(),
            Some(given) => given.value.shown(),
            None if key.name == "database_url" => config.database.to_string(),
            None => key.default.to_owned(),
        };
        Entry { key, value, origin: given.map_or(Origin::Default, |given| given.place.origin()) }
    };
    keys().map(entry).collect()
}

/// `--listen 127.0.0.1:9000` alone is meant to be found at `http://localhost:9000`.
fn issuer_from_listen(config: &mut Config, origins: &mut [Entry]) {
    let given = |path: &str| origins.iter().any(|entry| entry.key.path() == path && entry.origin != Origin::Default);
    let Some(Listen::Tcp(first)) = config.listen.first() else { return };
    if given("issuer") || !given("listen") || !first.ip().is_loopback() || first.port() == 0 {
        return;
    }
    config.issuer = Issuer::localhost(first.port());
    if let Some(entry) = origins.iter_mut().find(|entry| entry.key.path() == "issuer") {
        config.issuer.as_str().clone_into(&mut entry.value);
        entry.origin = Origin::Derived("listen");
    }
}

fn warn(config: &Config, origins: &[Entry], warnings: &mut Vec<String>) {
    let issuer_unset = origins.iter().any(|entry| entry.key.path() == "issuer" && entry.origin == Origin::Default);
    if issuer_unset && config.listen.iter().all(|Listen::Tcp(address)| !address.ip().is_loopback()) {
        let issuer = &config.issuer;
        warnings
            .push(format!("issuer is not set; apps elsewhere cannot reach {issuer}, which this server calls itself"));
    }
    if config.server.trusted_proxies.iter().any(|network| network.prefix_len() == 0) {
        let words = "server.trusted_proxies has a network of every address: anybody can say where they come from";
        warnings.push(words.to_owned());
    }
}
