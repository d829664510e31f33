//! Logos of clients (OIDC Registration §2 `logo_uri`; UX P9): which are fetched, what becomes of them, who sees them.

mod keeping;

use std::io::Cursor;

use countersign::{
    flow::{Origin, admin::clients},
    protocol::client_metadata::ClientMetadata,
    store::models::ClientLogo,
};
use image::{DynamicImage, GenericImageView, ImageBuffer, ImageFormat, Rgba};
use serde_json::json;

use crate::{
    client_auth::Publisher,
    registration::{OPEN, app as registered, register},
    support::{App, CHALLENGE, Reply, Shell, TestServer, eventually, rows, update_client},
};

const REACHES: (&str, &str) = ("COUNTERSIGN_FETCH__ALLOW_PRIVATE", "127.0.0.1");
const RED: [u8; 4] = [200, 30, 40, 255];

/// Red on the left, clear on the right.
fn picture(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
    let pixel = |x, _| Rgba(if x < width / 2 { RED } else { [0; 4] });
    let picture = DynamicImage::ImageRgba8(ImageBuffer::from_fn(width, height, pixel));
    let picture = if format == ImageFormat::Jpeg { picture.into_rgb8().into() } else { picture };
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

async fn publisher(body: &[u8]) -> Publisher {
    let publisher = Publisher::with(&json!({})).await;
    // whatever it is called
    publisher.gives(200, "text/html", body);
    publisher
}

fn with_logo(publisher: &Publisher) -> impl FnOnce(&mut ClientMetadata) + use<> {
    let uri = publisher.address.clone();
    move |app| {
        app.verified = true;
        app.logo_uri = Some(uri);
    }
}

async fn logo(server: &TestServer, app: &App<'_>) -> Option<ClientLogo> {
    clients::find_logo(&server.admin, &app.client_id).await.unwrap()
}

async fn hash(server: &TestServer, app: &App<'_>) -> Option<String> {
    logo(server, app).await.and_then(|logo| logo.hash)
}

/// Where the picture is, once there is one.
async fn fetched(server: &TestServer, app: &App<'_>) -> String {
    eventually(async || hash(server, app).await.is_some()).await;
    format!("/assets/logo/{}/{}", app.client_id, hash(server, app).await.unwrap())
}

/// Why there is none, once this try is over: the clock stands still meanwhile.
async fn failed(server: &TestServer, app: &App<'_>, tries: i64) -> ClientLogo {
    let over = |logo: ClientLogo| logo.tries == tries && logo.tried_at == Some(server.admin.now());
    eventually(async || logo(server, app).await.is_some_and(over)).await;
    logo(server, app).await.unwrap()
}

async fn change(server: &TestServer, app: &App<'_>, change: impl FnOnce(&mut ClientMetadata)) {
    let mut client = clients::find(&server.admin, &app.client_id).await.unwrap();
    change(&mut client.metadata);
    update_client(&server.admin, &client).await.unwrap();
}

/// The address of the one logo on a page.
#[track_caller]
fn shown(page: &Reply) -> String {
    let mut pictures = page.body.split("<img").skip(1);
    let one = pictures.next().unwrap_or_else(|| panic!("no picture: {}", page.body));
    assert!(pictures.next().is_none(), "{}", page.body);
    let one = one.split('>').next().unwrap();
    assert!(one.contains(" alt=\"\"") && one.contains(" width=\"52\" height=\"52\""), "{one}");
    let policy = page.header("content-security-policy");
    assert!(policy.contains("default-src 'none'") && policy.contains("img-src 'self'"), "{policy}");
    one.split("src=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
}

fn shows_a_letter(page: &Reply) -> bool {
    !page.body.contains("<img") && page.body.contains("aria-hidden=\"true\">P</span>")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verified_apps_logo_is_fetched_once_made_ours_and_shown_wherever_the_app_is_met() {
    let server = TestServer::with(&[REACHES]).await;
    let publisher = publisher(&picture(600, 300, ImageFormat::Png)).await;
    let app = server.app_with(with_logo(&publisher)).await;
    let address = fetched(&server, &app).await;
    // a stranger's first sight of it is the sign-in page
    let visit = async || server.browser().authorize(&app, &[("scope", "openid")]).await;
    eventually(async || visit().await.body.contains("<img")).await;
    assert_eq!(shown(&visit().await), address);

    let picture = server.request("GET", &address).send().await.unwrap();
    let header = |name: &str| picture.headers()[name].to_str().unwrap().to_owned();
    assert_eq!((picture.status().as_u16(), header("content-type")), (200, "image/png".to_owned()));
    assert_eq!(header("cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert_eq!(header("content-security-policy"), "default-src 'none'; frame-ancestors 'none'");
    let (tag, length) = (header("etag"), header("content-length"));
    let bytes = picture.bytes().await.unwrap();
    assert_eq!(image::guess_format(&bytes).unwrap(), ImageFormat::Png);
    let made = image::load_from_memory(&bytes).unwrap();
    assert_eq!(made.dimensions(), (256, 128));
    assert_eq!((made.get_pixel(5, 5).0, made.get_pixel(250, 5).0[3]), (RED, 0));
    let head = server.request("HEAD", &address).send().await.unwrap();
    assert_eq!((head.status().as_u16(), head.headers()["content-length"].to_str().unwrap()), (200, length.as_str()));
    server.get_with(&address, "if-none-match", &tag).await.has_status(304);
    server.post(&address, &[]).await.has_status(405);

    let mut browser = server.ada().await;
    let consent = browser.authorize(&app, &[("scope", "openid")]).await;
    assert_eq!(shown(consent.says("name=\"decision\"")), address);
    browser.decide(&consent, "allow", &[]).await;
    assert_eq!(shown(&browser.get("/account/apps").await), address);
    assert_eq!(shown(&browser.get(&format!("/oauth2/logout?client_id={}", app.client_id)).await), address);
    assert_eq!(shown(&browser.authorize(&app, &[("prompt", "select_account")]).await), address);
    assert_eq!(publisher.asked(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_of_picture_is_taken_by_its_content() {
    let server = TestServer::with(&[REACHES]).await;
    let mut apps = Vec::new();
    for format in [ImageFormat::Jpeg, ImageFormat::Gif, ImageFormat::WebP, ImageFormat::Png] {
        let publisher = publisher(&picture(40, 30, format)).await;
        apps.push((server.app_with(with_logo(&publisher)).await, format));
    }
    for (app, format) in &apps {
        let address = fetched(&server, app).await;
        let bytes = server.request("GET", &address).send().await.unwrap().bytes().await.unwrap();
        let made = image::load_from_memory_with_format(&bytes, ImageFormat::Png).unwrap();
        assert_eq!(made.dimensions(), (40, 30), "{format:?}");
        let seen = made.get_pixel(5, 5).0;
        assert!(seen.iter().zip(RED).all(|(one, other)| one.abs_diff(other) < 30), "{format:?}: {seen:?}");
    }
}

/// The first 33 bytes of a PNG of 60000 × 60000 pixels, with the checksum that they have.
const HUGE: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\xea\x60\0\0\xea\x60\x08\x06\0\0\0\x80\xd2\x75\x42";

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_good_leaves_the_letter_and_the_reason_for_an_administrator() {
    let server = TestServer::with(&[REACHES, ("COUNTERSIGN_FETCH__TIMEOUT", "1s")]).await;
    let png = picture(30, 30, ImageFormat::Png);
    let elsewhere = publisher(&png).await;
    // a port at which nobody listens, and that nobody else is given meanwhile
    let closed = tokio::net::TcpSocket::new_v4().unwrap();
    closed.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let svg = "<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>";
    let mut cases = Vec::new();
    for (body, reason) in [
        (svg.as_bytes(), "no PNG, JPEG, GIF or WebP"),
        (&b"<!doctype html><h1>Hello</h1>"[..], "no PNG, JPEG, GIF or WebP"),
        (&b""[..], "no PNG, JPEG, GIF or WebP"),
        (HUGE, "more than 4 million pixels"),
        (&png[..png.len() / 2], "cannot be read"),
        (&vec![0x89; 30 * 1024 * 1024][..], "larger than 524288 bytes"),
    ] {
        cases.push((publisher(body).await, reason));
    }
    let other = async |answer: &dyn Fn(&Publisher), reason| {
        let publisher = publisher(&png).await;
        answer(&publisher);
        (publisher, reason)
    };
    cases.push(other(&|one| one.never_ends("image/png"), "larger than 524288 bytes").await);
    cases.push(other(&Publisher::hangs, "too long").await);
    cases.push(other(&|one| one.leads_to(&elsewhere.address), "it answered 302").await);
    cases.push(other(&|one| one.gives(404, "image/png", &png), "it answered 404").await);
    let mut apps = Vec::new();
    for (publisher, reason) in &cases {
        apps.push((server.app_with(with_logo(publisher)).await, *reason));
    }
    let uri = format!("http://{}/logo.png", closed.local_addr().unwrap());
    let nobody = server.app_with(|app| (app.verified, app.logo_uri) = (true, Some(uri))).await;
    apps.push((nobody, "refused"));
    let good = server.app_with(with_logo(&elsewhere)).await;
    let mut browser = server.ada().await;
    for (app, reason) in &apps {
        let logo = failed(&server, app, 1).await;
        let told = logo.reason.unwrap();
        assert!(told.contains(reason), "{told} instead of {reason}");
        assert!(logo.hash.is_none() && logo.png.is_none() && logo.next_try_at.is_some(), "{reason}");
        assert!(shows_a_letter(browser.authorize(app, &[]).await.has_status(200)), "{reason}");
    }
    fetched(&server, &good).await;
    assert_eq!(elsewhere.asked(), 1, "only by the one that is registered there");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_address_is_not_asked_for_a_logo_and_it_shows_at_registration() {
    let server = TestServer::start().await;
    let publisher = publisher(&picture(30, 30, ImageFormat::Png)).await;
    let app = server.app_with(with_logo(&publisher)).await;
    let reason = failed(&server, &app, 1).await.reason.unwrap();
    assert!(
        reason.contains("not an address that this server asks") && reason.contains("fetch.allow_private"),
        "{reason}"
    );
    assert_eq!(publisher.asked(), 0);
    let shell = Shell::new().await;
    let create = |uri: &str, more: &[&str]| {
        let args =
            ["client", "create", "--name", "Notes", "--redirect-uri", "https://app.example/cb", "--logo-uri", uri];
        shell.run(&[&args[..], more].concat())
    };
    assert!(create("https://10.0.0.1/logo.png", &["--verified"]).done().err.contains("fetch.allow_private"));
    assert!(!create("https://10.0.0.1/logo.png", &[]).done().err.contains("fetch.allow_private"));
    create("javascript:alert(1)", &["--verified"]).failed(1, "no web address");
}

#[tokio::test(flavor = "multi_thread")]
async fn for_an_app_that_nobody_vouches_for_nothing_is_ever_fetched_and_nothing_is_told_of_it() {
    let server = TestServer::with(&[OPEN, REACHES]).await;
    let (strangers, own) =
        (publisher(&picture(30, 30, ImageFormat::Png)).await, publisher(&picture(30, 30, ImageFormat::Png)).await);
    let told = register(&server, None, &json!({"logo_uri": strangers.address})).await.has_status(201).json();
    assert_eq!(told["logo_uri"], strangers.address);
    let stranger = registered(&server, &told);
    let uri = strangers.address.clone();
    let unverified = server.app_with(|app| app.logo_uri = Some(uri)).await;
    let verified = server.app_with(with_logo(&own)).await;
    let address = fetched(&server, &verified).await;
    let mut browser = server.ada().await;
    let pkce = [("code_challenge", CHALLENGE), ("code_challenge_method", "S256"), ("scope", "openid")];
    for app in [&stranger, &unverified] {
        assert!(shows_a_letter(browser.authorize(app, &pkce).await.says("name=\"decision\"")));
        assert!(logo(&server, app).await.is_none());
    }
    assert_eq!(strangers.asked(), 0);
    let hash = address.rsplit('/').next().unwrap();
    let other = |client: &str, hash: &str| format!("/assets/logo/{client}/{hash}");
    let nothing = server.get("/assets/logo/nobody/x").await;
    let words = |page: &Reply| page.body.split("<main").nth(1).unwrap().to_owned();
    for path in [
        other(&stranger.client_id, hash),
        other(&unverified.client_id, hash),
        other("nobody", hash),
        other(&verified.client_id, "AAAAAAAAAAAAAAAA"),
        other(&verified.client_id, &hash.to_uppercase()),
        other(&verified.client_id, "%00"),
        other("%00", hash),
        other("%ff", hash),
        other("..", hash),
    ] {
        for method in ["GET", "HEAD"] {
            let reply = Reply::of(server.request(method, &path).send().await.unwrap()).await;
            reply.has_status(404);
            assert_eq!(reply.header("cache-control"), "no-store", "{path}");
            assert!(method == "HEAD" || words(&reply) == words(&nothing), "{path}: {}", reply.body);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_address_a_withdrawn_word_or_a_removed_app_take_the_picture_away_at_once() {
    let server = TestServer::with(&[REACHES]).await;
    let (one, two) =
        (publisher(&picture(30, 30, ImageFormat::Png)).await, publisher(&picture(20, 20, ImageFormat::Gif)).await);
    let app = server.app_with(with_logo(&one)).await;
    let visit = async || server.browser().authorize(&app, &[]).await;
    let first = fetched(&server, &app).await;
    eventually(async || visit().await.body.contains("<img")).await;
    // what has nothing to do with it leaves it as it is
    change(&server, &app, |app| app.description = Some("Prints photos".to_owned())).await;
    server.get(&first).await.has_status(200);

    two.answers(503, "later");
    change(&server, &app, with_logo(&two)).await;
    server.get(&first).await.has_status(404);
    assert_eq!(failed(&server, &app, 1).await.reason.unwrap(), "it answered 503");
    eventually(async || !visit().await.body.contains("<img")).await;
    two.gives(200, "image/gif", &picture(20, 20, ImageFormat::Gif));
    server.clock.advance(61);
    let second = fetched(&server, &app).await;
    assert_ne!(first, second);
    eventually(async || visit().await.body.contains(&second)).await;

    change(&server, &app, |app| app.verified = false).await;
    server.get(&second).await.has_status(404);
    assert!(logo(&server, &app).await.is_none());
    eventually(async || !visit().await.body.contains("<img")).await;
    change(&server, &app, |app| app.first_party = true).await;
    assert_eq!(fetched(&server, &app).await, second, "the same picture has the same address");
    server.get(&second).await.has_status(200);
    assert_eq!((one.asked(), two.asked()), (1, 3));
    assert_eq!(rows(&server.database).await["client_logos"], 1);
    clients::delete(&server.admin, &Origin::default(), &app.client_id).await.unwrap();
    server.get(&second).await.has_status(404);
    assert_eq!(rows(&server.database).await["client_logos"], 0);
}
