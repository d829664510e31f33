use super::{
    super::{Origin, Sources, load},
    *,
};

#[test]
fn the_committed_reference_is_the_table() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/configuration.md");
    if std::env::var_os("COUNTERSIGN_TEST_WRITE_DOCS").is_some() {
        std::fs::write(path, reference_markdown()).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(committed, reference_markdown(), "see the note at the top of docs/configuration.md");
}

#[test]
fn the_printed_file_changes_nothing_even_with_every_default_uncommented() {
    let uncommented: Vec<String> = default_toml()
        .lines()
        .map(|line| {
            let name = line.strip_prefix('#').and_then(|line| line.split_once(" = ")).map(|(name, _)| name);
            let has_default = name
                .is_some_and(|name| super::super::table::keys().any(|key| key.name == name && !key.default.is_empty()));
            if has_default { line.trim_start_matches('#').to_owned() } else { line.to_owned() }
        })
        .collect();
    let dir = tempfile::tempdir().unwrap();
    let sources = Sources { working_dir: dir.path().to_path_buf(), ..Sources::default() };
    let without = load(&sources).unwrap();
    std::fs::write(dir.path().join("countersign.toml"), default_toml()).unwrap();
    assert_eq!(format!("{:?}", load(&sources).unwrap().config), format!("{:?}", without.config));
    std::fs::write(dir.path().join("countersign.toml"), uncommented.join("\n")).unwrap();
    let with = load(&sources).unwrap();
    assert_eq!(format!("{:?}", with.config), format!("{:?}", without.config));
    assert!(with.origins.iter().all(|entry| (entry.origin == Origin::Default) == entry.key.default.is_empty()));
}

#[test]
fn each_list_of_the_printed_file_holds_once_it_is_uncommented_and_is_shown_as_one() {
    let dir = tempfile::tempdir().unwrap();
    let sources = Sources { working_dir: dir.path().to_path_buf(), ..Sources::default() };
    for key in super::super::table::keys().filter(|key| key.kind.is_list() && !key.kind.is_secret()) {
        let (path, page) = (key.path(), default_toml());
        let uncommented = page.replacen(&format!("\n#{} = ", key.name), &format!("\n{} = ", key.name), 1);
        std::fs::write(dir.path().join("countersign.toml"), uncommented).unwrap();
        let loaded = load(&sources).unwrap_or_else(|errors| panic!("{path}: {errors:?}"));
        let entry = loaded.entry(&path).unwrap();
        assert_eq!(entry.value, key.example.unwrap_or(key.default), "{path}");
        let shown = toml::from_str::<toml::Table>(&show(&loaded, false)).unwrap();
        let section = if key.section.is_empty() { &shown } else { shown[key.section].as_table().unwrap() };
        assert!(section[key.name].is_array(), "{path}: {section:?}");
    }
}

#[test]
fn what_is_shown_is_toml_that_says_the_same_and_hides_secrets() {
    let dir = tempfile::tempdir().unwrap();
    let env = [("COUNTERSIGN_SECRET_KEY", "0123456789abcdef0123456789abcdef"), ("COUNTERSIGN_LIMITS__BODY", "9000")];
    let env = env.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    let loaded = load(&Sources { env, working_dir: dir.path().to_path_buf(), ..Sources::default() }).unwrap();
    let shown = show(&loaded, true);
    assert!(shown.contains("secret_key = \"<set>\"  "), "{shown}");
    assert!(shown.contains("\nbody = 9000          # environment COUNTERSIGN_LIMITS__BODY\n"), "{shown}");
    assert!(!shown.contains("0123456789"), "{shown}");
    assert!(toml::from_str::<toml::Table>(&shown).is_ok());
    assert!(toml::from_str::<toml::Table>(&show(&loaded, false)).is_ok());
}

#[test]
fn a_key_is_explained_by_its_path() {
    assert_eq!(
        explain("password.memory").unwrap(),
        "\
password.memory

  Memory for one hash; at least eight times `parallelism`.

  value        number of KiB, 8 to 4194304
  default      19456
  environment  COUNTERSIGN_PASSWORD__MEMORY
"
    );
    assert_eq!(explain("memory"), None);
}
