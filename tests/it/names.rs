//! Users and clients with any name at all: made or refused, and where they are shown the page stands.

use countersign::{
    flow::{
        Origin,
        admin::{AdminError, clients, users},
    },
    protocol::{client_metadata::ClientMetadata, grant::GrantType},
};

use crate::support::{App, Dice, PASSWORD, TestServer};

/// Markup that no page may show as it is.
const MARK: &str = "<zq x=\"'>";

fn name(dice: &mut Dice) -> String {
    match dice.below(7) {
        0 => MARK.to_owned(),
        1 => format!("a{}", "b".repeat(dice.below(400))),
        2 => format!("\u{202e}{MARK}\u{0}\r\n{{{{x}}}}"),
        3 => String::from_utf8_lossy(&dice.bytes(30)).into_owned(),
        4 => ["", " ", "ada ", "ÄDA", "a\u{301}da", "ada@example.com", "%41da", "../ada", "--admin"][dice.below(9)]
            .to_owned(),
        5 => {
            (0..=dice.below(20)).filter_map(|_| char::from_u32(u32::try_from(dice.below(0x11_0000)).unwrap())).collect()
        }
        _ => format!("Ada & \"Söhne\" {}", dice.below(1000)),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn users_and_clients_of_any_name_can_be_made_or_are_refused_and_their_pages_stand() {
    let server = TestServer::with(&[("COUNTERSIGN_LIMITS__PER_ADDRESS", "false")]).await;
    let mut dice = Dice::new(1);
    let (mut people, mut apps, mut marked) = (0, 0, 0);
    for number in 0..60 {
        let username = if dice.once_in(2) { format!("ada{number}") } else { name(&mut dice) };
        let new = users::NewUser {
            username: username.clone(),
            name: dice.once_in(2).then(|| name(&mut dice)),
            password: Some(PASSWORD.to_owned()),
            ..users::NewUser::default()
        };
        if let Err(error) = users::create(&server.admin, &Origin::default(), new).await {
            assert!(!matches!(error, AdminError::Failed(_)), "{username:?}: {error:?}");
            continue;
        }
        people += 1;
        let client_name = name(&mut dice);
        let mut app: App<'_> = server.app().await;
        let metadata = ClientMetadata {
            redirect_uris: vec![app.redirect_uri.clone()],
            grant_types: vec![GrantType::AuthorizationCode],
            scope: crate::support::scope("openid profile"),
            ..Default::default()
        };
        let new = clients::NewClient { name: client_name.clone(), metadata, ..Default::default() };
        match clients::create(&server.admin, &Origin::default(), new).await {
            Ok(made) => {
                apps += 1;
                app.secret = made.secret.map(|secret| secret.expose().to_owned());
                app.client_id = made.client.client_id;
            }
            Err(error) => assert!(!matches!(error, AdminError::Failed(_)), "{client_name:?}: {error:?}"),
        }
        let mut browser = server.browser();
        browser.sign_in(&username).await;
        let page = browser.authorize(&app, &[("scope", "openid profile")]).await;
        let code = browser.decide(&page, "allow", &[]).await.redirected().remove("code").unwrap();
        let tokens = crate::support::Tokens::of(&app.redeem(&code).await);
        server.resource(&tokens.access_token).await.has_status(200).json();
        for page in [page, browser.get("/account").await, browser.get("/account/apps").await] {
            page.has_status(200);
            assert!(page.header("content-type").starts_with("text/html"), "{number}");
            assert!(
                !page.body.contains("<zq") && !page.body.contains('\0'),
                "{username:?}, {client_name:?}: {}",
                page.body
            );
            marked += usize::from(page.body.contains("&#60;zq x=&#34;&#39;&#62;"));
        }
    }
    assert!(people > 10 && apps > 10, "{people} people and {apps} apps were made");
    assert!(marked > 0, "no page has shown the markup as text");
}
