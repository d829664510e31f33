//! `countersign keys …`.

use serde_json::Value;

use super::Shell;
use crate::support::sql;

/// `(kid, state)` of one algorithm's keys, oldest first.
fn keys(shell: &Shell, algorithm: &str) -> Vec<(String, String)> {
    let all = shell.run(&["keys", "list", "--json"]).json();
    let own = all.as_array().unwrap().iter().filter(|key| key["alg"] == algorithm);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    own.map(|key| (text(&key["kid"]), text(&key["state"]))).collect()
}

fn states(shell: &Shell, algorithm: &str) -> Vec<String> {
    keys(shell, algorithm).into_iter().map(|(_, state)| state).collect()
}

#[tokio::test]
async fn a_successor_is_published_before_it_signs_and_is_not_made_twice() {
    let shell = Shell::new().await;
    shell.run(&["keys", "rotate", "--alg", "ES256"]).done();
    assert_eq!(states(&shell, "ES256"), ["signing", "published"]);
    assert_eq!(states(&shell, "RS256"), ["signing"]);
    let again = shell.run(&["keys", "rotate", "--alg", "ES256", "--json"]).json();
    assert_eq!(again[0]["made"], false);
    assert_eq!(states(&shell, "ES256"), ["signing", "published"]);
    shell.run(&["keys", "rotate", "--alg", "ES256", "--now"]).done();
    assert_eq!(states(&shell, "ES256"), ["retired", "signing"]);
    shell.run(&["keys", "rotate", "--alg", "ES256", "--now"]).done();
    assert_eq!(states(&shell, "ES256"), ["retired", "retired", "signing"]);
}

/// How long a former key stays is known by the longest life of a token, which an app may have for itself.
#[tokio::test]
async fn a_succession_that_fails_leaves_every_key_as_it_was() {
    let shell = Shell::new().await;
    shell.run(&["client", "create", "--name", "one", "--redirect-uri", "https://a.example/cb"]).done();
    shell.run(&["keys", "rotate", "--alg", "ES256"]).done();
    sql(&shell.database, "UPDATE clients SET metadata = '!' || metadata").await;
    for rotate in [["keys", "rotate", "--alg", "RS256"].as_slice(), &["keys", "rotate", "--alg", "ES256", "--now"]] {
        assert_ne!(shell.run(rotate).code, Some(0));
        assert_eq!(states(&shell, "RS256"), ["signing"]);
        assert_eq!(states(&shell, "ES256"), ["signing", "published"]);
    }
    sql(&shell.database, "UPDATE clients SET metadata = substr(metadata, 2)").await;
    shell.run(&["keys", "rotate", "--alg", "RS256", "--now"]).done();
    shell.run(&["keys", "rotate", "--alg", "ES256", "--now"]).done();
    for algorithm in ["RS256", "ES256"] {
        assert_eq!(states(&shell, algorithm), ["retired", "signing"]);
    }
}

#[tokio::test]
async fn the_only_key_is_not_retired() {
    let shell = Shell::new().await;
    let (only, _) = keys(&shell, "ES256").remove(0);
    shell.run(&["keys", "retire", &only]).failed(1, "keys rotate --alg ES256 --now");
    shell.run(&["keys", "rotate", "--alg", "ES256"]).done();
    let (next, _) = keys(&shell, "ES256").remove(1);
    shell.run(&["keys", "retire", &next]).failed(1, "has not signed yet");
    shell.run(&["keys", "retire", "nix"]).failed(5, "no key");
}

#[tokio::test]
async fn a_compromised_key_ends_at_once_and_somebody_always_signs() {
    let shell = Shell::new().await;
    let (first, _) = keys(&shell, "ES256").remove(0);
    let ended = shell.run(&["keys", "retire", &first, "--compromised", "--json"]).json();
    assert_eq!(ended["successor"]["made"], true);
    assert_eq!(states(&shell, "ES256"), ["compromised", "signing"]);

    // with a successor at hand that one signs, instead of a new one
    shell.run(&["keys", "rotate", "--alg", "ES256"]).done();
    let (second, _) = keys(&shell, "ES256").remove(1);
    let ended = shell.run(&["keys", "retire", &second, "--compromised", "--json"]).json();
    assert_eq!(ended["successor"]["made"], false);
    assert_eq!(states(&shell, "ES256"), ["compromised", "compromised", "signing"]);

    // a successor that leaked before it signed is followed by another, and the present one goes on until then
    shell.run(&["keys", "rotate", "--alg", "ES256"]).done();
    let (successor, _) = keys(&shell, "ES256").pop().unwrap();
    shell.run(&["keys", "retire", &successor, "--compromised"]).done();
    assert_eq!(states(&shell, "ES256"), ["compromised", "compromised", "signing", "compromised", "published"]);
}

