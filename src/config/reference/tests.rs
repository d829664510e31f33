use super::*;

#[test]
fn the_committed_reference_is_the_table() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/configuration.md");
    if std::env::var_os("COUNTERSIGN_TEST_WRITE_DOCS").is_some() {
        std::fs::write(path, reference_markdown()).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(committed, reference_markdown(), "see the note at the top of docs/configuration.md");
}
