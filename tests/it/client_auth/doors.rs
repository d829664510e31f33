//! Every door for clients asks the same: who is it, and can it show that (RFC 6749 §2.3, RFC 7009 §2.1, RFC 7662 §2.1)?

use std::collections::HashSet;

use countersign::{
    flow::{
        Origin,
        admin::clients::{self, NewClient},
        client_auth,
    },
    protocol::{
        client_auth::PresentedCredentials,
        client_metadata::{AuthMethod, ClientMetadata},
        dialect::Door,
        grant::GrantType,
        params::{Params, Repeatable},
    },
    secret::{Secret, base62, kind::ClientSecret},
};

use super::{machine, with_form};
use crate::{
    authorize_public,
    support::{App, Reply, TestServer, Tokens, VERIFIER, encode},
};

/// The doors, each with what makes a whole request of it.
const DOORS: [(&str, (&str, &str)); 3] = [
    ("/oauth2/access_token", ("grant_type", "client_credentials")),
    ("/oauth2/introspect", ("token", "x")),
    ("/oauth2/revoke", ("token", "x")),
];

async fn ask(server: &TestServer, door: &str, header: Option<&str>, pairs: &[(&str, &str)]) -> Reply {
    let request = server.request("POST", door).header("content-type", "application/x-www-form-urlencoded");
    let request = match header {
        Some(header) => request.header("authorization", header),
        None => request,
    };
    Reply::of(request.body(encode(pairs)).send().await.unwrap()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_door_checks_the_client_in_the_same_way() {
    let server = TestServer::start().await;
    let app = server.app_with(machine).await;
    let secret = app.secret.clone().unwrap();
    let (right, wrong) = (app.basic(&secret), app.basic(&secret[..secret.len() - 1]));
    let unknown = App { client_id: "nobody".to_owned(), ..app.clone() };
    let id = ("client_id", app.client_id.as_str());
    for (door, pair) in DOORS {
        ask(&server, door, Some(&right), &[pair]).await.has_status(200);
        ask(&server, door, None, &[pair, id, ("client_secret", &secret)]).await.has_status(200);
        for (header, form) in [
            (Some(wrong.clone()), vec![pair]),
            (Some(app.basic("")), vec![pair]),
            (Some(app.basic("x")), vec![pair]),
            (Some(unknown.basic(&secret)), vec![pair]),
            (Some("Basic !!!".to_owned()), vec![pair]),
            (Some("Bearer x".to_owned()), vec![pair]),
        ] {
            let reply = ask(&server, door, header.as_deref(), &form).await;
            reply.refused("invalid_client").has_status(401);
            assert!(reply.header("www-authenticate").starts_with("Basic realm="), "{door} {header:?}");
            assert_eq!(reply.header("cache-control"), "no-store", "{door}");
        }
        for form in [
            vec![pair],
            vec![pair, id],
            vec![pair, id, ("client_secret", "")],
            vec![pair, id, ("client_secret", "x")],
            vec![pair, ("client_secret", &*secret)],
            vec![pair, ("client_id", "nobody"), ("client_secret", &*secret)],
        ] {
            let reply = ask(&server, door, None, &form).await;
            reply.refused("invalid_client").has_status(401);
            assert_eq!(reply.header("www-authenticate"), "", "{door} {form:?}");
        }
        for (header, form) in [
            (Some(&right), vec![pair, ("client_secret", &*secret)]),
            (Some(&right), vec![pair, ("client_id", "nobody")]),
            (None, vec![pair, id, id, ("client_secret", &*secret)]),
            (None, vec![pair, id, ("client_secret", &*secret), ("client_secret", "x")]),
            (Some(&right), vec![pair, pair]),
        ] {
            let reply = ask(&server, door, header.map(String::as_str), &form).await;
            reply.refused("invalid_request").has_status(400);
        }
        let query = format!("{door}?{}", encode(&[id, ("client_secret", &secret), pair]));
        ask(&server, &query, None, &[pair]).await.refused("invalid_client").has_status(401);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_headers_and_bytes_that_are_no_text_are_no_failure() {
    let server = TestServer::start().await;
    let app = server.app_with(machine).await;
    let right = app.basic(app.secret.as_deref().unwrap());
    for (door, pair) in DOORS {
        let request = || {
            let request = server.request("POST", door).header("content-type", "application/x-www-form-urlencoded");
            request.body(encode(&[pair]))
        };
        let two = request().header("authorization", &right).header("authorization", &right);
        Reply::of(two.send().await.unwrap()).await.refused("invalid_request").has_status(400);
        for bytes in [&b"Basic \xff\xfe"[..], b"Basic \xc3\x28", b"\xe2\x82", b"Basic\tOg==", b"Basic  Og==", b"=Basic"]
        {
            let header = reqwest::header::HeaderValue::from_bytes(bytes).unwrap();
            let reply = Reply::of(request().header("authorization", header).send().await.unwrap()).await;
            reply.refused("invalid_client").has_status(401);
        }
        let long = format!("Basic {}", "QUFB".repeat(1500));
        ask(&server, door, Some(&long), &[pair]).await.refused("invalid_client").has_status(401);
        ask(&server, door, Some(&right), &[pair]).await.has_status(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_assertion_that_nobody_here_can_check_opens_nothing() {
    let server = TestServer::start().await;
    let (app, public) = (server.app_with(machine).await, server.app_with(authorize_public).await);
    let secret = app.secret.clone().unwrap();
    let mut browser = server.ada().await;
    let code = browser.allow(&public, &[]).await;
    let assertion = "eyJhbGciOiJub25lIn0.eyJpc3MiOiJhIn0.";
    let assertion = [
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", assertion),
    ];
    for (door, pair) in DOORS {
        for named in [&[][..], &[("client_id", &*app.client_id)], &[("client_id", &*public.client_id)]] {
            let alone = [&[pair][..], &assertion, named].concat();
            ask(&server, door, None, &alone).await.refused("invalid_client").has_status(401);
        }
        // a right secret beside it makes two ways at once
        let beside = [&[pair][..], &assertion].concat();
        ask(&server, door, Some(&app.basic(&secret)), &beside).await.refused("invalid_request");
        let own = [("client_id", app.client_id.as_str()), ("client_secret", &secret)];
        ask(&server, door, None, &[&beside[..], &own].concat()).await.refused("invalid_request");
    }
    let pairs = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", &public.redirect_uri),
        ("code_verifier", VERIFIER),
    ];
    public.token(&[&pairs[..], &assertion].concat()).await.refused("invalid_client");
    Tokens::of(&public.token(&pairs).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_public_client_with_an_invented_secret_is_not_taken_for_anybody_and_its_code_waits() {
    let server = TestServer::start().await;
    let mut browser = server.ada().await;
    let app = server.app_with(authorize_public).await;
    let code = browser.allow(&app, &[]).await;
    let pairs = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", &app.redirect_uri),
        ("code_verifier", VERIFIER),
    ];
    let generated = Secret::<ClientSecret>::generate().expose().to_owned();
    for invented in ["x", "cssecretx", &generated] {
        with_form(&app, invented, &pairs).await.refused("invalid_client").has_status(401);
        let header = app.basic(invented);
        let reply = ask(&server, "/oauth2/access_token", Some(&header), &pairs).await;
        reply.refused("invalid_client").has_status(401);
    }
    Tokens::of(&app.token(&pairs).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn client_secrets_are_256_random_bits_and_ids_do_not_repeat() {
    let server = TestServer::start().await;
    let (mut bodies, mut ids) = (Vec::new(), HashSet::new());
    for _ in 0..40 {
        let app = server.app_with(machine).await;
        let secret = Secret::<ClientSecret>::presented(app.secret.as_deref().unwrap());
        bodies.push(base62::decode::<32>(secret.body().unwrap()).unwrap());
        ids.insert(app.client_id);
    }
    assert_eq!((bodies.iter().collect::<HashSet<_>>().len(), ids.len()), (40, 40));
    for bit in 0..256 {
        let set = bodies.iter().filter(|body| body[bit / 8] >> (bit % 8) & 1 == 1).count();
        assert!((1..40).contains(&set), "bit {bit} is always the same");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_client_costs_the_same_hashes_as_a_known_one_with_a_wrong_secret() {
    let server = TestServer::start().await;
    let drawn = server.app_with(machine).await;
    let ctx = &server.admin;
    let spent = async |client_id: &str, secret: &str, header: bool| {
        let form = if header {
            Params::default()
        } else {
            Params::from_form(
                encode(&[("client_id", client_id), ("client_secret", secret)]).as_bytes(),
                Repeatable::Protocol,
            )
            .unwrap()
        };
        let app = App { server: &server, client_id: client_id.to_owned(), secret: None, redirect_uri: String::new() };
        let basic = app.basic(secret);
        let presented = PresentedCredentials::parse(header.then_some(basic.as_str()), &form).unwrap();
        let before = ctx.hashing.spent();
        assert!(client_auth::authenticate(ctx, Door::Standard, &presented).await.is_err());
        ctx.hashing.spent() - before
    };
    let ours = Secret::<ClientSecret>::generate().expose().to_owned();
    let cut = &ours[..ours.len() - 1];
    // while nobody has a chosen secret, nothing is hashed for anybody
    for secret in ["chosen", &ours, cut] {
        assert_eq!(
            (spent(&drawn.client_id, secret, true).await, spent("nobody", secret, true).await),
            (0, 0),
            "{secret}"
        );
    }
    let new = NewClient {
        name: "imported".to_owned(),
        metadata: ClientMetadata { grant_types: vec![GrantType::ClientCredentials], ..ClientMetadata::default() },
        secret: Some("chosen by somebody".to_owned()),
        ..NewClient::default()
    };
    let chosen = clients::create(ctx, &Origin::default(), new).await.unwrap().client.client_id;
    let only_post = server
        .app_with(|app| {
            machine(app);
            app.token_endpoint_auth_method = AuthMethod::ClientSecretPost;
        })
        .await;
    ctx.catalog.fresh(ctx).await.unwrap();
    // what is spent depends on what was presented: once a hash, twice where two readings of a header differ, never for ours
    for (secret, header, hashes) in [
        ("wrong", true, 1),
        ("wrong", false, 1),
        ("wr+ng", true, 2),
        ("wr+ng", false, 1),
        (&ours, true, 0),
        (cut, true, 0),
    ] {
        for client_id in ["nobody", &chosen, &drawn.client_id] {
            assert_eq!(spent(client_id, secret, header).await, hashes, "{client_id}: {secret}");
        }
    }
    // nor does the way a client is registered for show in it
    assert_eq!(spent(&only_post.client_id, "wrong", true).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_not_shown_the_secret_is_not_told_how_it_is_to_be_sent() {
    let server = TestServer::start().await;
    let pair = ("grant_type", "client_credentials");
    for method in [AuthMethod::AnySecret, AuthMethod::ClientSecretBasic, AuthMethod::ClientSecretPost] {
        let app = server
            .app_with(|app| {
                machine(app);
                app.token_endpoint_auth_method = method;
            })
            .await;
        let unknown = App { client_id: "nobody".to_owned(), ..app.clone() };
        let secret = app.secret.clone().unwrap();
        let ours = Secret::<ClientSecret>::generate().expose().to_owned();
        for wrong in ["x", &ours, &secret[1..], &secret[..secret.len() - 1]] {
            let (known, other) = (with_form(&app, wrong, &[pair]).await, with_form(&unknown, wrong, &[pair]).await);
            known.refused("invalid_client").has_status(401);
            assert_eq!((known.status, &known.body), (other.status, &other.body), "{method:?} {wrong}");
            let door = DOORS[0].0;
            let known = ask(&server, door, Some(&app.basic(wrong)), &[pair]).await;
            let other = ask(&server, door, Some(&unknown.basic(wrong)), &[pair]).await;
            known.refused("invalid_client").has_status(401);
            assert_eq!((known.status, &known.body), (other.status, &other.body), "{method:?} {wrong}");
        }
        let told = with_form(&app, &secret, &[pair]).await;
        assert_eq!(told.status == 200, method != AuthMethod::ClientSecretBasic, "{}", told.body);
        assert!(told.status == 200 || told.body.contains("registered for client_secret_basic only"), "{}", told.body);
    }
}
