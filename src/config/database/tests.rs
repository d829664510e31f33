use super::*;

#[test]
fn a_database_is_a_postgres_url_or_a_sqlite_path() {
    for text in ["postgres://u:p@h:5432/d", "postgresql:///d?host=/run/postgresql", "postgres://a:1,b:2/d"] {
        assert_eq!(parse(text).unwrap(), Database::Postgres(text.to_owned()));
    }
    assert_eq!(parse("sqlite:a/b.db").unwrap(), Database::Sqlite("a/b.db".into()));
    assert_eq!(parse("sqlite:/a/b.db").unwrap(), Database::Sqlite("/a/b.db".into()));
    for text in
        ["", "a.db", "mysql://h/d", "sqlite:", "sqlite::memory:", "sqlite://a.db", "sqlite:///a.db", "sqlite:a?mode=ro"]
    {
        assert!(parse(text).is_err(), "{text}");
    }
}

#[test]
fn a_password_is_never_shown() {
    for text in [
        "postgres://ada:hunter2@db.example:5432/main?options=hunter2",
        "postgres://hunter2@db.example/main?password=hunter2",
        "postgres://ada:hunter2/x@db.example/main",
        "postgres://ada:1/hunter2@db.example/main",
        "postgres://ada:1?hunter2@db.example/main",
        "postgres://ada:1#hunter2@db.example/main",
        "postgres://ada:hunter2@a:1,b:2/main",
        "postgres://ada:hunter2",
    ] {
        let shown = match parse(text) {
            Ok(database) => {
                let replica = Replica { url: text.to_owned(), lag: Duration::from_secs(1) };
                let written = (DatabaseUrl(database.clone()), ReplicaUrl(text.to_owned()));
                format!("{database:?} {database} {written:?} {replica:?} {replica}")
            }
            Err(problem) => format!("{problem:?}"),
        };
        assert!(!shown.contains("hunter2") && !shown.contains("ada"), "{shown}");
    }
    let shown = parse("postgres://ada:hunter2@db.example:5432/main").unwrap().to_string();
    assert_eq!(shown, "postgres://db.example:5432/main");
}
