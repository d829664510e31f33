//! Pages for people. The handlers are here; what each page shows is a struct in `view`, its words are in `locales/`.

pub(crate) mod account;
pub(crate) mod authorize;
pub(crate) mod browser;
pub(crate) mod choose_account;
pub(crate) mod device;
pub(crate) mod handover;
pub(crate) mod home;
pub(crate) mod login;
pub(crate) mod logout;
pub(crate) mod profile;
pub(crate) mod setup;
pub(crate) mod sign_up;
pub(crate) mod view;

use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder,
    http::{
        Method, StatusCode,
        header::{ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_SECURITY_POLICY, LOCATION, REFERER, RETRY_AFTER},
    },
};
use askama::Template;

use self::view::{
    Frame, HttpsUrl, Logo, Person,
    notice::{Notice, NoticeKind},
};
use super::{Server, csrf, extract::Body, middleware, refuse, text::Text};
use crate::{
    flow::{Error, login::session::SignedIn},
    protocol::{
        ErrorCode, Refusal,
        authorize::interaction::{MAX_URL_BYTES, Unopened},
        client_metadata::Client,
        params::{Params, Repeatable},
    },
};

/// What a page's handler comes to: `?` leads out of it with another page as well as with an error.
pub(crate) type Paged<T = HttpResponse> = Result<T, Stop>;

/// Why a page's handler goes no further.
pub(crate) enum Stop {
    /// Something else is answered: this.
    Answer(Box<HttpResponse>),
    /// It was refused, or something failed.
    Failed(Error),
}

impl From<HttpResponse> for Stop {
    fn from(answer: HttpResponse) -> Self {
        Self::Answer(Box::new(answer))
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// Nothing from elsewhere, no script, no frame. `form-action` is missing where a form's answer may lead to an app:
/// browsers apply it to the whole chain of redirects (UX P2).
const POLICY: &str =
    "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; base-uri 'none'; frame-ancestors 'none'";
const OWN_FORMS: &str = "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; base-uri 'none'; \
                         frame-ancestors 'none'; form-action 'self'";

const BY_SCRIPT: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; \
                         base-uri 'none'; frame-ancestors 'none'";
const BY_FRAMED_SCRIPT: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
                                font-src 'self'; base-uri 'none'; frame-ancestors *";

/// Where a page's forms may lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Forms {
    /// Only to us.
    Own,
    /// In the end to an app.
    Anywhere,
    /// To an app, and a script of ours sends them.
    ByScript,
    /// The same in a frame, where an app renews in silence what it has (PROTOCOL P29, R-e1).
    ByFramedScript,
}

/// What surrounds a page.
pub(crate) fn frame<'a>(server: &'a Server, request: &HttpRequest, person: Option<&'a SignedIn>) -> Frame<'a> {
    let person = person.map(|signed_in| shown_person(&signed_in.user));
    Frame { site: &server.site, text: Text::for_request(language(request)), now: server.ctx.now(), person }
}

fn language(request: &HttpRequest) -> Option<&str> {
    request.headers().get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok())
}

/// A person as pages name them.
pub(crate) fn shown_person(user: &crate::store::models::User) -> Person<'_> {
    Person { display_name: user.name.as_deref().unwrap_or(&user.username), username: &user.username }
}

/// An app's picture, if it has one.
pub(crate) fn logo(client: &Client) -> Option<Logo<'_>> {
    client.logo.as_deref().map(|hash| Logo { client_id: &client.client_id, hash })
}

/// A page of an app's as a link: of apps alone that somebody vouches for (UX P8).
pub(crate) fn link<'a>(client: &Client, uri: Option<&'a str>) -> Option<HttpsUrl<'a>> {
    uri.filter(|_| client.metadata.is_vouched_for()).and_then(HttpsUrl::parse)
}

/// A page, whole.
pub(crate) fn page(status: StatusCode, forms: Forms, view: &impl Template) -> HttpResponse {
    let policy = match forms {
        Forms::Own => OWN_FORMS,
        Forms::Anywhere => POLICY,
        Forms::ByScript => BY_SCRIPT,
        Forms::ByFramedScript => BY_FRAMED_SCRIPT,
    };
    page_under(status, policy, view)
}

/// A page that shows pages of apps, of these sources and no others (PROTOCOL P29).
pub(crate) fn framing_page(sources: &str, view: &impl Template) -> HttpResponse {
    page_under(StatusCode::OK, &format!("{OWN_FORMS}; frame-src {sources}"), view)
}

/// A page that other sites may frame, with scripts of ours and nothing else (PROTOCOL P29).
pub(crate) fn framed_page(view: &impl Template) -> HttpResponse {
    page_under(StatusCode::OK, "default-src 'none'; script-src 'self'; base-uri 'none'; frame-ancestors *", view)
}

fn page_under(status: StatusCode, policy: &str, view: &impl Template) -> HttpResponse {
    match view.render() {
        Ok(html) => {
            let mut answer = html_builder(status, policy);
            if status == StatusCode::TOO_MANY_REQUESTS
                && let Some(seconds) = Refusal::TooManyTries.retry_after_seconds()
            {
                answer.insert_header((RETRY_AFTER, seconds));
            }
            answer.body(html)
        }
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            HttpResponse::InternalServerError().finish()
        }
    }
}

fn html_builder(status: StatusCode, policy: &str) -> HttpResponseBuilder {
    let mut answer = HttpResponse::build(status);
    answer
        .content_type("text/html; charset=utf-8")
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((CONTENT_SECURITY_POLICY, policy));
    answer
}

