//! The authorization endpoint's use cases: begin, advance, decide. Steps never send to one another; each comes back to
//! the interaction and asks `next_step` again.

mod acting;
pub mod begin;
mod front_channel;
mod request_object;
pub mod request_uri;
pub mod respond;

use std::sync::Arc;

use super::login::session::SignedIn;
use crate::{
    clock::Ts,
    protocol::{
        Refusal,
        authorize::{
            TrustedRedirect,
            interaction::Interaction,
            next_step::Agreed,
            request::{AuthorizeRequest, ErrorReply},
            response::AuthorizeResponse,
        },
        client_metadata::Client,
    },
};

/// A request that was found good at this moment.
pub struct Asked {
    /// Who asks.
    pub client: Arc<Client>,
    /// Where the answer goes.
    pub redirect: TrustedRedirect,
    /// For what.
    pub request: AuthorizeRequest,
}

/// A request that was not.
pub struct Rejected {
    /// Why.
    pub refusal: Refusal,
    /// Who asked, if that is known.
    pub client: Option<Arc<Client>>,
    /// Where an error may be sent, if the address is the client's.
    pub reply: Option<(TrustedRedirect, ErrorReply)>,
    /// What was received in the place that was wrong, for the developer. As it came: whoever shows it cuts it.
    pub received: Option<String>,
    /// Where the person may take the error themselves, where we do not (PROTOCOL P3).
    pub onward: Option<String>,
}

/// What the browser gets next.
pub enum Next {
    /// The sign-in page.
    SignIn(Box<Waiting>),
    /// The page on which people make an account.
    SignUp(Box<Waiting>),
    /// The accounts of this browser, to choose from.
    ChooseAccount(Box<Waiting>),
    /// The consent page.
    Consent(Box<Question>),
    /// The answer, for this client.
    Answer(Arc<Client>, AuthorizeResponse),
    /// An error page (UX E1–E4).
    Refused(Rejected),
    /// The interaction has its answer.
    AlreadyDone(Arc<Client>),
}

/// An interaction that waits for somebody to sign in, or to choose an account.
pub struct Waiting {
    /// To be sealed into the page.
    pub interaction: Interaction,
    /// What was asked.
    pub asked: Asked,
    /// Somebody is signed in, and the app speaks of somebody else.
    pub is_another: bool,
    /// Whoever is to sign in again asked to stay signed in.
    pub is_remembered: bool,
}

/// An interaction that waits for a decision.
pub struct Question {
    /// To be sealed into the page.
    pub interaction: Interaction,
    /// What was asked.
    pub asked: Asked,
    /// Of whom.
    pub signed_in: SignedIn,
    /// What they agreed to before.
    pub agreed: Option<Agreed>,
}

impl Question {
    /// Everything the page shows that a decision is about: it goes into the form's token, so that a decision about
    /// another list is none (PROTOCOL R-b2).
    #[must_use]
    pub fn shown(&self) -> String {
        let request = &self.asked.request;
        format!(
            "{}|{}|{}|{}|{}",
            request.scope,
            request.extra_claims,
            request.optional,
            request.audience.join(" "),
            self.asked.redirect.as_str()
        )
    }
}

/// What came with the request besides its parameters.
#[derive(Clone)]
pub struct Visit {
    /// Whose account is in use.
    pub signed_in: Option<SignedIn>,
    /// The other accounts of this browser.
    pub others: Vec<SignedIn>,
    /// Is this a navigation that may be answered without a page (PROTOCOL R-e1)?
    pub may_be_silent: bool,
    /// Is it shown inside another page?
    pub is_framed: bool,
    /// When it came.
    pub now: Ts,
}
