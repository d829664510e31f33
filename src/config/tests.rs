use super::*;

#[test]
fn with_nothing_given_everything_has_its_default() {
    let dir = tempfile::tempdir().unwrap();
    let loaded = load(&Sources { working_dir: dir.path().to_path_buf(), ..Sources::default() }).unwrap();
    assert_eq!(loaded.config.issuer.as_str(), "http://localhost:8080");
    assert_eq!(loaded.config.database, Database::Sqlite(dir.path().join("countersign-data/countersign.db")));
    assert!(loaded.warnings.is_empty());
    assert!(loaded.origins.iter().all(|entry| entry.origin == Origin::Default));
}
