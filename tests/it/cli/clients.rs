//! `countersign client …`.

use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::Shell;
use crate::{
    registration::{OPEN, register},
    support::{Said, Served},
};

const CALLBACK: &str = "http://localhost:3000/callback";

fn members(value: &Value) -> Vec<&str> {
    let mut names: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

/// `client create` with these flags besides a name.
fn create(shell: &Shell, flags: &[&str]) -> Said {
    shell.run(&[&["client", "create", "--name", "Notes"], flags].concat())
}

#[tokio::test]
async fn a_registered_client_is_shown_with_its_secret_once() {
    let shell = Shell::new().await;
    let made = create(&shell, &["--redirect-uri", CALLBACK, "--json"]).json();
    assert_eq!(
        members(&made),
        [
            "any_secret",
            "client_id",
            "client_id_issued_at",
            "client_name",
            "client_secret",
            "client_secret_expires_at",
            "grant_types",
            "redirect_uris",
            "response_types",
            "scope",
            "token_endpoint_auth_method",
        ]
    );
    assert_eq!(made["grant_types"], json!(["authorization_code", "refresh_token"]));
    assert_eq!(made["scope"], "openid profile email");
    assert_eq!(made["redirect_uris"], json!([CALLBACK]));
    let (id, secret) = (made["client_id"].as_str().unwrap(), made["client_secret"].as_str().unwrap());
    for text in [id, secret] {
        assert!(text.bytes().all(|b| b.is_ascii_alphanumeric()), "{text} reads the same in every encoding");
    }
    for args in [vec!["client", "show", id], vec!["client", "list"]] {
        for form in [&[][..], &["--json"][..]] {
            let said = shell.run(&[args.as_slice(), form].concat()).done();
            assert!(said.out.contains(id) && !said.out.contains(secret), "{args:?}");
        }
    }
}

#[tokio::test]
async fn what_a_client_cannot_be_is_refused_with_the_remedy() {
    let shell = Shell::new().await;
    for (flags, words) in [
        (vec![], "--redirect-uri http://localhost:3000/callback"),
        (vec!["--redirect-uri", "http://notes.example.com/cb"], "use https, or a loopback address"),
        (vec!["--redirect-uri", "https://notes.example.com/cb#x"], "has a fragment"),
        (vec!["--redirect-uri", "https://*.example.com/cb"], "has a wildcard"),
        (vec!["--redirect-uri", "myapp:/cb"], "listed in clients.private_schemes"),
        (vec!["--redirect-uri", CALLBACK, "--scope", "openid write"], "countersign scope create write"),
        (vec!["--redirect-uri", CALLBACK, "--optional-scope", "openid"], "signing in is never optional"),
        (
            vec!["--redirect-uri", CALLBACK, "--resource", "https://a.example"],
            "countersign resource create https://a.example",
        ),
        (vec!["--public", "--grant", "password"], "register it without --public"),
        (vec!["--public", "--grant", "client_credentials"], "register it without --public"),
        (vec!["--public", "--redirect-uri", CALLBACK, "--no-iss"], "set `issuer`"),
        (vec!["--public", "--redirect-uri", CALLBACK, "--pkce", "optional"], "a public client must use PKCE"),
        (vec!["--grant", "client_credentials refresh_token"], "nothing to refresh"),
        (vec!["--redirect-uri", CALLBACK, "--uri", "javascript:alert(1)"], "no web address"),
        (vec!["--redirect-uri", CALLBACK, "--id", "a b"], "letters, digits"),
        (vec!["--redirect-uri", CALLBACK, "--id", "019aa5c8-4d1e-7c3b-9f2e-6b1d3f0a7e55"], "another form"),
    ] {
        create(&shell, &flags).failed(1, words);
    }
    create(&shell, &["--redirect-uri", CALLBACK, "--owner", "nobody"]).failed(5, "no user");
    create(&shell, &["--grant", "magic"]).failed(2, "authorization_code");
    create(&shell, &["--grant", "client_credentials", "--access-ttl", "2y"]).failed(2, "1s to 1y");
    assert_eq!(shell.run(&["client", "list", "--json"]).json(), json!([]));
}

#[tokio::test]
async fn dangerous_switches_are_spelt_out_with_what_they_cost() {
    let shell = Shell::new().await;
    for (flags, words) in [
        (vec!["--grant", "password"], "sees people's passwords"),
        (vec!["--grant", "implicit", "--redirect-uri", CALLBACK], "address bar"),
        (vec!["--redirect-uri", CALLBACK], "PKCE is not demanded"),
        (vec!["--redirect-uri", CALLBACK, "--no-iss"], "RFC 9207"),
        (vec!["--redirect-uri", CALLBACK, "--first-party"], "nobody is asked"),
        (vec!["--grant", "client_credentials", "--access-ttl", "30d"], "longer than a day"),
    ] {
        let said = create(&shell, &flags).done();
        assert!(said.err.contains(words), "{flags:?}: {}", said.err);
    }
    assert_eq!(create(&shell, &["--public", "--redirect-uri", "https://notes.example.com/cb"]).done().err, "");
    assert_eq!(create(&shell, &["--grant", "client_credentials"]).done().err, "");
}

#[tokio::test]
async fn an_id_is_registered_once_and_if_not_exists_leaves_it() {
    let shell = Shell::new().await;
    create(&shell, &["--id", "notes", "--redirect-uri", CALLBACK]).done();
    create(&shell, &["--id", "notes", "--redirect-uri", CALLBACK]).failed(6, "--if-not-exists");
    let again = ["--id", "notes", "--redirect-uri", "https://x.example/cb", "--if-not-exists", "--json"];
    let there = create(&shell, &again).json();
    assert_eq!(there["redirect_uris"], json!([CALLBACK]));
    assert!(there.get("client_secret").is_none());
}

/// Anybody chooses the name of what they register.
#[tokio::test(flavor = "multi_thread")]
async fn by_its_name_if_not_exists_finds_no_app_that_registered_itself() {
    let (name, open) = OPEN;
    let shell = Shell::new().await.with(name, open);
    let server = Served::start(&shell, &["--listen", "127.0.0.1:0"]);
    let strangers = register(&server, None, &json!({"client_name": "Notes"})).await.has_status(201).json();
    let made = create(&shell, &["--redirect-uri", CALLBACK, "--if-not-exists", "--json"]).json();
    assert_ne!(made["client_id"], strangers["client_id"]);
    assert!(made["client_secret"].is_string());
    let again = ["client", "create", "--name", " Notes ", "--redirect-uri", CALLBACK, "--if-not-exists", "--json"];
    let there = shell.run(&again).json();
    assert_eq!(there["client_id"], made["client_id"]);
    assert!(there.get("client_secret").is_none());
}

#[tokio::test]
async fn if_not_exists_leaves_one_that_was_made_a_moment_earlier() {
    use countersign::jose::{Algorithm, SigningKey};
    let shell = Shell::new().await;
    let keys = shell.database.dir.path().join("keys");
    assert!(Command::new("mkfifo").arg(&keys).status().unwrap().success());
    let mut late = shell.command(&["--json", "client", "create", "--name", "Late", "--id", "notes"]);
    late.args(["--if-not-exists", "--grant", "client_credentials", "--auth-method", "private_key_jwt"]);
    late.args(["--jwks-file", "keys"]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let late = late.spawn().unwrap();
    // opened when the other side is: it has looked whether there is one, and waits for its keys
    let pipe = std::fs::File::options().write(true).open(&keys).unwrap();
    create(&shell, &["--id", "notes", "--redirect-uri", CALLBACK]).done();
    let pkcs8 = SigningKey::generate_pkcs8(Algorithm::Es256).unwrap();
    let public = SigningKey::from_pkcs8("first".to_owned(), Algorithm::Es256, &pkcs8).unwrap().public().unwrap();
    serde_json::to_writer(pipe, &json!({"keys": [public.as_json()]})).unwrap();
    let there = Said::from(late.wait_with_output().unwrap()).json();
    assert_eq!(there["client_name"], "Notes");
}

#[tokio::test]
async fn single_values_are_added_and_removed() {
    let shell = Shell::new().await;
    create(&shell, &["--id", "notes", "--redirect-uri", CALLBACK]).done();
    let update = |flags: &[&str]| shell.run(&[&["client", "update", "notes", "--json"], flags].concat());
    let more =
        update(&["--add-redirect-uri", "https://n.example/cb", "--remove-scope", "email", "--first-party"]).json();
    assert_eq!(more["redirect_uris"], json!([CALLBACK, "https://n.example/cb"]));
    assert_eq!(more["scope"], "openid profile");
    assert_eq!(more["first_party"], true);
    assert_eq!(update(&["--first-party=false"]).json()["first_party"], false);
    assert_eq!(update(&["--access-ttl", "5m"]).json()["access_ttl"], 300);
    assert!(update(&["--access-ttl", "default"]).json().get("access_ttl").is_none());
    update(&["--remove-redirect-uri", "https://other.example/cb"]).failed(1, "is not registered");
    update(&["--auth-method", "none"]).failed(1, "stays public or confidential");
    shell.run(&["client", "update", "nix", "--name", "X"]).failed(5, "no client");
    let bare = update(&["--remove-redirect-uri", CALLBACK, "--remove-redirect-uri", "https://n.example/cb"]);
    bare.failed(1, "needs an address");
}

#[tokio::test]
async fn what_a_client_is_for_and_what_it_demands_is_shown_to_programs() {
    let shell = Shell::new().await;
    create(&shell, &["--id", "notes", "--redirect-uri", CALLBACK, "--description", "Keeps notes"]).done();
    let shown = shell.run(&["client", "show", "notes", "--json"]).json();
    assert_eq!((&shown["description"], &shown["require_auth_time"]), (&json!("Keeps notes"), &json!(false)));
}

#[tokio::test]
async fn at_most_three_secrets_live_and_a_chosen_one_stands_alone() {
    let shell = Shell::new().await;
    create(&shell, &["--id", "notes", "--redirect-uri", CALLBACK]).done();
    let rotate = ["client", "rotate-secret", "notes", "--keep-old", "1d", "--json"];
    assert_eq!(shell.run(&rotate).json()["live_secrets"], 2);
    assert_eq!(shell.run(&rotate).json()["live_secrets"], 3);
    shell.run(&rotate).failed(1, "3 secrets of this client are live");
    let chosen = ["client", "rotate-secret", "notes", "--secret-stdin", "--json"];
    let replaced = shell.run_with("chosen by somebody\n", &chosen).json();
    assert_eq!(replaced["live_secrets"], 1);
    assert!(replaced.get("client_secret").is_none());
    shell.run_with("cssecretMistyped\n", &chosen).failed(1, "checksum");
    let shown = shell.run(&["client", "show", "notes", "--json"]).json();
    assert_eq!(shown["secrets"][0]["chosen"], true);
    assert_eq!(shell.run(&["client", "rotate-secret", "notes", "--json"]).json()["live_secrets"], 1);
    create(&shell, &["--id", "cli", "--public", "--redirect-uri", "http://127.0.0.1/cb"]).done();
    shell.run(&["client", "rotate-secret", "cli"]).failed(1, "has no secret");
}

#[tokio::test]
async fn an_api_registers_to_introspect_without_any_grant() {
    let shell = Shell::new().await;
    shell.run(&["resource", "create", "https://api.example.com"]).done();
    let api = create(&shell, &["--introspect", "https://api.example.com", "--json"]).json();
    assert_eq!(api["grant_types"], json!([]));
    assert!(api["client_secret"].is_string());
    create(&shell, &["--introspect", "https://api.example.com", "--public"]).failed(1, "cannot introspect");
}

#[tokio::test]
async fn an_algorithm_that_needs_the_secret_needs_one_that_can_be_read() {
    let shell = Shell::new().await;
    let base = ["--redirect-uri", CALLBACK];
    let with = |flags: &[&'static str]| [&base[..], flags].concat();
    create(&shell, &with(&["--id-token-alg", "HS256"])).failed(1, "--sealed-secret");
    create(&shell, &with(&["--userinfo-alg", "HS512"])).failed(1, "--sealed-secret");
    create(&shell, &with(&["--id-token-alg", "HS256", "--sealed-secret", "--public"])).failed(1, "--public");
    create(&shell, &with(&["--id-token-alg", "RS255"])).failed(2, "RS256");
    create(&shell, &with(&["--access-alg", "HS256", "--sealed-secret"])).failed(2, "RS256");
    create(&shell, &with(&["--userinfo-alg", "none"])).failed(1, "--userinfo-alg");
    let short = [&["client", "create", "--name", "Notes", "--secret-stdin"][..], &base].concat();
    let sealed = [&short[..], &["--sealed-secret", "--id-token-alg", "HS512"]].concat();
    shell.run_with("forty-bytes-are-not-enough-for-hmac-sha512\n", &sealed).failed(1, "at least 64 bytes");

    let made = create(&shell, &with(&["--id-token-alg", "HS256", "--sealed-secret", "--json"])).json();
    assert!(made["client_secret"].as_str().unwrap().len() >= 64);
    let id = made["client_id"].as_str().unwrap();
    let shown = shell.run(&["client", "show", id, "--json"]).json();
    assert_eq!((&shown["id_token_signed_response_alg"], &shown["sealed_secret"]), (&json!("HS256"), &json!(true)));
    shell.run(&["client", "update", id, "--sealed-secret=false"]).failed(1, "--sealed-secret");

    // a secret that was made before cannot be read: sealing begins with the next one
    let made = create(&shell, &with(&["--json"])).json();
    let id = made["client_id"].as_str().unwrap();
    let update = ["client", "update", id, "--sealed-secret", "--id-token-alg", "HS384"];
    shell.run(&update).failed(1, "rotate-secret");
    shell.run(&["client", "update", id, "--sealed-secret"]).done();
    shell.run(&update).failed(1, "rotate-secret");
    shell.run(&["client", "rotate-secret", id]).done();
    shell.run(&update).done();
    // taking it back forgets what was kept
    shell.run(&["client", "update", id, "--sealed-secret=false", "--id-token-alg", "default"]).done();
    shell.run(&update).failed(1, "rotate-secret");
}

#[tokio::test]
async fn response_types_bring_the_grants_they_need_and_none_without_a_use() {
    let shell = Shell::new().await;
    let made =
        create(&shell, &["--id", "notes", "--redirect-uri", CALLBACK, "--response-type", "id_token code", "--json"]);
    let made = made.json();
    assert_eq!(made["response_types"], json!(["code id_token"]));
    assert_eq!(made["grant_types"], json!(["authorization_code", "implicit", "refresh_token"]));
    shell.run(&["client", "show", "notes"]).done().out.lines().find(|line| line.contains("code id_token")).unwrap();
    let update = |flags: &[&str]| shell.run(&[&["client", "update", "notes", "--json"], flags].concat());
    assert_eq!(update(&["--response-type", "default"]).json()["response_types"], json!(["code", "token"]));
    assert_eq!(update(&["--remove-grant", "implicit"]).json()["response_types"], json!(["code"]));
    update(&["--response-type", "code id_token"]).failed(1, "add --grant implicit");
    for (flags, words) in [
        (
            vec!["--redirect-uri", CALLBACK, "--response-type", "code", "--grant", "authorization_code implicit"],
            "leave that grant out",
        ),
        (vec!["--response-type", "none", "--grant", "client_credentials"], "needs an address"),
        (
            vec!["--redirect-uri", CALLBACK, "--response-type", "none", "--response-type", "code", "--no-iss"],
            "set `issuer`",
        ),
        (vec!["--redirect-uri", "http://10.0.0.1/cb", "--response-type", "code token"], "use https"),
    ] {
        create(&shell, &flags).failed(1, words);
    }
    create(&shell, &["--redirect-uri", CALLBACK, "--response-type", "magic"]).failed(2, "code id_token");
    let only = create(&shell, &["--redirect-uri", CALLBACK, "--response-type", "none", "--json"]).json();
    assert_eq!((&only["grant_types"], &only["response_types"]), (&json!([]), &json!(["none"])));
}

#[tokio::test]
async fn a_client_with_keys_has_no_secret_and_shows_its_keys() {
    use countersign::jose::{Algorithm, SigningKey};
    let shell = Shell::new().await;
    let dir = shell.database.dir.path();
    let pkcs8 = SigningKey::generate_pkcs8(Algorithm::Es256).unwrap();
    let public = SigningKey::from_pkcs8("first".to_owned(), Algorithm::Es256, &pkcs8).unwrap().public().unwrap();
    let keys = json!({"keys": [public.as_json()]});
    // only what is read of it is kept
    let mut full = keys.clone();
    (full["keys"][0]["x5c"], full["more"]) = (json!(["AAAA"]), json!([{"": 0}]));
    std::fs::write(dir.join("jwks.json"), full.to_string()).unwrap();
    std::fs::write(dir.join("bad.json"), "{").unwrap();
    let machine = ["--grant", "client_credentials", "--auth-method", "private_key_jwt"];
    let with = |flags: &[&'static str]| [&machine[..], flags].concat();
    create(&shell, &with(&[])).failed(1, "--jwks-file or --jwks-uri");
    create(&shell, &with(&["--jwks-file", "nowhere.json"])).failed(1, "nowhere.json");
    create(&shell, &with(&["--jwks-file", "bad.json"])).failed(1, "no JSON");
    create(&shell, &with(&["--jwks-file", "jwks.json", "--auth-alg", "HS256"])).failed(1, "private_key_jwt");
    create(&shell, &with(&["--jwks-file", "jwks.json", "--id-token-alg", "HS256"])).failed(1, "--sealed-secret");
    create(&shell, &with(&["--jwks-uri", "ftp://app.example/jwks"])).failed(1, "https://");
    create(&shell, &with(&["--jwks-uri", "https://a:b@app.example/jwks"])).failed(1, "https://");

    let made = create(&shell, &with(&["--jwks-file", "jwks.json", "--auth-alg", "ES256", "--json"])).json();
    assert!(made.get("client_secret").is_none());
    let id = made["client_id"].as_str().unwrap();
    let shown = shell.run(&["client", "show", id, "--json"]).json();
    assert_eq!((&shown["jwks"], &shown["token_endpoint_auth_signing_alg"]), (&keys, &json!("ES256")));
    assert!(shell.run(&["client", "show", id]).done().out.contains("EC ES256 first"));
    shell.run(&["client", "rotate-secret", id]).failed(1, "keys, not a secret");
    // an address takes the place of the keys
    shell.run(&["client", "update", id, "--jwks-uri", "https://app.example/jwks.json"]).done();
    let shown = shell.run(&["client", "show", id, "--json"]).json();
    assert_eq!((shown.get("jwks"), &shown["jwks_uri"]), (None, &json!("https://app.example/jwks.json")));
    shell.run(&["client", "update", id, "--jwks-uri", ""]).failed(1, "--jwks-file or --jwks-uri");
}

#[tokio::test]
async fn a_client_says_how_it_may_encrypt_its_request_objects() {
    let shell = Shell::new().await;
    let with = |value: &'static str| ["--redirect-uri", CALLBACK, "--json", "--request-object-encryption", value];
    let made = create(&shell, &with("ECDH-ES")).json();
    let id = made["client_id"].as_str().unwrap();
    let shown = shell.run(&["client", "show", id, "--json"]).json();
    let both = |shown: &serde_json::Value| {
        (shown["request_object_encryption_alg"].clone(), shown["request_object_encryption_enc"].clone())
    };
    assert_eq!(both(&shown), (json!("ECDH-ES"), json!("A128CBC-HS256")));
    assert!(shell.run(&["client", "show", id]).done().out.contains("ECDH-ES/A128CBC-HS256"));
    shell.run(&["client", "update", id, "--request-object-encryption", "RSA-OAEP-256/A256GCM"]).done();
    let shown = shell.run(&["client", "show", id, "--json"]).json();
    assert_eq!(both(&shown), (json!("RSA-OAEP-256"), json!("A256GCM")));
    shell.run(&["client", "update", id, "--request-object-encryption", "default"]).done();
    let shown = shell.run(&["client", "show", id, "--json"]).json();
    assert_eq!(both(&shown), (json!(null), json!(null)));
    for wrong in ["dir", "RSA1_5", "ECDH-ES/A192GCM"] {
        create(&shell, &with(wrong)).failed(2, "RSA-OAEP");
    }
}

#[tokio::test]
async fn when_pkce_is_demanded_is_said_shown_and_changed() {
    let shell = Shell::new().await;
    let id = create(&shell, &["--redirect-uri", CALLBACK, "--json"]).json()["client_id"].as_str().unwrap().to_owned();
    let shown = || {
        let told = shell.run(&["client", "show", &id, "--json"]).json();
        (told["require_pkce"].as_bool().unwrap(), told["pkce_optional"].as_bool().unwrap())
    };
    let text = || shell.run(&["client", "show", &id]).done().out;
    assert_eq!(shown(), (false, false));
    assert!(text().contains("demanded once it has used it"));
    for (when, flags, words) in [
        ("required", (true, false), "demanded"),
        ("optional", (false, true), "optional"),
        ("default", (false, false), "demanded once it has used it"),
    ] {
        shell.run(&["client", "update", &id, "--pkce", when]).done();
        assert_eq!(shown(), flags, "{when}");
        assert!(text().lines().any(|line| line.trim().starts_with("pkce ") && line.ends_with(words)), "{when}");
    }
    shell.run(&["client", "update", &id, "--pkce", "plain"]).failed(2, "write required, optional or default");
}
