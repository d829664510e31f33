//! The Facebook-shaped dialect: what a program that was written for that service does.

use url::form_urlencoded::Serializer;

use super::{Asked, Flow, Play, back_at_the_app, code_of, parameter};
use crate::{
    demo::{
        agent::{self, Decision},
        breaks::{Break, cut_short},
        cast::{Cast, REPORTS, Registered, Role},
        flows::ASKING,
        stage::{Halt, Outcome, Stage, Why},
        step::Actor,
        wire::{Received, Sent},
    },
    protocol::{client_metadata::ClientMetadata, dialect::Dialect, grant::GrantType},
    secret::{base62, random},
};

/// The flow.
pub(crate) const FLOW: Flow = Flow {
    name: "facebook",
    title: "As Facebook does it",
    about: "A program that was written for Facebook’s login: everything by GET, permissions that the person may skip one \
            by one, tokens that are exchanged for longer ones. It works when its addresses and credentials change.",
    scopes: None,
    roles: &[&PROGRAM, &OTHER],
    play: Play::Redirect { ask, finish: |stage, asked, callback| Box::pin(finish(stage, asked, callback)) },
    breaks: &[FOREIGN_TOKEN, WRONG_SECRET, WRONG_REDIRECT, SAY_NO],
};

const PROGRAM: Role = Role { key: "facebook", name: "Birthday wishes", metadata: program };

/// Another program, which the same person uses.
const OTHER: Role = Role { key: "facebook-other", name: "Free stickers", metadata: program };

fn program(app: &str) -> ClientMetadata {
    ClientMetadata {
        redirect_uris: vec![format!("{app}/callback")],
        grant_types: vec![GrantType::AuthorizationCode],
        scope: ["email", REPORTS].into_iter().collect(),
        dialect: Some(Dialect::Facebook),
        query_token: true,
        ..ClientMetadata::default()
    }
}

fn ask(cast: &Cast) -> Asked {
    ask_for(cast, &cast.client(&PROGRAM))
}

fn ask_for(cast: &Cast, program: &Registered) -> Asked {
    let state = base62::encode(&random::<16>());
    let query = Serializer::new(String::new())
        .append_pair("client_id", &program.id)
        .append_pair("redirect_uri", &program.redirect_uri)
        .append_pair("scope", &format!("email,{REPORTS}"))
        .append_pair("state", &state)
        .append_pair("auth_type", "rerequest")
        .finish();
    let url = format!("{}/dialog/oauth?{query}", cast.issuer);
    Asked { url, state, decision: Decision::Tick(&["email"]), ..Asked::default() }
}

/// A GET with everything in the address, as that service's programs send it.
async fn get(stage: &mut Stage, path: &str, why: Why<'_>, pairs: &[(&str, &str)]) -> Outcome<Received> {
    let query = Serializer::new(String::new()).extend_pairs(pairs).finish();
    let request = Sent::get(format!("{}?{query}", stage.server(path))).with("Accept", "*/*");
    stage.send(Actor::App, why, request).await
}

const REDEEM: Why<'static> = Why(
    "The code is redeemed",
    "By GET, with the secret in the address, because that is what those programs do. The reply is no JSON either.",
);

async fn redeem(stage: &mut Stage, program: &Registered, code: &str, why: Why<'_>) -> Outcome<Received> {
    let pairs = [
        ("client_id", program.id.as_str()),
        ("client_secret", program.secret.as_str()),
        ("redirect_uri", program.redirect_uri.as_str()),
        ("code", code),
    ];
    get(stage, "/oauth/access_token", why, &pairs).await
}

/// What `access_token=(?P<access_token>[^&]+)` finds.
fn token_in(reply: &Received) -> Outcome<String> {
    parameter(&format!("?{}", reply.body), "access_token")
        .ok_or_else(|| Halt::Unexpected(format!("the reply has no access_token: {} {}", reply.status, reply.body)))
}

async fn look_up(stage: &mut Stage, program: &Registered, token: &str, why: Why<'_>) -> Outcome<Received> {
    let own = format!("{}|{}", program.id, program.secret);
    get(stage, "/debug_token", why, &[("input_token", token), ("access_token", own.as_str())]).await
}

