//! What an actor of a run got.

use countersign::{flow::authorize::Next, protocol::authorize::response::AuthorizeResponse};

use super::scheduler::Ended;

/// What an actor got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Got {
    /// Of the token endpoint.
    Tokens(Tokens),
    /// The name of the refusal.
    Refused(&'static str),
    /// A redirect to the app.
    Redirect(String),
    /// This page, and no answer.
    Page(&'static str),
    /// One thing after another.
    Several(Vec<Self>),
    /// Whether a token was alive, each time it was looked at.
    Seen(Vec<bool>),
    /// A session.
    Session(String),
    /// It is done.
    Done,
}

/// An access token and a refresh token.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Tokens {
    pub(super) access: String,
    pub(super) refresh: String,
}

impl Ended<Got> {
    /// The tokens that were given out.
    pub(super) fn tokens(&self) -> Vec<Tokens> {
        self.got.iter().flatten().flat_map(Got::tokens).collect()
    }

    /// The redirects to the app.
    pub(super) fn redirects(&self) -> Vec<&str> {
        let all = self.got.iter().flatten();
        all.filter_map(|got| if let Got::Redirect(location) = got { Some(location.as_str()) } else { None }).collect()
    }

    pub(super) fn is_refused(&self, actor: usize, why: &'static str) -> bool {
        self.got[actor] == Some(Got::Refused(why))
    }
}

impl Got {
    pub(super) fn tokens(&self) -> Vec<Tokens> {
        match self {
            Self::Tokens(tokens) => vec![tokens.clone()],
            Self::Several(all) => all.iter().flat_map(Self::tokens).collect(),
            _ => Vec::new(),
        }
    }
}

impl From<Next> for Got {
    fn from(next: Next) -> Self {
        match next {
            Next::Answer(_, AuthorizeResponse::Redirect(location)) => Self::Redirect(location),
            Next::Answer(_, AuthorizeResponse::Form { .. }) => Self::Page("form"),
            Next::SignIn(_) => Self::Page("sign in"),
            Next::ChooseAccount(_) => Self::Page("choose an account"),
            Next::Consent(_) => Self::Page("consent"),
            Next::Refused(_) => Self::Page("refused"),
            Next::SignUp(_) => Self::Page("sign up"),
            Next::AlreadyDone(_) => Self::Page("already done"),
        }
    }
}

/// The code in a redirect.
pub(super) fn code_of(location: &str) -> String {
    let url = url::Url::parse(location).unwrap();
    let code = url.query_pairs().find(|(name, _)| name == "code");
    code.map_or_else(|| panic!("no code in {location}"), |(_, code)| code.into_owned())
}
