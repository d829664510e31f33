//! "Break it": what goes wrong in practice, really done, with the error a developer would see.

use std::time::Duration;

use super::{
    agent::{self, Decision},
    cast::{BRIEF, BRIEF_SECONDS, LEGACY, MACHINE, NOTES, REPORTS, Registered},
    flows::{ASKING, Asked, Script, back_at_the_app, client_credentials, code, password},
    stage::{Halt, Outcome, Stage, Why, need},
    wire::Received,
};

/// A way to break a flow.
pub(crate) struct Break {
    /// In addresses: `replay-code`.
    pub(crate) name: &'static str,
    /// On the button.
    pub(crate) title: &'static str,
    /// What is done, and why the server minds.
    pub(crate) about: &'static str,
    /// Its row in docs/errors.md.
    pub(crate) refusal: &'static str,
    /// The word the app reads; empty where a page of the server says it.
    pub(crate) error: &'static str,
    /// Does it. The last step is the error.
    pub(crate) script: Script,
}

/// RFC 6749 §4.1.2: a code works once.
pub(crate) const REPLAY_CODE: Break = Break {
    name: "replay-code",
    title: "Use the code twice",
    about: "Somebody found the code in a log, or a page was loaded again. The second use fails, and what the first one \
            brought ends with it: the server cannot know which of the two was the thief.",
    refusal: "CodeReplayed",
    error: "invalid_grant",
    script: |stage| Box::pin(replay_code(stage)),
};

async fn replay_code(stage: &mut Stage) -> Outcome {
    let notes = stage.client(&NOTES);
    let (asked, callback) = allowed(stage, &notes).await?;
    let tokens = code::redeem(stage, &notes, &asked, &callback, code::REDEEM).await?;
    let access = need(&tokens, "access_token")?;
    stage.come_to_the_point();
    let why = Why("The token works", "As it should, so far.");
    stage.verify(why, &access).await?;
    let why = Why("The same code again", "Everything in this request is right, but the code was used before.");
    code::redeem(stage, &notes, &asked, &callback, why).await?;
    let why = Why("And the first token?", "It ended in the same moment. The app has to send the person again.");
    stage.verify(why, &access).await?;
    Ok(())
}

/// RFC 7636 §4.6.
pub(crate) const WRONG_VERIFIER: Break = Break {
    name: "wrong-verifier",
    title: "Send a wrong code_verifier",
    about: "Whoever steals a code from the browser does not have the verifier that it was asked for with. The code is \
            worth nothing without it.",
    refusal: "VerifierWrong",
    error: "invalid_grant",
    script: |stage| Box::pin(wrong_verifier(stage)),
};

async fn wrong_verifier(stage: &mut Stage) -> Outcome {
    let notes = stage.client(&NOTES);
    let (mut asked, callback) = allowed(stage, &notes).await?;
    "this-is-not-the-verifier-that-the-challenge-was-made-of".clone_into(&mut asked.verifier);
    stage.come_to_the_point();
    let why = Why("Redeemed with another verifier", "Its SHA-256 is not the code_challenge of the first request.");
    code::redeem(stage, &notes, &asked, &callback, why).await?;
    Ok(())
}

/// RFC 6749 §3.1.2.4.
pub(crate) const WRONG_REDIRECT: Break = Break {
    name: "wrong-redirect",
    title: "Ask with an unregistered redirect_uri",
    about: "A code must never go to an address that nobody registered. The server shows a page and sends the browser \
            nowhere: a redirect would be what an attacker wants.",
    refusal: "RedirectUriUnregistered",
    error: "",
    script: |stage| Box::pin(wrong_redirect(stage)),
};

async fn wrong_redirect(stage: &mut Stage) -> Outcome {
    let mut notes = stage.client(&NOTES);
    notes.redirect_uri.push('/');
    let asked = code::ask_for(&stage.cast, &notes);
    stage.come_to_the_point();
    let why = Why("One slash too many", "The address differs from the registered one by its last character.");
    match agent::walk(stage, &asked.url, why, Decision::Allow).await? {
        None => Ok(()),
        Some(_) => Err(Halt::Unexpected("the server redirected to an address that nobody registered".to_owned())),
    }
}

/// RFC 6749 §4.1.3.
pub(crate) const OTHER_REDIRECT: Break = Break {
    name: "other-redirect",
    title: "Redeem with another redirect_uri",
    about: "The app asked with one address and redeems with another. Both could be its own, but the code was made for \
            one of them.",
    refusal: "RedirectUriDiffers",
    error: "invalid_grant",
    script: |stage| Box::pin(other_redirect(stage)),
};

async fn other_redirect(stage: &mut Stage) -> Outcome {
    let mut notes = stage.client(&NOTES);
    let (asked, callback) = allowed(stage, &notes).await?;
    notes.redirect_uri.push_str("-of-yesterday");
    stage.come_to_the_point();
    let why = Why("Redeemed with another address", "redirect_uri must be the same text in both requests.");
    code::redeem(stage, &notes, &asked, &callback, why).await?;
    Ok(())
}