/// After a POST: 303, never a repeat of it (UX P3).
pub(crate) fn see_other(location: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, location)).insert_header((CACHE_CONTROL, "no-store")).finish()
}

/// One of our own pages, by path.
pub(crate) fn go(server: &Server, path: &str) -> HttpResponse {
    see_other(&format!("{}{path}", server.site.base_path))
}

/// A card with a title, a sentence and one button that works.
pub(crate) fn notice(server: &Server, request: &HttpRequest, status: StatusCode, kind: NoticeKind) -> HttpResponse {
    let id = middleware::request_id(request);
    let is_busy = status == StatusCode::SERVICE_UNAVAILABLE;
    let retry = if is_busy { again(server, request) } else { None };
    let reference = (status.is_server_error() && !id.is_empty()).then_some(id.as_str());
    let view = Notice { page: frame(server, request, None), kind, app: None, retry: retry.as_deref(), reference };
    let mut answer = page(status, Forms::Own, &view);
    if is_busy {
        answer.headers_mut().insert(RETRY_AFTER, actix_web::http::header::HeaderValue::from_static("2"));
    }
    answer
}

/// Where to ask again, below the issuer: an app's request goes on from there. What was posted does not come again by a
/// link, but the interaction does that it was about, or else the page that the form is on: browsers name a page of ours
/// whole. Behind two slashes they read another host.
fn again(server: &Server, request: &HttpRequest) -> Option<String> {
    let asked = if request.method() == Method::GET {
        request.uri().path_and_query()?.to_string()
    } else if let Some(sealed) = middleware::interaction(request).filter(|sealed| sealed.len() <= MAX_URL_BYTES) {
        format!("{}?interaction={sealed}", request.path())
    } else {
        let page = request.headers().get(REFERER)?.to_str().ok()?;
        page.strip_prefix(server.ctx.config.issuer.origin())?.to_owned()
    };
    let path = asked.strip_prefix(server.site.base_path.as_str())?;
    (path.starts_with('/') && !path.starts_with("//") && !path.starts_with("/\\")).then(|| path.to_owned())
}

/// Something went wrong, and there is no request any more.
pub(crate) fn broken(server: &Server, language: Option<&str>, request_id: &str) -> HttpResponse {
    let view = Notice {
        page: Frame { site: &server.site, text: Text::for_request(language), now: server.ctx.now(), person: None },
        kind: NoticeKind::Broken,
        app: None,
        retry: None,
        reference: Some(request_id).filter(|id| !id.is_empty()),
    };
    page(StatusCode::INTERNAL_SERVER_ERROR, Forms::Own, &view)
}

/// What a page's handler answers, also when something failed on the way.
pub(crate) fn finish(server: &Server, request: &HttpRequest, outcome: Paged) -> HttpResponse {
    match outcome {
        Ok(answer) => answer,
        Err(Stop::Answer(answer)) => *answer,
        Err(Stop::Failed(error)) => refuse(server, request, &error),
    }
}

/// The same where apps send people: the page has what they got wrong.
pub(crate) fn finish_for_app(server: &Server, request: &HttpRequest, outcome: Paged) -> HttpResponse {
    let about = authorize::About::default();
    match outcome {
        Ok(answer) => answer,
        Err(Stop::Answer(answer)) => *answer,
        Err(Stop::Failed(error)) => {
            failed(server, request, &error, |_, refusal| authorize::refused_page(server, request, refusal, &about))
        }
    }
}

/// The page for what was refused, or failed.
pub(crate) fn refuse(server: &Server, request: &HttpRequest, error: &Error) -> HttpResponse {
    failed(server, request, error, |status, _| notice(server, request, status, NoticeKind::MethodNotAllowed))
}

/// Something failed on the way to a page.
fn failed(
    server: &Server,
    request: &HttpRequest,
    error: &Error,
    refused: impl FnOnce(StatusCode, &Refusal) -> HttpResponse,
) -> HttpResponse {
    let refusal = refuse::note(request, error);
    let status = refuse::status(&refusal);
    match refusal.code() {
        ErrorCode::TemporarilyUnavailable => notice(server, request, status, NoticeKind::Busy),
        ErrorCode::ServerError => notice(server, request, status, NoticeKind::Broken),
        ErrorCode::SlowDown => notice(server, request, status, NoticeKind::TooManyRequests),
        _ => refused(status, &refusal),
    }
}

/// A sealed request that does not open (UX E8).
fn unopened(server: &Server, request: &HttpRequest, why: Unopened) -> HttpResponse {
    let kind = match why {
        Unopened::Broken | Unopened::Stale => NoticeKind::Stale,
        Unopened::CookieMissing => NoticeKind::CookiesBlocked,
        Unopened::Foreign => NoticeKind::WrongBrowser,
    };
    middleware::note_refusal(request, "InteractionUnopened");
    notice(server, request, StatusCode::BAD_REQUEST, kind)
}

/// A form that another site posted.
pub(crate) fn foreign_post(server: &Server, request: &HttpRequest) -> HttpResponse {
    middleware::note_refusal(request, "ForeignPost");
    notice(server, request, StatusCode::FORBIDDEN, NoticeKind::ForeignPost)
}

/// A form that one of our own pages posted.
pub(crate) fn own_form(server: &Server, request: &HttpRequest, body: &Body, repeatable: Repeatable) -> Paged<Params> {
    let params = body.form(request, repeatable)?;
    if !csrf::is_from_us(request, &server.ctx.config.issuer) {
        return Err(foreign_post(server, request).into());
    }
    Ok(params)
}
