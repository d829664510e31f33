//! Response modes: how an answer travels through the browser (OAuth 2.0 Multiple Response Type Encoding Practices §2.1,
//! OAuth 2.0 Form Post Response Mode §2).

use super::{Refusal, params::Params, response_type::ResponseType};

/// How an answer travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResponseMode {
    /// Parameters in the query.
    Query,
    /// Parameters in the fragment.
    Fragment,
    /// Parameters in a form that the browser posts.
    FormPost,
}

impl ResponseMode {
    /// Each once, in the order in which lists show them.
    pub const ALL: &[Self] = &[Self::Query, Self::Fragment, Self::FormPost];

    /// As on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Fragment => "fragment",
            Self::FormPost => "form_post",
        }
    }

    /// Of this request. A token in a query would end up in logs: that is refused.
    ///
    /// # Errors
    /// [`Refusal::ResponseModeUnsupported`].
    pub fn parse(params: &Params, response_type: ResponseType) -> Result<Self, Refusal> {
        let Some(name) = params.find("response_mode") else { return Ok(response_type.default_mode()) };
        let asked = Self::ALL.iter().copied().find(|mode| mode.name() == name);
        asked.filter(|mode| mode.suits(response_type)).ok_or(Refusal::ResponseModeUnsupported)
    }

    /// By which an error is sent, as good as a faulty request allows.
    #[must_use]
    pub fn for_error(params: &Params) -> Self {
        match params.find("response_type").and_then(ResponseType::parse) {
            Some(known) => Self::parse(params, known).unwrap_or(known.default_mode()),
            // nothing would travel but the error
            None => Self::parse(params, ResponseType::None).unwrap_or(Self::Query),
        }
    }

    const fn suits(self, response_type: ResponseType) -> bool {
        !(matches!(self, Self::Query) && response_type.is_front_channel())
    }
}

#[cfg(test)]
mod tests;