/// RFC 6749 §5.2.
pub(crate) const WRONG_SECRET: Break = Break {
    name: "wrong-secret",
    title: "Send a wrong client secret",
    about: "The most common mistake of all: a secret cut short, or one of another installation. The code is not \
            touched, so that the app can try again with the right one.",
    refusal: "SecretWrong",
    error: "invalid_client",
    script: |stage| Box::pin(wrong_secret(stage)),
};

async fn wrong_secret(stage: &mut Stage) -> Outcome {
    let notes = stage.client(&NOTES);
    let (asked, callback) = allowed(stage, &notes).await?;
    stage.come_to_the_point();
    let why = Why("Redeemed with a wrong secret", "The last letter is missing.");
    code::redeem(stage, &cut_short(&notes), &asked, &callback, why).await?;
    Ok(())
}

/// RFC 6750 §3.1.
pub(crate) const EXPIRED_TOKEN: Break = Break {
    name: "expired-token",
    title: "Use an expired token",
    about: "The tokens of this app live for one second, and the demonstration waits until it is over. Usually it is \
            15 minutes; then the app refreshes and goes on.",
    refusal: "TokenInvalid",
    error: "invalid_token",
    script: |stage| Box::pin(expired_token(stage)),
};

async fn expired_token(stage: &mut Stage) -> Outcome {
    let brief = stage.client(&BRIEF);
    let (asked, callback) = allowed(stage, &brief).await?;
    let tokens = code::redeem(stage, &brief, &asked, &callback, code::REDEEM).await?;
    let access = need(&tokens, "access_token")?;
    tokio::time::sleep(Duration::from_secs(u64::from(BRIEF_SECONDS)) + Duration::from_millis(1200)).await;
    stage.come_to_the_point();
    let why = Why("Two seconds later", "The token is genuine and nobody ended it. It is only too old.");
    stage.verify(why, &access).await?;
    Ok(())
}

/// RFC 7519 §7.2.
pub(crate) const TAMPERED_TOKEN: Break = Break {
    name: "tampered-token",
    title: "Change a claim in the token",
    about: "An access token can be read by everybody who has it. Changing it is another matter: the signature covers \
            every letter.",
    refusal: "TokenInvalid",
    error: "invalid_token",
    script: |stage| Box::pin(tampered_token(stage)),
};

async fn tampered_token(stage: &mut Stage) -> Outcome {
    let notes = stage.client(&NOTES);
    let (asked, callback) = allowed(stage, &notes).await?;
    let tokens = code::redeem(stage, &notes, &asked, &callback, code::REDEEM).await?;
    let access = need(&tokens, "access_token")?;
    let changed = super::jwt::with_claim(&access, "exp", 4_102_444_800_u64.into())
        .ok_or_else(|| Halt::Unexpected("the access token is no JWT".to_owned()))?;
    stage.come_to_the_point();
    let why =
        Why("Valid until 2100, it says", "exp was changed in the claims; the signature is the one that was there.");
    stage.verify(why, &changed).await?;
    Ok(())
}

/// RFC 9700 §4.14.2.
pub(crate) const USED_REFRESH: Break = Break {
    name: "used-refresh",
    title: "Use a refresh token twice",
    about: "Two programs have the same refresh token: one of them stole it. The server cannot tell which, so the whole \
            chain ends, and the person is asked again. (For lost answers there is a grace of a minute; this app has none.)",
    refusal: "RefreshReused",
    error: "invalid_grant",
    script: |stage| Box::pin(used_refresh(stage)),
};

async fn used_refresh(stage: &mut Stage) -> Outcome {
    let notes = stage.client(&NOTES);
    let tokens = signed_in(stage, &notes).await?;
    let refresh = need(&tokens, "refresh_token")?;
    stage.come_to_the_point();
    let pairs = [("grant_type", "refresh_token"), ("refresh_token", refresh.as_str())];
    let tokens = stage.token(&notes, Why("Refreshed once", "The next token is in the reply."), &pairs).await?;
    let next = need(&tokens, "refresh_token")?;
    stage.token(&notes, Why("And once more with the old one", "It was spent a moment ago."), &pairs).await?;
    let why = Why("The new one has ended too", "Whoever has it must ask the person again.");
    stage.token(&notes, why, &[("grant_type", "refresh_token"), ("refresh_token", &next)]).await?;
    Ok(())
}

/// RFC 6749 §6.
pub(crate) const WIDER_SCOPE: Break = Break {
    name: "wider-scope",
    title: "Refresh for more than was granted",
    about: "A refresh can narrow what the person agreed to, never widen it.",
    refusal: "ScopeWidened",
    error: "invalid_scope",
    script: |stage| Box::pin(wider_scope(stage)),
};

async fn wider_scope(stage: &mut Stage) -> Outcome {
    let notes = stage.client(&NOTES);
    let tokens = signed_in(stage, &notes).await?;
    let refresh = need(&tokens, "refresh_token")?;
    stage.come_to_the_point();
    let why = Why("Refreshed with one scope more", "The person was never asked about it.");
    let pairs =
        [("grant_type", "refresh_token"), ("refresh_token", refresh.as_str()), ("scope", "openid demo.reports")];
    stage.token(&notes, why, &pairs).await?;
    Ok(())
}

