//! Round every request: who asks, under which id, for which host; what every answer carries; one log line.

mod client_ip;
mod cors;
mod headers;

use std::{
    cell::{Cell, RefCell},
    net::IpAddr,
    panic::AssertUnwindSafe,
    rc::Rc,
    time::Instant,
};

use actix_web::{
    Error, HttpMessage, HttpRequest, HttpResponse,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    error::InternalError,
    http::{
        StatusCode,
        header::{ACCEPT_LANGUAGE, HOST, HeaderName, USER_AGENT},
        uri::Authority,
    },
    middleware::Next,
};
use futures_util::FutureExt;

use super::{Server, Shared, connection::Pulse, refuse, turn::Turn};
use crate::{
    flow::Origin,
    secret::{base62, random},
};

pub(crate) use cors::{allow_any_origin, preflight};

/// What is known of a request, for handlers and for the log.
pub(crate) struct Visit {
    origin: Origin,
    refusal: RefCell<Option<String>>,
    client_id: RefCell<Option<String>>,
    user_id: Cell<Option<i64>>,
    interaction: RefCell<Option<String>>,
    quiet: Cell<bool>,
}

/// Where the request came from.
pub(crate) fn origin(request: &HttpRequest) -> Origin {
    with_visit(request, |visit| visit.origin.clone())
}

/// Its address alone, as far as trusted proxies tell.
pub(crate) fn address(request: &HttpRequest) -> Option<IpAddr> {
    with_visit(request, |visit| visit.origin.address)
}

/// The id under which the log has this request.
pub(crate) fn request_id(request: &HttpRequest) -> String {
    with_visit(request, |visit| visit.origin.request_id.clone())
}

/// The log line is to name why it was refused.
pub(crate) fn note_refusal(request: &HttpRequest, name: &str) {
    with_visit(request, |visit| *visit.refusal.borrow_mut() = Some(name.to_owned()));
}

/// The log line is to name the client.
pub(crate) fn note_client(request: &HttpRequest, client_id: &str) {
    // hardly any is longer
    let name = if client_id.len() <= 128 { client_id.to_owned() } else { client_id.chars().take(128).collect() };
    with_visit(request, |visit| *visit.client_id.borrow_mut() = Some(name));
}

/// The log line is to name the person, by the number that the audit log has for them: the one who is signed in, or whose
/// token it is.
pub(crate) fn note_user(request: &HttpRequest, user_id: i64) {
    with_visit(request, |visit| visit.user_id.set(Some(user_id)));
}

/// A page that comes in its place is to lead back to this interaction, sealed.
pub(crate) fn note_interaction(request: &HttpRequest, sealed: &str) {
    with_visit(request, |visit| *visit.interaction.borrow_mut() = Some(sealed.to_owned()));
}

/// The sealed interaction that it is about, once that was opened.
pub(crate) fn interaction(request: &HttpRequest) -> Option<String> {
    with_visit(request, |visit| visit.interaction.borrow().clone())
}

/// No log line: health checks.
pub(crate) fn be_quiet(request: &HttpRequest) {
    with_visit(request, |visit| visit.quiet.set(true));
}

/// Looks at what is known of the request, or notes something there.
fn with_visit<T: Default>(request: &HttpRequest, look: impl FnOnce(&Visit) -> T) -> T {
    request.extensions().get::<Rc<Visit>>().map(|visit| look(visit)).unwrap_or_default()
}

/// The middleware itself.
pub(crate) async fn around(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let began = Instant::now();
    let _busy = request.request().conn_data::<Pulse>().map(Pulse::begin);
    let turn = request.request().conn_data::<Turn>().map(|turn| turn.begin(request.head()));
    let Some(server) = request.app_data::<Shared>().cloned() else {
        return Ok(request.into_response(HttpResponse::InternalServerError()));
    };
    let config = &server.ctx.config;
    client_ip::tell_of_ignored(&request, &config.server.trusted_proxies, config.log.client_ip);
    let visit = Rc::new(Visit {
        origin: Origin {
            address: client_ip::find(&request, &config.server.trusted_proxies),
            user_agent: readable(&request, &USER_AGENT, 200),
            request_id: sane_request_id(&request).unwrap_or_else(|| base62::encode(&random::<12>())),
        },
        refusal: RefCell::new(None),
        client_id: RefCell::new(None),
        user_id: Cell::new(None),
        interaction: RefCell::new(None),
        quiet: Cell::new(false),
    });
    request.extensions_mut().insert(Rc::clone(&visit));
    // for where nothing is left of the request
    let language = request.headers().get(ACCEPT_LANGUAGE).cloned();
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let path = uri.path();
    let refused = refuse_host(&server, &request);
    if refused.is_some()
        && let Some(turn) = &turn
    {
        turn.be_last();
    }
    let outcome = match refused {
        Some(answer) => Ok(Ok(request.into_response(answer))),
        None => AssertUnwindSafe(next.call(request))
            .catch_unwind()
            .await
            .map(|done| done.map(ServiceResponse::map_into_boxed_body)),
    };
    // without a response there is no request either: what is answered then is made of what was kept
    let (route, mut answer) = match outcome {
        Ok(Ok(response)) => (response.request().match_pattern(), Ok(response)),
        Ok(Err(error)) => (None, Err(refuse::bare(&server, path, error.as_response_error().status_code()))),
        Err(_) => {
            let shown = shown_path(path);
            tracing::error!(request_id = visit.origin.request_id, %method, path = shown, "a handler panicked");
            let language = language.as_ref().and_then(|language| language.to_str().ok());
            (None, Err(refuse::broken(&server, path, language, &visit.origin.request_id)))
        }
    };
    let (headers, status) = match &mut answer {
        Ok(response) => {
            let status = response.status();
            (response.headers_mut(), status)
        }
        Err(bare) => {
            let status = bare.status();
            (bare.headers_mut(), status)
        }
    };
    headers::add(headers, config, &visit.origin.request_id);
    if !visit.quiet.get() {
        let route = route.filter(|route| !route.is_empty()).unwrap_or_else(|| shown_path(path));
        log(&server, &visit, method.as_str(), &route, status, began);
    }
    let last_word = |response| match turn {
        Some(turn) => turn.answer(response),
        None => response,
    };
    match answer {
        Ok(response) => {
            let (request, response) = response.into_parts();
            Ok(ServiceResponse::new(request, last_word(response)))
        }
        Err(bare) => Err(InternalError::from_response("no response", last_word(bare)).into()),
    }
}

