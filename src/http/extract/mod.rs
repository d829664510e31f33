//! What comes in, bounded and decoded once.

use std::{
    convert::Infallible,
    future::{Future, Ready, ready},
    pin::Pin,
    time::Duration,
};

use actix_web::{
    FromRequest, HttpRequest,
    dev::Payload,
    http::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE},
    web::{Bytes, BytesMut, Path},
};
use futures_util::StreamExt;

use super::{Shared, middleware};
use crate::{
    flow::{Error, Result},
    protocol::{
        Refusal,
        client_auth::PresentedCredentials,
        params::{Params, Repeatable},
    },
};

/// How long a body may take.
const BODY_WITHIN: Duration = Duration::from_secs(20);

/// A body, whole and within the limit. What is wrong with it is said when it is read, in the endpoint's own manner.
pub(crate) struct Body(std::result::Result<Bytes, BodyFault>);

/// Why there is no body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyFault {
    TooLarge,
    TooSlow,
    Broken,
    Compressed,
    NoRoom,
}

impl FromRequest for Body {
    type Error = actix_web::Error;
    type Future = Pin<Box<dyn Future<Output = std::result::Result<Self, actix_web::Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let server = request.app_data::<Shared>().cloned();
        let limit = server.as_ref().map_or(0, |server| server.ctx.config.limits.body.bytes());
        let compressed = request.headers().contains_key(CONTENT_ENCODING);
        let mut payload = payload.take();
        Box::pin(async move {
            if compressed {
                return Ok(Self(Err(BodyFault::Compressed)));
            }
            let read = async {
                let mut bytes = BytesMut::new();
                while let Some(chunk) = payload.next().await {
                    let chunk = chunk.map_err(|_| BodyFault::Broken)?;
                    if bytes.len() + chunk.len() > limit {
                        return Err(BodyFault::TooLarge);
                    }
                    if server.as_ref().is_some_and(|server| !server.intake.has_room_for(bytes.len() + chunk.len())) {
                        return Err(BodyFault::NoRoom);
                    }
                    bytes.extend_from_slice(&chunk);
                }
                Ok(bytes.freeze())
            };
            Ok(Self(tokio::time::timeout(BODY_WITHIN, read).await.unwrap_or(Err(BodyFault::TooSlow))))
        })
    }
}

impl Body {
    /// A form (RFC 6749 appendix B); a request without a body has no parameters.
    pub(crate) fn form(&self, request: &HttpRequest, repeatable: Repeatable) -> Result<Params> {
        let bytes = self.bytes()?;
        match content_type(request) {
            Some(found) if found.eq_ignore_ascii_case(FORM) => Ok(Params::from_form(bytes, repeatable)?),
            None if bytes.is_empty() => Ok(Params::default()),
            _ => Err(Refusal::BodyUnsupported(FORM).into()),
        }
    }

    /// A form or a flat JSON object: at the token endpoint only (PROTOCOL P32).
    pub(crate) fn form_or_json(&self, request: &HttpRequest) -> Result<Params> {
        if !is_json(request) {
            return self.form(request, Repeatable::Protocol);
        }
        let bytes = self.bytes()?;
        if bytes.is_empty() { Ok(Params::default()) } else { Ok(Params::from_json(bytes)?) }
    }

    /// A JSON document, as it came.
    pub(crate) fn json(&self, request: &HttpRequest) -> Result<&[u8]> {
        let bytes = self.bytes()?;
        if is_json(request) { Ok(bytes) } else { Err(Refusal::BodyUnsupported(JSON).into()) }
    }

    /// As it came, whatever it is.
    pub(crate) fn bytes(&self) -> Result<&[u8]> {
        match &self.0 {
            Ok(bytes) => Ok(bytes),
            Err(fault) => Err(Error::Refused(match fault {
                BodyFault::TooLarge => Refusal::BodyTooLarge,
                BodyFault::TooSlow => Refusal::BodyMalformed("took too long"),
                BodyFault::Broken => Refusal::BodyMalformed("was cut off"),
                BodyFault::Compressed => Refusal::BodyCompressed,
                BodyFault::NoRoom => Refusal::Busy,
            })),
        }
    }
}

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

/// What the body says it is, without parameters; in whatever case.
fn content_type(request: &HttpRequest) -> Option<&str> {
    let value = request.headers().get(CONTENT_TYPE)?.to_str().ok()?;
    Some(value.split(';').next().unwrap_or_default().trim())
}

fn is_json(request: &HttpRequest) -> bool {
    content_type(request).is_some_and(|found| found.eq_ignore_ascii_case(JSON))
}

/// The one thing a path names. What cannot be a name (control characters, no UTF-8) is answered like any name that
/// nobody has, before a database sees it: not every one takes a NUL.
pub(crate) struct PathName(pub(crate) Option<String>);

impl FromRequest for PathName {
    type Error = Infallible;
    type Future = Ready<std::result::Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let name = Path::<String>::extract(request).into_inner().ok().map(Path::into_inner);
        ready(Ok(Self(name.filter(|name| !name.chars().any(char::is_control)))))
    }
}

/// The two things a path names, in the same way.
pub(crate) struct PathNames(pub(crate) Option<(String, String)>);

impl FromRequest for PathNames {
    type Error = Infallible;
    type Future = Ready<std::result::Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let names = Path::<(String, String)>::extract(request).into_inner().ok().map(Path::into_inner);
        ready(Ok(Self(names.filter(|(one, other)| !one.chars().chain(other.chars()).any(char::is_control)))))
    }
}

/// The query's parameters.
pub(crate) fn query(request: &HttpRequest) -> Result<Params> {
    Ok(Params::from_form(request.query_string().as_bytes(), Repeatable::Protocol)?)
}

/// The one `Authorization` header; two are as unreadable as none.
pub(crate) fn authorization(request: &HttpRequest) -> Result<Option<&str>> {
    let mut all = request.headers().get_all(AUTHORIZATION);
    match (all.next(), all.next()) {
        (None, _) => Ok(None),
        // no scheme of any door: each refuses it in its own manner
        (Some(one), None) => Ok(Some(one.to_str().unwrap_or("unreadable"))),
        (Some(_), Some(_)) => Err(Refusal::CredentialsTwice.into()),
    }
}

/// Who the client says it is, by header or in the body; the log line names it.
pub(crate) fn credentials(request: &HttpRequest, params: &Params) -> Result<PresentedCredentials> {
    let presented = PresentedCredentials::parse(authorization(request)?, params)?;
    middleware::note_client(request, &presented.client_id);
    Ok(PresentedCredentials { address: middleware::address(request), ..presented })
}

/// A browser's `Origin`, in any form.
pub(crate) fn browser_origin(request: &HttpRequest) -> Option<&str> {
    request.headers().get(actix_web::http::header::ORIGIN).map(|value| value.to_str().unwrap_or("unreadable"))
}
