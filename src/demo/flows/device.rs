//! The device authorization grant (RFC 8628): for what has no browser, or no keyboard.

use std::time::Duration;

use tokio::time::sleep;

use super::{Flow, MARGIN, Pending, Play};
use crate::{
    demo::{
        agent::{self, Decision},
        breaks::Break,
        cast::{Registered, Role},
        stage::{Halt, Outcome, Stage, Why, need},
        step::Actor,
        wire::{Received, Sent},
    },
    protocol::{
        client_metadata::{AuthMethod, ClientMetadata},
        grant::GrantType,
    },
};

/// The flow.
pub(crate) const FLOW: Flow = Flow {
    name: "device",
    title: "A device",
    about: "A television, a printer, a program in a terminal: it shows a short code, and the person enters that in a \
            browser somewhere else. The device asks again and again until they have.",
    scopes: None,
    roles: &[&TELEVISION],
    play: Play::Device {
        begin: |stage| Box::pin(begin(stage)),
        poll: |stage, pending| Box::pin(poll(stage, pending)),
        finish: |stage, pending, tokens| Box::pin(finish(stage, pending, tokens)),
    },
    breaks: &[IMPATIENT, SAY_NO, SECOND_TIME, NO_SUCH_CODE],
};

/// It has no secret: everybody who owns one could read it there.
const TELEVISION: Role = Role {
    key: "television",
    name: "Television",
    metadata: |_| ClientMetadata {
        grant_types: vec![GrantType::DeviceCode, GrantType::RefreshToken],
        token_endpoint_auth_method: AuthMethod::None,
        scope: ["openid", "profile"].into_iter().collect(),
        description: Some("The television of the demonstration".to_owned()),
        ..ClientMetadata::default()
    },
};

async fn begin(stage: &mut Stage) -> Outcome<Pending> {
    let television = stage.client(&TELEVISION);
    let pairs = [("client_id", television.id.as_str()), ("scope", "openid profile")];
    let why = Why(
        "The device asks for codes",
        "One is for the person to type, the other is the device’s own and never shown to anybody.",
    );
    let reply = stage.send(Actor::App, why, Sent::post(stage.server("/oauth2/device_authorization"), &pairs)).await?;
    let interval = reply.json().get("interval").and_then(serde_json::Value::as_u64).unwrap_or(5);
    Ok(Pending {
        device_code: need(&reply, "device_code")?,
        user_code: need(&reply, "user_code")?,
        page: need(&reply, "verification_uri_complete")?,
        interval: Duration::from_secs(interval),
    })
}

async fn ask(stage: &mut Stage, television: &Registered, device_code: &str, why: Why<'_>) -> Outcome<Received> {
    let pairs = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
        ("device_code", device_code),
        ("client_id", television.id.as_str()),
    ];
    stage.send(Actor::App, why, Sent::post(stage.server("/oauth2/access_token"), &pairs)).await
}

/// Why a device asks what came of it.
const ASKING: Why<'static> = Why(
    "The device asks",
    "It cannot be told, so it asks every few seconds. authorization_pending is no failure, only: not yet.",
);

async fn poll(stage: &mut Stage, pending: &Pending) -> Outcome<Option<Received>> {
    let television = stage.client(&TELEVISION);
    let reply = ask(stage, &television, &pending.device_code, ASKING).await?;
    let error = reply.member("error");
    let waits = matches!(error.as_deref(), Some("authorization_pending" | "slow_down"));
    Ok((!waits).then_some(reply))
}

async fn finish(stage: &mut Stage, _: &Pending, tokens: &Received) -> Outcome {
    if let Some(error) = tokens.member("error") {
        return Err(Halt::Unexpected(format!("the device got no token but an error: {error}")));
    }
    let why = Why("Who is it?", "The device greets the person by name.");
    stage.userinfo(why, &need(tokens, "access_token")?).await?;
    let television = stage.client(&TELEVISION);
    let refresh = need(tokens, "refresh_token")?;
    let pairs =
        [("grant_type", "refresh_token"), ("refresh_token", refresh.as_str()), ("client_id", television.id.as_str())];
    let why = Why("Refresh", "From now on nobody has to type anything: the device has a refresh token.");
    stage.send(Actor::App, why, Sent::post(stage.server("/oauth2/access_token"), &pairs)).await?;
    Ok(())
}

/// RFC 8628 §3.5.
const IMPATIENT: Break = Break {
    name: "impatient",
    title: "Ask again too soon",
    about: "A device that asks faster than it was told makes work for nothing. It is told to wait five seconds longer \
            between its questions, from then on. What comes within a second counts as the same question, asked twice.",
    refusal: "DevicePolledTooSoon",
    error: "slow_down",
    script: |stage| Box::pin(impatient(stage)),
};

/// Sooner it is the same question; half a second later it has waited long enough, within what clocks may differ by.
const A_GOOD_SECOND: Duration = Duration::from_millis(1100);

async fn impatient(stage: &mut Stage) -> Outcome {
    let pending = begin(stage).await?;
    poll(stage, &pending).await?;
    stage.come_to_the_point();
    let television = stage.client(&TELEVISION);
    // on a busy machine a question may take as long as the pause
    for _ in 0..5 {
        sleep(A_GOOD_SECOND).await;
        let why = Why("And again after a second", "interval said how long to wait.");
        let reply = ask(stage, &television, &pending.device_code, why).await?;
        if reply.member("error").as_deref() == Some("slow_down") {
            break;
        }
    }
    Ok(())
}

/// RFC 8628 §3.5.
const SAY_NO: Break = Break {
    name: "say-no",
    title: "Press Cancel",
    about: "The person does not want this device to have access. It learns so at its next question, and stops asking.",
    refusal: "Denied",
    error: "access_denied",
    script: |stage| Box::pin(say_no(stage)),
};

async fn say_no(stage: &mut Stage) -> Outcome {
    let pending = begin(stage).await?;
    agent::enter_code(stage, &pending.page, &pending.user_code, Decision::Deny).await?;
    stage.come_to_the_point();
    poll(stage, &pending).await?;
    Ok(())
}

/// RFC 8628 §3.4, RFC 6749 §4.1.2.
const SECOND_TIME: Break = Break {
    name: "second-time",
    title: "Ask once more afterwards",
    about: "The tokens were given out. Whoever comes later with the same device_code gets nothing.",
    refusal: "DeviceCodeSpent",
    error: "invalid_grant",
    script: |stage| Box::pin(second_time(stage)),
};

async fn second_time(stage: &mut Stage) -> Outcome {
    let pending = begin(stage).await?;
    agent::enter_code(stage, &pending.page, &pending.user_code, Decision::Allow).await?;
    poll(stage, &pending).await?;
    sleep(pending.interval + MARGIN).await;
    stage.come_to_the_point();
    let why = Why("The same question again", "Everything in it is right, but it was answered before.");
    let television = stage.client(&TELEVISION);
    ask(stage, &television, &pending.device_code, why).await?;
    Ok(())
}

/// RFC 8628 §3.5.
const NO_SUCH_CODE: Break = Break {
    name: "no-such-code",
    title: "Ask with a device_code that nobody issued",
    about: "The codes have 256 bits: to guess one is hopeless.",
    refusal: "DeviceCodeUnknown",
    error: "invalid_grant",
    script: |stage| Box::pin(no_such_code(stage)),
};

async fn no_such_code(stage: &mut Stage) -> Outcome {
    stage.come_to_the_point();
    let television = stage.client(&TELEVISION);
    ask(stage, &television, "0123456789abcdef", Why("An invented device_code", "It has never been one.")).await?;
    Ok(())
}
