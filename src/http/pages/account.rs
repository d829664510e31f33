//! `/account`: overview, connected apps, sessions.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode};
use url::form_urlencoded::byte_serialize;

use super::{
    Forms, Paged, authorize, browser, finish, frame, go, logo, own_form, page,
    view::HttpsUrl,
    view::account::{ConnectedApp, ConnectedApps, Overview, SessionLine, SessionList, SessionsDone, TheftLine},
};
use crate::{
    flow::{
        account,
        login::session::{self, SignedIn},
    },
    http::{
        Server, Shared, csrf, extract,
        extract::{Body, PathName},
        middleware, refuse,
    },
    protocol::{
        client_metadata::Client,
        params::{Params, Repeatable},
        redirect_uri::{self, Target},
    },
    secret::Id,
};

pub(crate) async fn overview(server: Shared, request: HttpRequest) -> HttpResponse {
    finish(&server, &request, show_overview(&server, &request).await)
}

pub(crate) async fn apps(server: Shared, request: HttpRequest) -> HttpResponse {
    finish(&server, &request, show_apps(&server, &request).await)
}

pub(crate) async fn remove_app(server: Shared, request: HttpRequest, client_id: PathName, body: Body) -> HttpResponse {
    let Some(client_id) = client_id.0 else { return refuse::not_found(&server, &request) };
    finish(&server, &request, remove(&server, &request, &client_id, &body).await)
}

pub(crate) async fn sessions(server: Shared, request: HttpRequest) -> HttpResponse {
    finish(&server, &request, show_sessions(&server, &request).await)
}

pub(crate) async fn end_sessions(server: Shared, request: HttpRequest, body: Body) -> HttpResponse {
    finish(&server, &request, end(&server, &request, &body).await)
}

async fn show_overview(server: &Server, request: &HttpRequest) -> Paged {
    let signed_in = owner(server, request).await?;
    let user = &signed_in.user;
    let apps = account::count_apps(&server.ctx, user.id).await?;
    let thefts = account::list_thefts(&server.ctx, user.id).await?;
    let view = Overview {
        page: frame(server, request, Some(&signed_in)),
        name: user.name.as_deref(),
        username: &user.username,
        email: user.email.as_deref(),
        last_sign_in: user.last_sign_in_at,
        apps,
        thefts: thefts.iter().map(|theft| TheftLine { app: &theft.client.name, at: theft.at }).collect(),
    };
    Ok(page(StatusCode::OK, Forms::Own, &view))
}

async fn show_apps(server: &Server, request: &HttpRequest) -> Paged {
    let signed_in = owner(server, request).await?;
    let removed = match extract::query(request)?.find("removed") {
        Some(client_id) => server.ctx.catalog.client(&server.ctx, client_id).await?,
        None => None,
    };
    let at = server.ctx.catalog.snapshot(&server.ctx).await?;
    let apps = account::list_apps(&server.ctx, signed_in.user.id).await?;
    // a link that anybody can write must not say of an app that it has lost access
    let removed = removed.filter(|gone| apps.iter().all(|app| app.client.client_id != gone.client_id));
    let view_frame = frame(server, request, Some(&signed_in));
    let encoded: Vec<String> =
        apps.iter().map(|app| byte_serialize(app.client.client_id.as_bytes()).collect()).collect();
    let hosts: Vec<Option<String>> = apps.iter().map(|app| app.client.host()).collect();
    let starts: Vec<Option<String>> = apps.iter().map(|app| start(server, &app.client)).collect();
    let csrf = csrf::make(&server.ctx.keyring, &parts(&signed_in));
    let lines = apps.iter().zip(&encoded).zip(hosts.iter().zip(&starts));
    let lines = lines.map(|((app, client_id), (host, start))| ConnectedApp {
        client_id,
        name: &app.client.name,
        logo: logo(&app.client),
        host: host.as_deref(),
        is_local: app.client.metadata.redirect_uris.iter().all(|uri| redirect_uri::target(uri) != Target::Https),
        start: start.as_deref().and_then(HttpsUrl::parse),
        standing: authorize::standing(&app.client, None),
        scopes: authorize::scope_words(server, view_frame.text, &app.scope, |name| at.scopes.find(name).cloned()),
        is_allowed: app.is_allowed,
        since: app.since,
        last_used: app.last_used_at,
    });
    let view = ConnectedApps {
        page: view_frame,
        apps: lines.collect(),
        removed: removed.as_deref().map(|client| client.name.as_str()),
        csrf: &csrf,
    };
    Ok(page(StatusCode::OK, Forms::Own, &view))
}

