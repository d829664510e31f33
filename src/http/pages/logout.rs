//! `/oauth2/logout`, OIDC RP-Initiated Logout 1.0: asks first; only the form signs out.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode};

use super::{
    Forms, browser, choose_account, finish, foreign_post, frame, framing_page, go,
    handover::redirect,
    logo, page, shown_person,
    view::{
        HttpsUrl,
        logout::{Confirm, Continue, Done, Leaving, Mistake},
    },
};
use crate::{
    flow::{
        Result,
        login::{accounts::Accounts, session::SignedIn},
        logout::{self, AppPage, Asked},
    },
    http::{
        Server, Shared,
        cookies::{self, Name},
        csrf,
        extract::{self, Body},
        middleware,
    },
    protocol::{
        authorize::interaction::MAX_URL_BYTES,
        logout::{PostLogoutRedirect, frame_sources},
        params::{Params, Repeatable},
    },
    secret::{Digest, kind},
    store::models::Session,
};

const PATH: &str = "/oauth2/logout";

pub(crate) async fn get(server: Shared, request: HttpRequest) -> HttpResponse {
    let outcome = async {
        let params = extract::query(&request)?.only(logout::KNOWN);
        asked(&server, &request, &params).await
    };
    finish(&server, &request, outcome.await)
}

pub(crate) async fn post(server: Shared, request: HttpRequest, body: Body) -> HttpResponse {
    finish(&server, &request, posted(&server, &request, &body).await)
}

/// The question; where nobody is signed in, what comes after it.
async fn asked(server: &Server, request: &HttpRequest, params: &Params) -> Result<HttpResponse> {
    let asked = logout::ask(&server.ctx, params).await?;
    note(request, &asked);
    let accounts = browser::accounts(server, request).await?;
    let Some(who) = asked.whose(&accounts) else {
        return Ok(match &asked.back {
            // who shows a token of ours has been here before; who only names an app may be anybody, and nobody knows whose
            // the address of an app is that registered itself (PROTOCOL P3)
            Some(back) if asked.by_hint && asked.is_vouched_for() => redirect(request, &back.location()),
            _ => done(server, request, &asked, !accounts.is_empty()),
        });
    };
    let csrf = csrf::make(&server.ctx.keyring, &parts(&who.session.digest));
    let words = Words::of(request, &asked);
    let view = Confirm {
        page: frame(server, request, None),
        app_name: asked.client.as_deref().map(|client| client.name.as_str()),
        app_logo: asked.client.as_deref().and_then(logo),
        one_of_several: (accounts.all().count() > 1).then(|| shown_person(&who.user)),
        csrf: &csrf,
        // what leads nowhere is not kept
        hidden: if asked.refusal.is_none() { params.iter().collect() } else { Vec::new() },
        mistake: words.as_ref().map(Words::shown),
    };
    let forms = if asked.back.is_some() { Forms::Anywhere } else { Forms::Own };
    Ok(page(StatusCode::OK, forms, &view))
}

/// The form's answer; or an app's request by POST, which may come from another site and thus without our cookies: it goes
/// round by a GET of our own, where they are seen again (PROTOCOL P9).
async fn posted(server: &Server, request: &HttpRequest, body: &Body) -> Result<HttpResponse> {
    let all = body.form(request, Repeatable::Protocol)?;
    let decision = all.find("logout").map(str::to_owned);
    let from_us = csrf::is_from_us(request, &server.ctx.config.issuer);
    let csrf = all.find("csrf").map(str::to_owned);
    let params = all.only(logout::KNOWN);
    match decision.as_deref() {
        None => Ok(round(server, request, &params)),
        Some(_) if !from_us => Ok(foreign_post(server, request)),
        Some("ask") => asked(server, request, &params).await,
        Some(decision @ ("yes" | "all")) => {
            let asked = logout::ask(&server.ctx, &params).await?;
            let accounts = browser::accounts(server, request).await?;
            let who = asked
                .whose(&accounts)
                .filter(|who| csrf::check(&server.ctx.keyring, csrf.as_deref(), &parts(&who.session.digest)));
            match who {
                Some(_) if decision == "all" => {
                    leave(server, request, &asked, &accounts, &accounts.all().collect::<Vec<_>>()).await
                }
                Some(who) => leave(server, request, &asked, &accounts, &[who]).await,
                // a form without its own value is no answer: the question again
                None => Ok(round(server, request, &params)),
            }
        }
        Some(_) => Ok(go(server, "/account")),
    }
}