#[tokio::test]
async fn the_first_key_of_an_algorithm_signs_at_once_and_all_are_rotated_together() {
    let shell = Shell::new().await;
    let made = shell.run(&["keys", "rotate", "--alg", "EdDSA", "--json"]).json();
    assert_eq!((&made[0]["made"], &made[0]["alg"]), (&true.into(), &"EdDSA".into()));
    assert_eq!(states(&shell, "EdDSA"), ["signing"]);
    shell.run(&["keys", "rotate"]).done();
    for algorithm in ["RS256", "ES256", "EdDSA"] {
        assert_eq!(states(&shell, algorithm), ["signing", "published"], "{algorithm}");
    }
    // nobody asked for this one
    assert!(states(&shell, "PS512").is_empty());
    shell.run(&["keys", "rotate", "--alg", "HS256"]).failed(2, "RS256");
    shell.run(&["keys", "rotate", "--alg", "none"]).failed(2, "RS256");
}

#[tokio::test]
async fn a_client_that_is_registered_with_an_algorithm_brings_its_key_once() {
    let shell = Shell::new().await;
    let create = ["client", "create", "--redirect-uri", "https://a.example/cb", "--id-token-alg", "ES384"];
    for name in ["one", "two"] {
        shell.run(&[&create[..], &["--name", name]].concat()).done();
        assert_eq!(states(&shell, "ES384"), ["signing"], "{name}");
    }
}

#[tokio::test]
async fn a_key_to_encrypt_with_is_followed_at_once_and_ends_when_it_leaked() {
    let shell = Shell::new().await;
    let listed = shell.run(&["keys", "list"]).done().out;
    assert!(listed.contains("RSA-OAEP") && listed.contains("ECDH-ES") && listed.contains("enc"), "{listed}");
    assert_eq!(states(&shell, "RSA-OAEP"), ["published"]);
    // by the name of any of its algorithms
    let made = shell.run(&["keys", "rotate", "--alg", "ECDH-ES+A256KW", "--json"]).json();
    assert_eq!((&made[0]["alg"], &made[0]["use"]), (&"ECDH-ES".into(), &"enc".into()));
    assert_eq!(states(&shell, "ECDH-ES"), ["retired", "published"]);
    assert_eq!(states(&shell, "RSA-OAEP"), ["published"]);
    assert_eq!(states(&shell, "ES256"), ["signing"]);
    let (former, _) = keys(&shell, "ECDH-ES").remove(0);
    let (present, _) = keys(&shell, "ECDH-ES").remove(1);
    assert_eq!(made[0]["kid"], present.as_str());
    shell.run(&["keys", "retire", &present]).failed(1, "keys rotate --alg ECDH-ES");
    shell.run(&["keys", "retire", &former]).failed(1, "retired already");
    let ended = shell.run(&["keys", "retire", &former, "--compromised", "--json"]).json();
    assert!(ended["successor"].is_null());
    assert_eq!(states(&shell, "ECDH-ES"), ["compromised", "published"]);
    let ended = shell.run(&["keys", "retire", &present, "--compromised", "--json"]).json();
    assert_eq!(ended["successor"], keys(&shell, "ECDH-ES")[2].0.as_str());
    assert_eq!(states(&shell, "ECDH-ES"), ["compromised", "compromised", "published"]);
    shell.run(&["keys", "retire", &present]).failed(1, "nothing is left to do");
    shell.run(&["keys", "rotate", "--alg", "dir"]).failed(2, "RSA-OAEP");
}