/// One line a request: no query, no body, no cookie. A path that is a route says nothing about anybody, so the route
/// stands for it where there is one. A client is named only if there is one of that name: what else stands in its
/// place may be a secret that somebody put into the wrong field.
fn log(server: &Server, visit: &Visit, method: &str, route: &str, status: StatusCode, began: Instant) {
    let client_id = visit.client_id.borrow();
    let client_id = client_id.as_deref().filter(|name| server.ctx.catalog.has_seen(name));
    tracing::info!(
        request_id = visit.origin.request_id,
        method,
        route,
        status = status.as_u16(),
        duration_ms = (began.elapsed().as_secs_f64() * 1_000_000.0).round() / 1000.0,
        client_ip = client_ip::shown(visit.origin.address, server.ctx.config.log.client_ip),
        client_id,
        user_id = visit.user_id.get(),
        refusal = visit.refusal.borrow().as_deref(),
        "request"
    );
}

/// A path as the log may have it: of a part that is as long as a token nothing is left.
fn shown_path(path: &str) -> String {
    let shown = |part: &str| if part.len() > LONGEST_WORD { "…".to_owned() } else { part.to_owned() };
    path.split('/').take(MOST_PARTS).map(shown).collect::<Vec<_>>().join("/")
}

/// Of a path that is no route's: our own secrets are longer, names are not.
const LONGEST_WORD: usize = 32;
const MOST_PARTS: usize = 8;

/// A server of loopback answers nobody who came by another name: a web page could have sent them (PROTOCOL R-h3).
/// A request that names no host, or two, is answered by none (RFC 9112 §3.2).
fn refuse_host(server: &Shared, request: &ServiceRequest) -> Option<HttpResponse> {
    let issuer = &server.ctx.config.issuer;
    let host = request.headers().get(HOST).map_or(Some(""), |host| host.to_str().ok());
    // in absolute form the target names one as well, and that one counts (RFC 9112 §3.2.2)
    let target = request.uri().authority().map(Authority::as_str);
    let one = host.filter(|host| target.is_none_or(|target| target.eq_ignore_ascii_case(host)));
    // our own name, by which nearly everybody comes, is beyond doubt
    let is_own = |host: &str| issuer.origin().strip_suffix(host).is_some_and(|scheme| scheme.ends_with("://"));
    if one.is_some_and(is_own) {
        return None;
    }
    let Some(host) = one.filter(|host| is_host(host)) else {
        note_refusal(request.request(), "the host is unclear");
        return Some(refuse::bare(server, request.path(), StatusCode::BAD_REQUEST));
    };
    if !issuer.is_loopback() || is_loopback_host(host) {
        return None;
    }
    let words = "this server is for this machine only: set issuer to the address people use";
    Some(refuse::plain(server, request.request(), StatusCode::MISDIRECTED_REQUEST, words))
}

/// May it stand in `Host`? RFC 9110 §7.2: a host and a port, or nothing at all.
fn is_host(text: &str) -> bool {
    let fits = |host: &Authority| {
        let port = text.strip_prefix(host.host()).and_then(|rest| rest.strip_prefix(':')).unwrap_or_default();
        port.is_empty() || port.parse::<u16>().is_ok()
    };
    text.is_empty() || (!text.contains('@') && text.parse::<Authority>().is_ok_and(|host| fits(&host)))
}

/// Is this `Host` one of this machine's own names?
pub(crate) fn is_loopback_host(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    let name = name.to_ascii_lowercase();
    name == "localhost"
        || name.ends_with(".localhost")
        || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Somebody else's id for this request, if it is fit to be written down.
fn sane_request_id(request: &ServiceRequest) -> Option<String> {
    let id = readable(request, &headers::X_REQUEST_ID, 64)?;
    let fit = id.len() >= 8 && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    fit.then_some(id)
}

fn readable(request: &ServiceRequest, name: &HeaderName, characters: usize) -> Option<String> {
    let value = request.headers().get(name)?.to_str().ok()?;
    // such a text is ASCII, and the tab is its one control character
    Some(value.get(..value.len().min(characters))?.replace('\t', ""))
}
