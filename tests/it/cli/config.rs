//! `countersign config …`, and flags against environment against file.

use super::Shell;

#[tokio::test]
async fn the_printed_default_is_a_configuration() {
    let shell = Shell::new().await;
    let page = shell.run(&["config", "default"]).done().out;
    let path = shell.database.dir.path().join("all.toml");
    std::fs::write(&path, &page).unwrap();
    let checked = shell.run(&["-c", path.to_str().unwrap(), "config", "check", "--json"]).json();
    assert_eq!(checked["ok"], true);
    assert!(
        shell.run(&["config", "explain", "tokens.access_ttl"]).done().out.contains("COUNTERSIGN_TOKENS__ACCESS_TTL")
    );
}

#[tokio::test]
async fn a_duration_of_which_a_part_would_be_lost_is_no_configuration() {
    let shell = Shell::new().await.with("COUNTERSIGN_TOKENS__REFRESH_REUSE_GRACE", "900ms");
    shell.run(&["config", "check"]).failed(3, "tokens.refresh_reuse_grace must be whole seconds");
    let shell = Shell::new().await.with("COUNTERSIGN_SERVER__SHUTDOWN_DELAY", "900ms");
    assert_eq!(shell.run(&["config", "check", "--json"]).json()["ok"], true);
}

#[tokio::test]
async fn what_holds_is_shown_with_its_origin_and_without_secrets() {
    let shell = Shell::new().await.with("COUNTERSIGN_TOKENS__ACCESS_TTL", "5m");
    let shown = shell.run(&["config", "show", "--json"]).json();
    assert_eq!(shown["tokens.access_ttl"]["value"], "5m");
    assert_eq!(shown["tokens.access_ttl"]["origin"], "environment COUNTERSIGN_TOKENS__ACCESS_TTL");
    assert_eq!(shown["secret_key"]["value"], "<set>");
    let page = shell.run(&["config", "show", "--origins", "--data-dir", "elsewhere"]).done().out;
    assert!(page.contains("# flag") && page.contains("elsewhere"), "a flag wins over the environment: {page}");
    assert!(!page.contains(crate::support::SECRET_KEY));
}