/// RFC 6749 §4.1.2.1.
pub(crate) const SAY_NO: Break = Break {
    name: "say-no",
    title: "Press Cancel",
    about: "The person does not agree. That is no failure of the app, and it should say so kindly.",
    refusal: "Denied",
    error: "access_denied",
    script: |stage| Box::pin(say_no(stage)),
};

async fn say_no(stage: &mut Stage) -> Outcome {
    let asked = code::ask(&stage.cast);
    stage.come_to_the_point();
    agent::walk(stage, &asked.url, ASKING, Decision::Deny).await?;
    Ok(())
}

/// RFC 6749 §5.2.
pub(crate) const MACHINE_SECRET: Break = Break {
    name: "wrong-secret",
    title: "Send a wrong client secret",
    about: "The secret is all that a machine has. The reply is the same for an unknown client_id: it tells nobody \
            which clients there are.",
    refusal: "SecretWrong",
    error: "invalid_client",
    script: |stage| Box::pin(machine_asks(stage, cut_short, REPORTS)),
};

/// RFC 6749 §3.3.
pub(crate) const MACHINE_SCOPE: Break = Break {
    name: "unknown-scope",
    title: "Ask for a scope it may not have",
    about: "A client gets what it is registered for. openid is about people, and a machine is none.",
    refusal: "ScopeNotAllowed",
    error: "invalid_scope",
    script: |stage| Box::pin(machine_asks(stage, Registered::clone, "openid")),
};

async fn machine_asks(stage: &mut Stage, shown: fn(&Registered) -> Registered, scope: &str) -> Outcome {
    let machine = shown(&stage.client(&MACHINE));
    stage.come_to_the_point();
    stage.token(&machine, client_credentials::ASK, &[("grant_type", "client_credentials"), ("scope", scope)]).await?;
    Ok(())
}

/// A machine's token is not a person's.
pub(crate) const MACHINE_PERSON: Break = Break {
    name: "no-person",
    title: "Ask whose token it is",
    about: "An API that wants to know the person is handed a machine’s token. There is nobody behind it, and the \
            server says so.",
    refusal: "TokenInvalid",
    error: "invalid_token",
    script: |stage| Box::pin(machine_person(stage)),
};

async fn machine_person(stage: &mut Stage) -> Outcome {
    let machine = stage.client(&MACHINE);
    let pairs = [("grant_type", "client_credentials"), ("scope", REPORTS)];
    let tokens = stage.token(&machine, client_credentials::ASK, &pairs).await?;
    let access = need(&tokens, "access_token")?;
    stage.come_to_the_point();
    stage.verify(Why("An API checks the token", "Whose is it?"), &access).await?;
    Ok(())
}

/// RFC 6749 §5.2.
pub(crate) const WRONG_PASSWORD: Break = Break {
    name: "wrong-password",
    title: "Mistype the password",
    about: "The answer is the same for a wrong password and for a person who does not exist.",
    refusal: "PersonRefused",
    error: "invalid_grant",
    script: |stage| Box::pin(old_program(stage, Registered::clone, "the wrong one")),
};

/// RFC 6749 §5.2.
pub(crate) const LEGACY_SECRET: Break = Break {
    name: "wrong-secret",
    title: "Send a wrong client secret",
    about: "The client is looked at before the person: without its secret no password is even tried.",
    refusal: "SecretWrong",
    error: "invalid_client",
    script: |stage| Box::pin(old_program(stage, cut_short, "")),
};

async fn old_program(stage: &mut Stage, shown: fn(&Registered) -> Registered, password: &str) -> Outcome {
    let legacy = shown(&stage.client(&LEGACY));
    let person = stage.cast.person.clone();
    let password = if password.is_empty() { person.password.as_str() } else { password };
    stage.come_to_the_point();
    let pairs = [("grant_type", "password"), ("username", &person.username), ("password", password)];
    stage.token(&legacy, password::ASK, &pairs).await?;
    Ok(())
}

/// A request of this client that the person allowed, and the answer to it.
///
/// # Errors
/// [`Halt`].
pub(crate) async fn allowed(stage: &mut Stage, client: &Registered) -> Outcome<(Asked, String)> {
    let asked = code::ask_for(&stage.cast, client);
    let callback = back_at_the_app(stage, &asked).await?;
    Ok((asked, callback))
}

async fn signed_in(stage: &mut Stage, client: &Registered) -> Outcome<Received> {
    let (asked, callback) = allowed(stage, client).await?;
    code::redeem(stage, client, &asked, &callback, code::REDEEM).await
}

/// The client with the last letter of its secret missing.
pub(crate) fn cut_short(client: &Registered) -> Registered {
    let mut secret = client.secret.clone();
    secret.pop();
    Registered { secret, ..client.clone() }
}
