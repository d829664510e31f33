//! The GitHub-shaped dialect: what a program that was written for that service does.

use url::form_urlencoded::Serializer;

use super::{Asked, Flow, Play, back_at_the_app, code_of};
use crate::{
    demo::{
        breaks::{Break, cut_short},
        cast::{Cast, Registered, Role},
        stage::{Outcome, Stage, Why, need},
        step::Actor,
        wire::{Received, Sent},
    },
    protocol::{client_metadata::ClientMetadata, dialect::Dialect, grant::GrantType, scope::ScopeSet},
    secret::{base62, random},
};

/// The flow.
pub(crate) const FLOW: Flow = Flow {
    name: "github",
    title: "As GitHub does it",
    about: "A program that was written for GitHub’s OAuth apps: other paths, commas between scopes, errors with the \
            status 200. It works when its addresses and credentials change, and nothing else.",
    scopes: Some(ScopeSet::Github),
    roles: &[&PROGRAM],
    play: Play::Redirect { ask, finish: |stage, asked, callback| Box::pin(finish(stage, asked, callback)) },
    breaks: &[REPLAY_CODE, WRONG_CODE, WRONG_SECRET],
};

/// A program of the days of GitHub.
const PROGRAM: Role = Role {
    key: "github",
    name: "Issue counter",
    metadata: |app| ClientMetadata {
        redirect_uris: vec![format!("{app}/callback")],
        grant_types: vec![GrantType::AuthorizationCode],
        scope: ["read:user", "user:email", "public_repo"].into_iter().collect(),
        dialect: Some(Dialect::Github),
        ..ClientMetadata::default()
    },
};

fn ask(cast: &Cast) -> Asked {
    let state = base62::encode(&random::<16>());
    let program = cast.client(&PROGRAM);
    let query = Serializer::new(String::new())
        .append_pair("client_id", &program.id)
        .append_pair("redirect_uri", &program.redirect_uri)
        .append_pair("scope", "read:user,user:email,public_repo")
        .append_pair("state", &state)
        .finish();
    let url = format!("{}/login/oauth/authorize?{query}", cast.issuer);
    Asked { url, state, ..Asked::default() }
}

/// Why a code is redeemed.
const REDEEM: Why<'static> = Why(
    "The code is redeemed",
    "As that service has it: the secret is in the form, and the reply is JSON because the program says so in Accept.",
);

async fn redeem(stage: &mut Stage, program: &Registered, code: &str, why: Why<'_>) -> Outcome<Received> {
    let pairs = [("client_id", program.id.as_str()), ("client_secret", program.secret.as_str()), ("code", code)];
    let request = Sent::post(stage.server("/login/oauth/access_token"), &pairs).with("Accept", "application/json");
    stage.send(Actor::App, why, request).await
}

async fn api(stage: &mut Stage, path: &str, why: Why<'_>, token: &str) -> Outcome<Received> {
    let request = Sent::get(stage.server(path)).with("Authorization", format!("token {token}"));
    stage.send(Actor::App, why, request).await
}

async fn finish(stage: &mut Stage, asked: &Asked, callback: &str) -> Outcome {
    let program = stage.client(&PROGRAM);
    let tokens = redeem(stage, &program, &code_of(asked, callback)?, REDEEM).await?;
    let access = need(&tokens, "access_token")?;
    let why = Why("Who is it?", "The API of that service. id is a number, and stays the same for this person.");
    api(stage, "/api/v3/user", why, &access).await?;
    let why = Why("Their addresses", "With the scope user:email. Without it, that service and this one say 404.");
    api(stage, "/api/v3/user/emails", why, &access).await?;
    let why = Why(
        "The standard’s door stays shut",
        "A token of a dialect opens the dialect’s API and nothing else: userinfo does not take it.",
    );
    stage.userinfo(why, &access).await?;
    Ok(())
}

const REPLAY_CODE: Break = Break {
    name: "replay-code",
    title: "Use the code twice",
    about: "The second use fails, with the status 200 as on that service, and ends the token that the first one brought.",
    refusal: "CodeReplayed",
    error: "bad_verification_code",
    script: |stage| Box::pin(replay_code(stage)),
};

async fn replay_code(stage: &mut Stage) -> Outcome {
    let program = stage.client(&PROGRAM);
    let code = allowed(stage).await?;
    let access = need(&redeem(stage, &program, &code, REDEEM).await?, "access_token")?;
    stage.come_to_the_point();
    let why = Why("The same code again", "Look at error, not at the status: it is 200.");
    redeem(stage, &program, &code, why).await?;
    let why = Why("And the first token?", "It ended in the same moment.");
    api(stage, "/api/v3/user", why, &access).await?;
    Ok(())
}

const WRONG_CODE: Break = Break {
    name: "wrong-code",
    title: "Send a code that nobody issued",
    about: "A program that looks at the status alone takes this for success.",
    refusal: "CodeUnknown",
    error: "bad_verification_code",
    script: |stage| Box::pin(wrong_code(stage)),
};

async fn wrong_code(stage: &mut Stage) -> Outcome {
    let program = stage.client(&PROGRAM);
    stage.come_to_the_point();
    let why = Why("An invented code", "Look at error, not at the status: it is 200.");
    redeem(stage, &program, "0123456789abcdef0123", why).await?;
    Ok(())
}

const WRONG_SECRET: Break = Break {
    name: "wrong-secret",
    title: "Send a wrong client secret",
    about: "That service has its own word for it.",
    refusal: "SecretWrong",
    error: "incorrect_client_credentials",
    script: |stage| Box::pin(wrong_secret(stage)),
};

async fn wrong_secret(stage: &mut Stage) -> Outcome {
    let program = cut_short(&stage.client(&PROGRAM));
    let code = allowed(stage).await?;
    stage.come_to_the_point();
    let why = Why("Redeemed with a wrong secret", "The last letter is missing.");
    redeem(stage, &program, &code, why).await?;
    Ok(())
}

async fn allowed(stage: &mut Stage) -> Outcome<String> {
    let asked = ask(&stage.cast);
    let callback = back_at_the_app(stage, &asked).await?;
    code_of(&asked, &callback)
}
