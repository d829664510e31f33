//! What the browser brings: its cookies, its session, and how it came here.

use actix_web::{HttpRequest, cookie::Cookie};

use super::{Paged, unopened, view::Stale};
use crate::{
    flow::{
        Result,
        login::{
            accounts::Accounts,
            device::LIFETIME_SECONDS,
            session::{self, SignedIn},
        },
    },
    http::{
        Server,
        cookies::{self, Name},
        csrf, middleware,
    },
    protocol::{accounts, authorize::interaction::Interaction, params::Params},
    secret::{Digest, Secret, kind},
    store::models::{Session, User},
};

/// Who is signed in.
pub(crate) async fn signed_in(server: &Server, request: &HttpRequest) -> Result<Option<SignedIn>> {
    let Some(secret) = cookies::session(request, &server.ctx.config.issuer) else { return Ok(None) };
    let found = session::find(&server.ctx, &secret).await?;
    note(request, found.as_ref());
    Ok(found)
}

fn note(request: &HttpRequest, signed_in: Option<&SignedIn>) {
    if let Some(signed_in) = signed_in {
        middleware::note_user(request, signed_in.user.id);
    }
}

/// Everybody who is signed in in this browser.
pub(crate) async fn accounts(server: &Server, request: &HttpRequest) -> Result<Accounts> {
    accounts_for(server, request, None).await
}

/// The same where an app asks, whose name is not known to be one yet.
pub(crate) async fn accounts_for(server: &Server, request: &HttpRequest, client_id: Option<&str>) -> Result<Accounts> {
    let issuer = &server.ctx.config.issuer;
    let session = cookies::session(request, issuer);
    let carried = cookies::accounts(request, issuer);
    let found = Accounts::find(&server.ctx, session.as_ref(), carried, client_id).await?;
    note(request, found.in_use.as_ref());
    Ok(found)
}

/// Begins a session of somebody who has shown who they are; gives the cookies that carry it, beside the accounts that the
/// browser had before.
pub(crate) async fn begin(
    server: &Server,
    request: &HttpRequest,
    user: &User,
    remember: bool,
    forgiven: Vec<Vec<u8>>,
) -> Result<Vec<Cookie<'static>>> {
    let (origin, had) = (middleware::origin(request), accounts(server, request).await?);
    let begun = session::begin(&server.ctx, &origin, user, remember, had.before(), forgiven).await?;
    let session = &begun.session;
    let mut kept = had.kept(|other| other.user_id != session.user_id);
    // as many as there may be, with this one
    kept.truncate(accounts::MOST - 1);
    kept.push((&begun.account, session));
    let mut cookies = session_cookies(server, &begun.secret, session);
    cookies.extend(account_cookies(server, request, kept));
    Ok(cookies)
}

/// For the session in use.
pub(crate) fn session_cookies(
    server: &Server,
    secret: &Secret<kind::Session>,
    session: &Session,
) -> Vec<Cookie<'static>> {
    let issuer = &server.ctx.config.issuer;
    let lifetime = session.remembered.then(|| session.ends_at.seconds_since(server.ctx.now()));
    let state = session::browser_state(&server.ctx, &secret.digest()).map(|state| cookies::state(&state, issuer));
    std::iter::once(cookies::set(Name::Session, secret.expose(), lifetime, issuer)).chain(state).collect()
}

/// For the accounts: those whose people asked to stay signed in outlive the browser's own session.
pub(crate) fn account_cookies(
    server: &Server,
    request: &HttpRequest,
    kept: Vec<(&Secret<kind::Account>, &Session)>,
) -> Vec<Cookie<'static>> {
    let issuer = &server.ctx.config.issuer;
    let (lasting, passing): (Vec<_>, Vec<_>) = kept.into_iter().partition(|(_, session)| session.remembered);
    let lifetime = session::lifetime_seconds(&server.ctx, true);
    let both = [(Name::Accounts, passing, None), (Name::KeptAccounts, lasting, Some(lifetime))];
    let cookies = both.into_iter().filter_map(|(name, kept, lifetime)| {
        if kept.is_empty() {
            return cookies::read(request, name, issuer).map(|_| cookies::clear(name, issuer));
        }
        Some(cookies::set(name, &accounts::print(kept.into_iter().map(|(secret, _)| secret)), lifetime, issuer))
    });
    cookies.collect()
}

/// Which browser this is, if it has our cookie.
pub(crate) fn present(server: &Server, request: &HttpRequest) -> Option<Digest<kind::Browser>> {
    cookies::browser(request, &server.ctx.config.issuer)
}

/// Which browser this is; one without our cookie gets it. It outlives the browser's own session: several tabs that come
/// back at once would each be given another, and what waits in all but one would be another browser's.
fn known(server: &Server, request: &HttpRequest) -> (Digest<kind::Browser>, Option<Cookie<'static>>) {
    if let Some(browser) = present(server, request) {
        (browser, None)
    } else {
        let secret = Secret::<kind::Browser>::generate();
        let cookie = cookies::set(Name::Browser, secret.expose(), Some(LIFETIME_SECONDS), &server.ctx.config.issuer);
        (secret.digest(), Some(cookie))
    }
}

/// The value of its own that the form of this name has, in the browser that its interaction belongs to, else in this one,
/// which may need a cookie for it.
pub(crate) fn csrf(
    server: &Server,
    request: &HttpRequest,
    form: &str,
    interaction: Option<&Interaction>,
) -> (String, Option<Cookie<'static>>) {
    let (browser, cookie) = match interaction.and_then(|interaction| interaction.browser) {
        Some(browser) => (browser, None),
        None => known(server, request),
    };
    (csrf::make(&server.ctx.keyring, &[form.as_bytes(), browser.as_bytes()]), cookie)
}

/// The browser that this form was shown in and comes back from (PROTOCOL R-b9).
pub(crate) fn sender(
    server: &Server,
    request: &HttpRequest,
    params: &Params,
    form: &str,
) -> std::result::Result<Digest<kind::Browser>, Stale> {
    let browser = present(server, request).ok_or(Stale::NoCookie)?;
    let is_its = csrf::check(&server.ctx.keyring, params.find("csrf"), &[form.as_bytes(), browser.as_bytes()]);
    is_its.then_some(browser).ok_or(Stale::Expired)
}

/// Opens a sealed interaction in the browser it belongs to.
pub(crate) fn open(server: &Server, request: &HttpRequest, sealed: &str) -> Paged<Interaction> {
    let interaction = Interaction::open(sealed, present(server, request), &server.ctx.keyring, server.ctx.now())
        .map_err(|why| unopened(server, request, why))?;
    middleware::note_interaction(request, sealed);
    Ok(interaction)
}

/// The interaction that an address or a form of ours goes on with, if it names one.
pub(crate) fn opened(server: &Server, request: &HttpRequest, params: &Params) -> Paged<Option<Interaction>> {
    params.find("interaction").map(|sealed| open(server, request, sealed)).transpose()
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
