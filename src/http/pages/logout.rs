//! `/oauth2/logout`, OIDC RP-Initiated Logout 1.0: asks first; only the form signs out.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode};

use super::{
    Forms, Paged, browser, choose_account, finish, foreign_post, frame, framing_page, go,
    handover::{elsewhere, redirect},
    link, logo, page, shown_person,
    view::{
        Elsewhere, HttpsUrl,
        logout::{Back, Confirm, Continue, Done, Mistake},
    },
};
use crate::{
    flow::{
        login::{accounts::Accounts, session::SignedIn},
        logout::{self, AppPage, Asked},
    },
    http::{
        Server, Shared,
        cookies::{self, Name, with_cookies},
        csrf,
        extract::{self, Body},
        middleware,
    },
    protocol::{
        authorize::interaction::MAX_URL_BYTES,
        logout::{PostLogoutRedirect, frame_sources},
        params::{Params, Repeatable},
        redirect_uri,
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
async fn asked(server: &Server, request: &HttpRequest, params: &Params) -> Paged {
    let asked = logout::ask(&server.ctx, params).await?;
    note(request, &asked);
    let accounts = browser::accounts(server, request).await?;
    let Some(who) = asked.whose(&accounts) else {
        return Ok(match &asked.back {
            // who shows a token of ours has been here before; who only names an app may be anybody, and nobody knows whose
            // the address of an app is that registered itself (PROTOCOL P3)
            Some(back) if asked.by_hint && asked.leads_back(&[]) => redirect(request, &back.location()),
            _ => done(server, request, &asked, &Left { others: !accounts.is_empty(), ..Left::default() }),
        });
    };
    let csrf = csrf::make(&server.ctx.keyring, &parts(&who.session.digest));
    let words = Words::of(request, &asked);
    let is_in_use = accounts.in_use.as_ref().is_some_and(|in_use| in_use.session.id == who.session.id);
    let view = Confirm {
        page: frame(server, request, None),
        app_name: asked.client.as_deref().map(|client| client.name.as_str()),
        app_logo: asked.client.as_deref().and_then(logo),
        one_of_several: (accounts.all().count() > 1).then(|| shown_person(&who.user)),
        csrf: &csrf,
        hidden: match &asked.refusal {
            None => params.iter().collect(),
            // what leads nowhere is not kept; whom the page signs out is
            Some(_) if is_in_use => Vec::new(),
            Some(_) => vec![("logout_hint", who.user.username.as_str())],
        },
        mistake: words.as_ref().map(Words::shown),
    };
    let forms = if asked.back.is_some() { Forms::Anywhere } else { Forms::Own };
    Ok(page(StatusCode::OK, forms, &view))
}

/// The form's answer; or an app's request by POST, which may come from another site and thus without our cookies: it goes
/// round by a GET of our own, where they are seen again (PROTOCOL P9).
async fn posted(server: &Server, request: &HttpRequest, body: &Body) -> Paged {
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
) -> Paged {
    note(request, asked);
    let pages = logout::sign_out(&server.ctx, leaving).await?;
    let leaves = |session: &Session| leaving.iter().any(|who| who.session.id == session.id);
    let stays_in_use = accounts.in_use.as_ref().is_some_and(|in_use| !leaves(&in_use.session));
    let others = accounts.all().any(|who| !leaves(&who.session));
    let who = leaving.first().copied().filter(|_| others);
    let left = Left { who, others, pages: &pages, leads_back: asked.leads_back(leaving) };
    let answer = match (&asked.back, &asked.client) {
        (Some(back), _) if pages.is_empty() && left.leads_back => redirect(request, &back.location()),
        (Some(_), _) => done(server, request, asked, &left),
        (None, _) if !pages.is_empty() => done(server, request, asked, &left),
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
    Ok(with_cookies(answer, cookies))
}

/// What a browser has signed out of.
#[derive(Default)]
pub(super) struct Left<'a> {
    /// Who, where others stay.
    pub(super) who: Option<&'a SignedIn>,
    /// Do others stay?
    pub(super) others: bool,
    /// The pages of apps that sign out there as well.
    pub(super) pages: &'a [AppPage],
    /// May the browser go back by itself to the app that asked?
    pub(super) leads_back: bool,
}

/// The last page, with the way back to the app that asked, or else to the accounts that are there.
fn done(server: &Server, request: &HttpRequest, asked: &Asked, left: &Left<'_>) -> HttpResponse {
    let words = Words::of(request, asked);
    let location = asked.back.as_ref().map(PostLogoutRedirect::location);
    let by_itself = left.leads_back && location.is_some();
    let home = |client| link(client, client.metadata.client_uri.as_deref()).map(|home| home.to_string());
    let address = |client| location.clone().or_else(|| home(client));
    let app = asked.client.as_deref().filter(|_| asked.refusal.is_none());
    let app = app.and_then(|client| Some((client, address(client)?)));
    let app = app.filter(|(_, address)| by_itself || HttpsUrl::parse(address).is_some());
    let host = app.as_ref().map(|(_, address)| redirect_uri::shown_target(address));
    let back = app.as_ref().map(|(client, address)| Back {
        name: &client.name,
        host: host.as_deref().filter(|_| !asked.is_vouched_for()),
        address,
        by_itself,
    });
    let onward = elsewhere(server, if left.others { choose_account::PATH } else { "/login" }, None);
    let mistake = words.as_ref().map(Words::shown);
    left.shown(&Done { back, mistake, ..left.page(server, request, onward) })
}

impl<'a> Left<'a> {
    /// The page that says so.
    pub(super) fn page(&self, server: &'a Server, request: &HttpRequest, onward: Elsewhere) -> Done<'a> {
        Done {
            page: frame(server, request, None),
            left: self.who.map(|who| shown_person(&who.user)),
            others: self.others,
            frames: self.pages.iter().map(|page| (page.app.as_str(), page.location.as_str())).collect(),
            back: None,
            onward,
            interaction: None,
            mistake: None,
        }
    }

    /// With the pages of apps that sign out in the browser it is no redirect, although it answers a form: which apps are to
    /// be shown is known now, and no address must show them.
    pub(super) fn shown(&self, view: &Done<'_>) -> HttpResponse {
        if self.pages.is_empty() {
            return page(StatusCode::OK, Forms::Own, view);
        }
        let sources: Vec<&str> = self.pages.iter().map(|page| page.uri.as_str()).collect();
        framing_page(&frame_sources(&sources), view)
    }
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