/// Where a person who is here may start signing in to an app that somebody vouches for (OIDC Core §4).
fn start(server: &Server, client: &Client) -> Option<String> {
    let uri = client.metadata.initiate_login_uri.as_deref().filter(|_| client.metadata.is_vouched_for())?;
    let mut url = url::Url::parse(uri).ok()?;
    url.query_pairs_mut().append_pair("iss", server.ctx.issuer());
    Some(url.to_string())
}

async fn remove(server: &Server, request: &HttpRequest, client_id: &str, body: &Body) -> Paged {
    let (signed_in, params) = form(server, request, body, "/account/apps").await?;
    if params.find("remove") != Some("yes") {
        return Ok(go(server, "/account/apps"));
    }
    account::remove_app(&server.ctx, &middleware::origin(request), "user", signed_in.user.id, client_id).await?;
    let removed: String = byte_serialize(client_id.as_bytes()).collect();
    Ok(go(server, &format!("/account/apps?removed={removed}")))
}

async fn show_sessions(server: &Server, request: &HttpRequest) -> Paged {
    let signed_in = owner(server, request).await?;
    let done = match extract::query(request)?.find("done") {
        Some("one") => Some(SessionsDone::One),
        Some("others") => Some(SessionsDone::Others),
        _ => None,
    };
    let sessions = session::list(&server.ctx, signed_in.user.id).await?;
    let ids: Vec<String> = sessions.iter().map(|session| session.id.to_text()).collect();
    let csrf = csrf::make(&server.ctx.keyring, &parts(&signed_in));
    let lines = sessions.iter().zip(&ids).map(|(session, id)| SessionLine {
        id,
        user_agent: Some(session.user_agent.as_str()).filter(|name| !name.is_empty()),
        address: &session.address,
        signed_in: session.auth_time,
        last_seen: session.last_seen_at,
        this_browser: session.id == signed_in.session.id,
    });
    let view =
        SessionList { page: frame(server, request, Some(&signed_in)), sessions: lines.collect(), done, csrf: &csrf };
    Ok(page(StatusCode::OK, Forms::Own, &view))
}

async fn end(server: &Server, request: &HttpRequest, body: &Body) -> Paged {
    let (signed_in, params) = form(server, request, body, "/account/sessions").await?;
    let (ctx, user) = (&server.ctx, signed_in.user.id);
    match (params.find("end"), params.find("session").and_then(Id::parse)) {
        (Some("others"), _) => {
            account::end_other_sessions(ctx, user, signed_in.session.id).await?;
            Ok(go(server, "/account/sessions?done=others"))
        }
        (Some("one"), Some(session)) => {
            account::end_session(ctx, user, session).await?;
            Ok(go(server, "/account/sessions?done=one"))
        }
        _ => Ok(go(server, "/account/sessions")),
    }
}

/// Who is signed in; anybody else has to sign in first.
pub(super) async fn owner(server: &Server, request: &HttpRequest) -> Paged<SignedIn> {
    browser::signed_in(server, request).await?.ok_or_else(|| go(server, "/login").into())
}

/// A form of one of these pages, from the person it was made for: one of a former session does nothing, and the page
/// comes again.
async fn form(server: &Server, request: &HttpRequest, body: &Body, back: &str) -> Paged<(SignedIn, Params)> {
    let params = own_form(server, request, body, Repeatable::Protocol)?;
    let signed_in = owner(server, request).await?;
    if !csrf::check(&server.ctx.keyring, params.find("csrf"), &parts(&signed_in)) {
        return Err(go(server, back).into());
    }
    Ok((signed_in, params))
}

pub(super) fn parts(signed_in: &SignedIn) -> [&[u8]; 2] {
    [b"account", signed_in.session.digest.as_bytes()]
}
