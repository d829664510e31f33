//! Programs written for django-oauth2-provider: the password grant by curl, scopes that imply one another.

use serde_json::json;

use crate::support::{Served, Shell, Tokens};

#[tokio::test(flavor = "multi_thread")]
async fn the_tutorials_curl_lines_work_from_the_command_lines_own_set_up() {
    let shell = Shell::new().await;
    shell.run(&["scope", "load", "read-write"]).done();
    // shorter than people may choose; an administrator may
    shell.run_with("apitester\n", &["user", "create", "apitester", "--password-stdin"]).done();
    let client = ["client", "create", "--name", "API tester", "--grant", "password", "--access-ttl", "30d", "--json"];
    let made = shell.run(&[client.as_slice(), &["--scope", "read write read+write"]].concat()).json();
    let (id, secret) = (made["client_id"].as_str().unwrap(), made["client_secret"].as_str().unwrap());
    let server = Served::start(&shell, &["--listen", "127.0.0.1:0"]);

    // that package's documentation writes a slash behind the address, and takes it without one as well
    for (asked, given, path) in [
        ("write", "read write read+write", "/oauth2/access_token/"),
        ("read%2Bwrite", "read write read+write", "/oauth2/access_token"),
        ("read", "read", "/oauth2/access_token/"),
    ] {
        let body = format!(
            "client_id={id}&client_secret={secret}&grant_type=password&username=apitester&password=apitester\
             &scope={asked}"
        );
        let tokens = Tokens::of(&server.post_form(path, body).await);
        assert_eq!((&tokens.all["scope"], &tokens.all["expires_in"]), (&json!(given), &json!(2_592_000)), "{asked}");
        let body = format!("token={}", tokens.access_token);
        let verified = server.post_form("/api/verify", body).await;
        assert_eq!(verified.has_status(200).json(), json!({"user": "apitester"}));
    }
    let nobody = server.post_form("/api/verify", "token=wrong".to_owned()).await;
    assert_eq!(nobody.has_status(403).json(), json!({"error": "invalid_request"}));
    let wrong = format!("client_id={id}&client_secret={secret}&grant_type=password&username=apitester&password=no");
    server.post_form("/oauth2/access_token", wrong).await.refused("invalid_grant");
}