async fn finish(stage: &mut Stage, asked: &Asked, callback: &str) -> Outcome {
    let program = stage.client(&PROGRAM);
    let short = token_in(&redeem(stage, &program, &code_of(asked, callback)?, REDEEM).await?)?;
    let why = Why("A longer one", "Two hours become sixty days, counted from when the person agreed.");
    let pairs = [
        ("grant_type", "fb_exchange_token"),
        ("client_id", program.id.as_str()),
        ("client_secret", program.secret.as_str()),
        ("fb_exchange_token", short.as_str()),
    ];
    let long = token_in(&get(stage, "/oauth/access_token", why, &pairs).await?)?;
    let why = Why(
        "Whose token is it?",
        "The program looks its token up: is it valid, for this app (app_id), until when, and for what?",
    );
    look_up(stage, &program, &long, why).await?;
    let why = Why("Who is it?", "The program names the fields that it wants. email was ticked, so it is there.");
    get(stage, "/me", why, &[("fields", "id,name,email"), ("access_token", &long)]).await?;
    let why = Why("What was allowed?", "What the person skipped is declined, and not in the token.");
    get(stage, "/me/permissions", why, &[("access_token", &long)]).await?;
    Ok(())
}

/// PROTOCOL R-f: a token is no proof of who is in front of a browser.
const FOREIGN_TOKEN: Break = Break {
    name: "foreign-token",
    title: "Sign in with another app’s token",
    about: "The person uses “Free stickers” too, and its owner brings their token to this app’s sign-in. /me would \
            answer, and the thief would be signed in as Ada. debug_token says that it is not this app’s: look first.",
    refusal: "TokenInvalid",
    error: "190",
    script: |stage| Box::pin(foreign_token(stage)),
};

async fn foreign_token(stage: &mut Stage) -> Outcome {
    let (program, other) = (stage.client(&PROGRAM), stage.client(&OTHER));
    let asked = ask_for(&stage.cast, &other);
    let callback = back_at_the_app(stage, &asked).await?;
    let stolen = token_in(&redeem(stage, &other, &code_of(&asked, &callback)?, REDEEM).await?)?;
    stage.come_to_the_point();
    let why = Why("/me answers", "It is a good token of Ada’s. Nothing here says that it was made for another app.");
    get(stage, "/me", why, &[("access_token", &stolen)]).await?;
    let why = Why("debug_token does not", "For this app it is not valid, like any text that is no token at all.");
    look_up(stage, &program, &stolen, why).await?;
    Ok(())
}

/// In that service's own shape.
const WRONG_SECRET: Break = Break {
    name: "wrong-secret",
    title: "Send a wrong client secret",
    about: "That service has errors of its own: a message, a type and a number.",
    refusal: "SecretWrong",
    error: "OAuthException",
    script: |stage| Box::pin(wrong_secret(stage)),
};

async fn wrong_secret(stage: &mut Stage) -> Outcome {
    let asked = ask(&stage.cast);
    let callback = back_at_the_app(stage, &asked).await?;
    stage.come_to_the_point();
    let why = Why("Redeemed with a wrong secret", "The last letter is missing.");
    redeem(stage, &cut_short(&stage.client(&PROGRAM)), &code_of(&asked, &callback)?, why).await?;
    Ok(())
}

/// Exact here, also where the original takes an address below the registered one.
const WRONG_REDIRECT: Break = Break {
    name: "wrong-redirect",
    title: "Ask with an unregistered redirect_uri",
    about: "The server shows a page and sends the browser nowhere.",
    refusal: "RedirectUriUnregistered",
    error: "",
    script: |stage| Box::pin(wrong_redirect(stage)),
};

async fn wrong_redirect(stage: &mut Stage) -> Outcome {
    let mut program = stage.client(&PROGRAM);
    program.redirect_uri.push_str("/below");
    let asked = ask_for(&stage.cast, &program);
    stage.come_to_the_point();
    let why = Why("An address below the registered one", "Somebody else may own that page of the app’s host.");
    match agent::walk(stage, &asked.url, why, Decision::Allow).await? {
        None => Ok(()),
        Some(_) => Err(Halt::Unexpected("the server redirected to an address that nobody registered".to_owned())),
    }
}

/// With words for programs of all years.
const SAY_NO: Break = Break {
    name: "say-no",
    title: "Press Cancel",
    about: "The program finds error_reason, and description for the older manner, and shows it to the person.",
    refusal: "Denied",
    error: "access_denied",
    script: |stage| Box::pin(say_no(stage)),
};

async fn say_no(stage: &mut Stage) -> Outcome {
    let asked = ask(&stage.cast);
    stage.come_to_the_point();
    agent::walk(stage, &asked.url, ASKING, Decision::Deny).await?;
    Ok(())
}
