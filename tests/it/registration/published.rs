//! The redirect URIs that published programs register (UX M21).

use serde_json::{Value, json};

use super::{OPEN, app, register, send};
use crate::support::{App, Shell, TestServer, Tokens};

const CURSOR: &str = "cursor://anysphere.cursor-mcp/oauth/callback";

/// What each registers, the address that it then asks with, and what the consent page says of it.
const PROGRAMS: &[(&[&str], &str, &str)] = &[
    (
        &["https://claude.ai/api/mcp/auth_callback", "https://claude.com/api/mcp/auth_callback"],
        "https://claude.ai/api/mcp/auth_callback",
        "<bdi>claude.ai</bdi>",
    ),
    (
        &["https://claude.com/api/mcp/auth_callback"],
        "https://claude.com/api/mcp/auth_callback",
        "<bdi>claude.com</bdi>",
    ),
    (
        &["https://chatgpt.com/connector/oauth/pMk3x0aQ2dLn"],
        "https://chatgpt.com/connector/oauth/pMk3x0aQ2dLn",
        "<bdi>chatgpt.com</bdi>",
    ),
    (&["http://localhost:3118/callback"], "http://localhost:52011/callback", "on this computer"),
    (
        &["http://127.0.0.1:33418/", "https://vscode.dev/redirect"],
        "https://vscode.dev/redirect",
        "<bdi>vscode.dev</bdi>",
    ),
    (&["http://127.0.0.1:33418/", "https://vscode.dev/redirect"], "http://127.0.0.1:33418/", "on this computer"),
    (&[CURSOR], CURSOR, "<bdi>cursor</bdi>://"),
    (
        &[CURSOR, "https://www.cursor.com/agents/mcp/oauth/callback", "http://localhost:8787/callback"],
        CURSOR,
        "<bdi>cursor</bdi>://",
    ),
];

/// As they register: without a secret, and without a word about the kind of app.
fn without_a_secret(uris: &[&str]) -> Value {
    json!({
        "redirect_uris": uris,
        "token_endpoint_auth_method": "none",
        "grant_types": ["authorization_code", "refresh_token"],
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn each_address_that_published_programs_have_is_registered_by_them_or_by_command_and_used() {
    let shell = Shell::new().await;
    let by_command = |uris: &[&str]| {
        let flags = uris.iter().flat_map(|uri| ["--redirect-uri", *uri]);
        let args = ["client", "create", "--name", "Editor", "--public", "--json"].into_iter().chain(flags);
        shell.run(&args.collect::<Vec<_>>()).json()
    };
    let made: Vec<Value> = PROGRAMS.iter().map(|(uris, _, _)| by_command(uris)).collect();
    let server = Box::pin(TestServer::on(shell.database, &[OPEN])).await;
    let mut browser = server.ada().await;
    for ((uris, asked, words), made) in PROGRAMS.iter().zip(&made) {
        let told = register(&server, None, &without_a_secret(uris)).await.has_status(201).json();
        assert_eq!(told["redirect_uris"], json!(uris));
        for registered in [&told, made] {
            let program = App { redirect_uri: (*asked).to_owned(), ..app(&server, registered) };
            let page = browser.authorize(&program, &[]).await;
            page.has_status(200).says(words);
            let answer = browser.decide(&page, "allow", &[]).await;
            assert!(answer.location().starts_with(&format!("{asked}?code=")), "{}", answer.location());
            Tokens::of(&program.redeem(&answer.redirected()["code"]).await);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scheme_that_is_listed_no_more_is_not_registered_and_who_has_it_goes_on_as_what_it_is() {
    let server = TestServer::with(&[OPEN]).await;
    let told = register(&server, None, &without_a_secret(&[CURSOR])).await.has_status(201).json();
    server.ada().await;
    let listed = ("COUNTERSIGN_CLIENTS__PRIVATE_SCHEMES", "zed");
    let server = Box::pin(TestServer::on(server.stopped().await, &[OPEN, listed])).await;
    let refused = register(&server, None, &without_a_secret(&[CURSOR])).await;
    refused.has_status(400).refused("invalid_redirect_uri").says("clients.private_schemes");
    register(&server, None, &without_a_secret(&["zed://mcp/callback"])).await.has_status(201);
    let cursor = app(&server, &told);
    let mut browser = server.browser();
    browser.sign_in("ada").await;
    cursor.tokens(&mut browser, &[]).await;
    // any program could listen there (RFC 8252 §8.6): it is asked again, and in silence told nothing
    browser.authorize(&cursor, &[]).await.has_status(200).says("<bdi>cursor</bdi>://");
    let silent = browser.authorize(&cursor, &[("prompt", "none")]).await;
    assert!(silent.location().starts_with(CURSOR), "{}", silent.location());
    assert_eq!(silent.redirected()["error"], "interaction_required");
    // what it has it may say again, in whichever case, so that the rest of it can be changed
    let (place, token) = (told["registration_client_uri"].as_str().unwrap(), &told["registration_access_token"]);
    let place = &place[place.find("/oauth2/").unwrap()..];
    let mut renamed = without_a_secret(&[&CURSOR.replacen('c', "C", 1)]);
    renamed["client_id"] = told["client_id"].clone();
    for name in ["Renamed", "Renamed again"] {
        renamed["client_name"] = name.into();
        send(&server, "PUT", place, token.as_str(), Some(&renamed)).await.has_status(200).says(name);
    }
}
