//! What the browser brings: its cookies, its session, and how it came here.

use actix_web::{HttpRequest, cookie::Cookie};

use crate::{
    flow::{
        Result,
        login::session::{self, SignedIn},
    },
    http::{
        Server,
        cookies::{self, Name},
    },
    protocol::authorize::interaction::{Interaction, Unopened},
    secret::{Digest, Secret, kind},
};

/// Who is signed in.
pub(crate) async fn signed_in(server: &Server, request: &HttpRequest) -> Result<Option<SignedIn>> {
    match cookies::session(request, &server.ctx.config.issuer) {
        Some(secret) => session::find(&server.ctx, &secret).await,
        None => Ok(None),
    }
}

/// Which browser this is, if it has our cookie.
pub(crate) fn present(server: &Server, request: &HttpRequest) -> Option<Digest<kind::Browser>> {
    cookies::browser(request, &server.ctx.config.issuer)
}

/// Which browser this is; one without our cookie gets it.
pub(crate) fn known(server: &Server, request: &HttpRequest) -> (Digest<kind::Browser>, Option<Cookie<'static>>) {
    if let Some(browser) = present(server, request) {
        (browser, None)
    } else {
        let secret = Secret::<kind::Browser>::generate();
        let cookie = cookies::set(Name::Browser, secret.expose(), None, &server.ctx.config.issuer);
        (secret.digest(), Some(cookie))
    }
}

/// Opens a sealed interaction in the browser it belongs to.
pub(crate) fn open(server: &Server, request: &HttpRequest, sealed: &str) -> std::result::Result<Interaction, Unopened> {
    Interaction::open(sealed, present(server, request), &server.ctx.keyring, server.ctx.now())
}

/// Keeps the cookie of Session Management in step with who is signed in; `None` where it is.
pub(crate) fn state_cookie(
    server: &Server,
    request: &HttpRequest,
    signed_in: Option<&SignedIn>,
) -> Option<Cookie<'static>> {
    let issuer = &server.ctx.config.issuer;
    let held = cookies::read(request, Name::State, issuer);
    match signed_in.and_then(|signed_in| session::browser_state(&server.ctx, &signed_in.session.digest)) {
        Some(state) => (held.as_ref() != Some(&state)).then(|| cookies::state(&state, issuer)),
        None => held.map(|_| cookies::clear(Name::State, issuer)),
    }
}

/// Binds an interaction that is nobody's yet to this browser.
pub(crate) fn bind(
    server: &Server,
    request: &HttpRequest,
    interaction: Interaction,
) -> (Interaction, Option<Cookie<'static>>) {
    if interaction.browser.is_some() {
        return (interaction, None);
    }
    let (browser, cookie) = known(server, request);
    (Interaction { browser: Some(browser), ..interaction }, cookie)
}

/// A person went here, now: no prefetch, no picture, no script (PROTOCOL R-e1). Old browsers say nothing.
pub(crate) fn is_plain_navigation(request: &HttpRequest) -> bool {
    let header = |name: &str| request.headers().get(name).map(|value| value.to_str().unwrap_or("unreadable"));
    let prefetched = ["sec-purpose", "purpose", "x-moz"]
        .into_iter()
        .filter_map(header)
        .any(|purpose| purpose.contains("prefetch") || purpose.contains("prerender"));
    !prefetched && header("sec-fetch-mode").is_none_or(|mode| mode == "navigate")
}

/// Is it to be shown inside another page?
pub(crate) fn is_framed(request: &HttpRequest) -> bool {
    let destination = request.headers().get("sec-fetch-dest").and_then(|value| value.to_str().ok());
    destination.is_some_and(|destination| destination != "document")
}
