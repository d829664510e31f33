//! What strangers can do to the log, and what the operator finds in it.

use super::{app, contents, logged, serve, talkative};
use crate::{effort::alone, support::encode};

/// Line breaks of every kind, an escape sequence, a change of direction, and what looks like a line of ours.
const EVIL: [&str; 6] = [
    "a\r\n{\"level\":\"error\",\"msg\":\"forged\"}",
    "b\n12:00:00 ERROR forged",
    "c\u{1b}[31mforged\u{1b}[0m",
    "d\u{85}forged\u{2028}forged\u{2029}forged",
    "e\u{202e}forged\u{0}",
    "f\u{7f}\u{8}\u{c}forged\",\"msg\":\"forged",
];

#[tokio::test(flavor = "multi_thread")]
async fn what_strangers_send_makes_no_log_lines_and_moves_no_terminal() {
    let _alone = alone().await;
    for format in ["json", "text"] {
        let shell = talkative(format).await;
        let mut server = serve(&shell);
        let app = app(&shell, &server, &["--grant", "password authorization_code"], "");
        for evil in EVIL {
            let pairs = [
                ("client_id", evil),
                ("username", evil),
                ("password", evil),
                ("grant_type", "password"),
                ("scope", evil),
                ("redirect_uri", evil),
                ("state", evil),
                ("response_type", evil),
            ];
            let encoded = encode(&[("", evil)]);
            let encoded = encoded.trim_start_matches('=');
            server.get(&format!("/oauth2/authorize?{}", encode(&pairs))).await;
            server.get(&format!("/nowhere/{encoded}/x")).await;
            server.get(&format!("/account/apps/{encoded}")).await;
            server.post("/oauth2/access_token", &pairs).await;
            app.token(&pairs[1..]).await;
            server.browser().try_to_sign_in(evil, evil).await;
            for name in ["user-agent", "x-request-id", "authorization", "referer", "origin", "x-forwarded-for"] {
                // the rest is refused before it is sent
                if let Ok(value) = reqwest::header::HeaderValue::from_bytes(
                    evil.replace(['\r', '\n', '\0', '\u{7f}', '\u{8}', '\u{c}', '\u{1b}'], "\t").as_bytes(),
                ) {
                    server.request("GET", "/api/verify").header(name, value).send().await.unwrap();
                }
            }
        }
        assert!(server.stop().success());
        let log = logged(&shell);
        // seven at least of what was asked for each were answered, and each is a line
        assert!(log.contains("forged") && log.lines().count() >= 7 * EVIL.len(), "{log}");
        for line in log.lines() {
            let odd = line.chars().find(|c| c.is_control() || matches!(*c, '\u{2028}' | '\u{2029}' | '\u{202e}'));
            assert!(odd.is_none(), "{odd:?} in {line}");
            if format == "json" {
                let read: serde_json::Value =
                    serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
                assert_ne!(read["msg"], "forged", "{line}");
            } else {
                let time = line.get(..8).unwrap_or_default();
                assert!(
                    time.bytes().enumerate().all(|(at, b)| if at % 3 == 2 { b == b':' } else { b.is_ascii_digit() }),
                    "{line}"
                );
                assert!(!line.starts_with("12:00:00 ERROR forged"), "{line}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_sign_ins_and_refused_tokens_leave_a_trace_for_the_operator() {
    let _alone = alone().await;
    let shell = talkative("json").await;
    let mut server = serve(&shell);
    shell.run_with("a long enough password\n", &["user", "create", "ada", "--password-stdin"]).done();
    let app = app(&shell, &server, &[], "");
    let client_id = app.client_id.clone();
    server.browser().try_to_sign_in("ada", "wrong").await;
    app.redeem("csac_nonsense").await.refused("invalid_grant");
    app.refresh("nonsense").await.refused("invalid_grant");
    let wrong = server.request("POST", "/oauth2/access_token").header("authorization", app.basic("wrong"));
    wrong.body("grant_type=refresh_token").send().await.unwrap();
    let pairs = [("client_id", app.client_id.as_str()), ("client_secret", "wrong"), ("grant_type", "refresh_token")];
    server.post("/oauth2/access_token", &pairs).await.refused("invalid_client");
    server.resource("nonsense").await.has_status(401);
    assert!(server.stop().success());
    let log = logged(&shell);
    let lines = log.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()).collect::<Vec<_>>();
    let refused = |refusal: &str| {
        let found = lines.iter().find(|line| line["refusal"] == refusal);
        found.unwrap_or_else(|| panic!("no line with {refusal} in {log}")).clone()
    };
    for refusal in ["CodeUnknown", "RefreshUnknown", "SecretWrong", "TokenInvalid"] {
        let line = refused(refusal);
        assert!(line["request_id"].is_string() && line["client_ip"].is_string(), "{line}");
        if refusal != "TokenInvalid" {
            assert_eq!(line["client_id"], client_id.as_str(), "{line}");
        }
    }
    let audited = contents(&shell).await;
    let audited = String::from_utf8_lossy(&audited);
    assert!(audited.contains("login.failed"), "the audit log has the failed sign-in");
}
