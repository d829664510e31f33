//! Sign in? Consent? Answer? Asked anew at every step, from facts (OIDC Core §3.1.2.3, §3.1.2.4).

use super::{TrustedRedirect, request::AuthorizeRequest};
use crate::{
    clock::Ts,
    protocol::{Refusal, client_metadata::Client, redirect_uri, scope::Scope},
};

/// What is known at this moment.
#[derive(Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Facts<'a> {
    /// The request.
    pub request: &'a AuthorizeRequest,
    /// Who asks.
    pub client: &'a Client,
    /// Where the answer goes.
    pub redirect: &'a TrustedRedirect,
    /// When the interaction began.
    pub began: Ts,
    /// When the person of this browser last signed in; `None` when nobody is.
    pub signed_in_at: Option<Ts>,
    /// When they last chose their account among those of the browser.
    pub chosen_at: Option<Ts>,
    /// Nobody's account is in use, and there are some to choose from.
    pub may_choose: bool,
    /// Is it somebody else than the one of whom the app speaks (OIDC Core §3.1.2.2, PROTOCOL P12)?
    pub is_another: bool,
    /// The class of their sign-in (OIDC Core §2, `acr`).
    pub class: Option<&'a str>,
    /// What that person agreed to before, if it still holds.
    pub consent: Option<&'a Agreed>,
    /// May this very request be answered without a page (PROTOCOL R-e1)?
    pub may_be_silent: bool,
    /// Development: the issuer is on loopback.
    pub issuer_is_loopback: bool,
    /// This instant.
    pub now: Ts,
}

/// A remembered consent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreed {
    /// To these scopes.
    pub scope: Scope,
    /// For these resources.
    pub resources: Vec<String>,
    /// Going there, or there: with spaces between.
    pub redirect_host: String,
    /// And to these claims, besides what the scopes bring.
    pub claims: Scope,
    /// These were left out.
    pub declined: Scope,
    /// When.
    pub at: Ts,
}

impl Agreed {
    /// Does it hold for what goes to this address?
    #[must_use]
    pub fn is_for(&self, redirect: &TrustedRedirect) -> bool {
        let target = redirect_uri::shown_target(redirect.as_str());
        self.redirect_host.split(' ').any(|host| host == target)
    }
}

/// What comes next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Show the sign-in page.
    SignIn,
    /// Show the page on which people make an account.
    SignUp,
    /// Show the accounts of this browser.
    ChooseAccount,
    /// Show the consent page.
    Consent,
    /// Answer at once.
    Answer,
    /// Answer with an error.
    Refuse(Refusal),
}

/// Names one step.
#[must_use]
pub fn next_step(facts: &Facts<'_>) -> Step {
    let prompt = facts.request.prompt;
    if must_sign_up(facts) {
        return Step::SignUp;
    }
    if must_choose(facts) {
        return if prompt.none { Step::Refuse(Refusal::AccountSelectionRequired) } else { Step::ChooseAccount };
    }
    if facts.is_another || !is_recent_enough(facts) {
        return if prompt.none { Step::Refuse(Refusal::LoginRequired) } else { Step::SignIn };
    }
    // there is no surer way to sign in that they could be sent to
    if !is_sure_enough(facts) {
        return Step::Refuse(Refusal::ClassUnmet);
    }
    let provable = facts.client.metadata.is_provable(facts.redirect.as_str(), facts.issuer_is_loopback);
    let agreed = is_waved_through(facts) || is_covered(facts);
    match (agreed, provable) {
        (true, true) if facts.may_be_silent && !prompt.consent => Step::Answer,
        (true, _) if prompt.none => Step::Refuse(Refusal::InteractionRequired),
        (false, _) if prompt.none => Step::Refuse(Refusal::ConsentRequired),
        _ => Step::Consent,
    }
}

/// `prompt=create` wants an account made after the interaction began, whoever was here before (Initiating User
/// Registration 1.0 §4.1); whoever signed in or chose theirs instead has one. It comes before the other values.
fn must_sign_up(facts: &Facts<'_>) -> bool {
    facts.request.prompt.create && facts.chosen_at.is_none_or(|at| at < facts.began)
}

/// `prompt=select_account` wants a choice after the interaction began (OIDC Core §3.1.2.1). Where none of several
/// accounts is in use there is no other way, but to sign in where that is asked for anyway.
fn must_choose(facts: &Facts<'_>) -> bool {
    let prompt = facts.request.prompt;
    match facts.chosen_at {
        Some(at) => prompt.select_account && at < facts.began,
        None => facts.may_choose && (prompt.select_account || !prompt.login),
    }
}

/// A sign-in that was made for a request counts for so many seconds at least, whatever its `max_age`: whoever is shown
/// the consent page after it has to have the time to read that, or would sign in again and again.
const READING_SECONDS: i64 = 300;

/// `prompt=login` wants a sign-in after the interaction began; `max_age` one that is not older (OIDC Core §3.1.2.1).
fn is_recent_enough(facts: &Facts<'_>) -> bool {
    let Some(at) = facts.signed_in_at else { return false };
    let (age, max_age) = (facts.now.seconds_since(at), facts.request.max_age);
    if at >= facts.began {
        return max_age.is_none_or(|max_age| age <= max_age.max(READING_SECONDS));
    }
    max_age.is_none_or(|max_age| age <= max_age && max_age > 0) && !facts.request.prompt.login
}

/// A class that is essential is met, or there is no answer (OIDC Core §5.5.1.1).
fn is_sure_enough(facts: &Facts<'_>) -> bool {
    let wanted = facts.request.claims.classes.as_ref();
    wanted.is_none_or(|classes| classes.iter().any(|class| facts.class == Some(class)))
}

/// An app of the house is not asked for, where it asks for nothing but what its administrator registered and leaves the
/// person no choice.
fn is_waved_through(facts: &Facts<'_>) -> bool {
    let request = facts.request;
    let asks = [&request.optional, &request.unregistered, &request.optional_claims];
    facts.client.metadata.first_party && asks.iter().all(|asked| asked.is_empty())
}

/// Was everything that is asked now agreed to before, for this host too?
fn is_covered(facts: &Facts<'_>) -> bool {
    facts.consent.is_some_and(|agreed| {
        agreed.scope.covers(&facts.request.scope)
            && agreed.claims.covers(&facts.request.extra_claims)
            && facts.request.audience.iter().all(|uri| agreed.resources.contains(uri))
            && agreed.is_for(facts.redirect)
    })
}

#[cfg(test)]
mod tests;