fn round(server: &Server, request: &HttpRequest, params: &Params) -> HttpResponse {
    let query = params.to_form();
    if query.is_empty() {
        go(server, PATH)
    } else if query.len() <= MAX_URL_BYTES {
        go(server, &format!("{PATH}?{query}"))
    } else {
        let view = Continue { page: frame(server, request, None), hidden: params.iter().collect() };
        page(StatusCode::OK, Forms::ByScript, &view)
    }
}

/// Signs these out, and leads to where the app wants the person, if that is one of its own addresses.
async fn leave(
    server: &Server,
    request: &HttpRequest,
    asked: &Asked,
    accounts: &Accounts,
    leaving: &[&SignedIn],
) -> Result<HttpResponse> {
    note(request, asked);
    let pages = logout::sign_out(&server.ctx, leaving).await?;
    let leaves = |session: &Session| leaving.iter().any(|who| who.session.id == session.id);
    let stays_in_use = accounts.in_use.as_ref().is_some_and(|in_use| !leaves(&in_use.session));
    let mut answer = match (&asked.back, &asked.client) {
        _ if !pages.is_empty() => {
            let location = asked.back.as_ref().map(PostLogoutRedirect::location);
            let next = asked.client.as_ref().and_then(|client| Some((client.name.as_str(), location.as_deref()?)));
            showing(server, request, &pages, next)
        }
        (Some(back), _) => redirect(request, &back.location()),
        (None, _) if stays_in_use => go(server, choose_account::PATH),
        // by its name the last page finds the app's home page
        (None, Some(client)) if asked.refusal.is_none() => {
            go(server, &format!("{PATH}?{}", Params::default().put("client_id", Some(&client.client_id)).to_form()))
        }
        (None, _) => go(server, PATH),
    };
    let mut cookies = browser::account_cookies(server, request, accounts.kept(|session| !leaves(session)));
    if !stays_in_use {
        cookies.push(cookies::clear(Name::Session, &server.ctx.config.issuer));
        cookies.extend(browser::state_cookie(server, request, None));
    }
    for cookie in &cookies {
        let _set = answer.add_cookie(cookie);
    }
    Ok(answer)
}

/// The pages of apps that sign out in the browser. No redirect, although it answers a form: which apps are to be shown is
/// known now, and no address must show them. `next`: the name of the app that asked, and its address.
pub(super) fn showing(
    server: &Server,
    request: &HttpRequest,
    pages: &[AppPage],
    next: Option<(&str, &str)>,
) -> HttpResponse {
    let view = Leaving {
        page: frame(server, request, None),
        frames: pages.iter().map(|page| (page.app.as_str(), page.location.as_str())).collect(),
        next,
    };
    let sources: Vec<&str> = pages.iter().map(|page| page.uri.as_str()).collect();
    framing_page(&frame_sources(&sources), &view)
}

fn done(server: &Server, request: &HttpRequest, asked: &Asked, others: bool) -> HttpResponse {
    let words = Words::of(request, asked);
    let back = asked.back.as_ref().map(PostLogoutRedirect::location);
    let app = asked.client.as_deref().filter(|_| asked.refusal.is_none());
    let back = app.and_then(|client| {
        let address = back.as_deref().or(client.metadata.client_uri.as_deref())?;
        Some((client.name.as_str(), HttpsUrl::parse(address)?))
    });
    let view = Done { page: frame(server, request, None), back, others, mistake: words.as_ref().map(Words::shown) };
    page(StatusCode::OK, Forms::Own, &view)
}

fn note(request: &HttpRequest, asked: &Asked) {
    if let Some(client) = &asked.client {
        middleware::note_client(request, &client.client_id);
    }
    if let Some(refusal) = &asked.refusal {
        middleware::note_refusal(request, refusal.name());
    }
}

/// What is wrong, in words.
struct Words {
    error: &'static str,
    sentence: String,
    reference: String,
}

impl Words {
    fn of(request: &HttpRequest, asked: &Asked) -> Option<Self> {
        let refusal = asked.refusal.as_ref()?;
        let (sentence, reference) = (refusal.description(), middleware::request_id(request));
        Some(Self { error: refusal.code().text(), sentence, reference })
    }

    fn shown(&self) -> Mistake<'_> {
        Mistake { error: self.error, sentence: &self.sentence, reference: &self.reference }
    }
}

fn parts(session: &Digest<kind::Session>) -> [&[u8]; 2] {
    [b"logout", session.as_bytes()]
}
