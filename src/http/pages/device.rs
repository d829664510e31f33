//! `/device`: a person lets in a program on another device (RFC 8628 §3.3).

use actix_web::{HttpRequest, HttpResponse, http::StatusCode};
use url::form_urlencoded::byte_serialize;

use super::{
    Forms, Paged, authorize, browser, finish, frame, go, login, notice, own_form, page, shown_person,
    view::{
        device::{Confirm, Done, EnterCode, EnterError},
        notice::NoticeKind,
        user_agent::Device,
    },
};
use crate::{
    flow::{
        Error, client_owner,
        device_authorization::{self, Question},
        login::session::SignedIn,
        profile,
    },
    http::{Server, Shared, cookies::with_cookies, csrf, extract, extract::Body, middleware},
    protocol::{
        Refusal,
        grant::device_code::{FRESH_SECONDS, UserCode},
        params::{Params, Repeatable},
        scope::Scope,
    },
};

/// Where people enter the code that a device shows.
pub(crate) const PATH: &str = "/device";
/// The form's name in its own value.
const FORM: &str = "device code";
/// Longest code that is looked at, in bytes.
const MAX_TYPED: usize = 64;
/// A yes counts so long after signing in, in seconds: the question was shown within [`FRESH_SECONDS`].
const DECIDE_SECONDS: i64 = 2 * FRESH_SECONDS;

pub(crate) async fn get(server: Shared, request: HttpRequest) -> HttpResponse {
    finish(&server, &request, shown(&server, &request).await)
}

pub(crate) async fn post(server: Shared, request: HttpRequest, body: Body) -> HttpResponse {
    finish(&server, &request, posted(&server, &request, &body).await)
}

/// The form; filled in when the address has a code, but never sent by itself (RFC 8628 §3.3.1). Or how it ended, for the
/// session that ended it.
async fn shown(server: &Server, request: &HttpRequest) -> Paged {
    let params = extract::query(request)?;
    if let Some(done) = params.find("done") {
        let Some(signed_in) = browser::signed_in(server, request).await? else { return Ok(go(server, PATH)) };
        let connected = done == "connected";
        if !csrf::check(&server.ctx.keyring, params.find("proof"), &done_parts(&signed_in, connected)) {
            return Ok(go(server, PATH));
        }
        return Ok(page(StatusCode::OK, Forms::Own, &Done { page: frame(server, request, None), connected }));
    }
    Ok(enter(server, request, typed(&params), None))
}

fn is_fresh(server: &Server, who: &SignedIn, within_seconds: i64) -> bool {
    server.ctx.now().seconds_since(who.session.auth_time) <= within_seconds
}

/// The code, as far as it can be one.
pub(crate) fn typed(params: &Params) -> &str {
    params.find("user_code").filter(|code| code.len() <= MAX_TYPED).unwrap_or_default()
}

fn enter(server: &Server, request: &HttpRequest, user_code: &str, error: Option<EnterError>) -> HttpResponse {
    let (csrf, cookie) = browser::csrf(server, request, FORM, None);
    let status = match error {
        Some(EnterError::SlowDown) => StatusCode::TOO_MANY_REQUESTS,
        _ => StatusCode::OK,
    };
    let view = EnterCode { page: frame(server, request, None), user_code, error, csrf: &csrf };
    with_cookies(page(status, Forms::Own, &view), cookie)
}

async fn posted(server: &Server, request: &HttpRequest, body: &Body) -> Paged {
    let params = own_form(server, request, body, Repeatable::ConsentForm)?;
    let user_code = typed(&params);
    let decision = params.find("decision");
    if decision.is_none()
        && let Err(stale) = browser::sender(server, request, &params, FORM)
    {
        return Ok(enter(server, request, user_code, Some(EnterError::Stale(stale))));
    }
    // strangers cannot try codes, and nobody answers by a session that somebody else may have left open
    let patience = if decision.is_some() { DECIDE_SECONDS } else { FRESH_SECONDS };
    let signed_in = browser::signed_in(server, request).await?;
    let Some(who) = signed_in.as_ref().filter(|who| is_fresh(server, who, patience)) else {
        return Ok(login::for_device(server, request, user_code, signed_in.as_ref()));
    };
    let question = match device_authorization::look_up(&server.ctx, &middleware::origin(request), who, user_code).await
    {
        Ok(question) => question,
        Err(Error::Refused(refusal @ (Refusal::UserCodeWrong | Refusal::TooManyTries))) => {
            middleware::note_refusal(request, refusal.name());
            let error = if refusal == Refusal::UserCodeWrong { EnterError::Wrong } else { EnterError::SlowDown };
            return Ok(enter(server, request, user_code, Some(error)));
        }
        Err(error) => return Err(error.into()),
    };
    middleware::note_client(request, &question.client.client_id);
    match decision {
        Some(decision) => decided(server, request, &question, who, decision, &params).await,
        None if question.is_answered() => Ok(enter(server, request, user_code, Some(EnterError::Wrong))),
        None => ask(server, request, &question, who, user_code, false).await,
    }
}

/// The question, once the code was entered.
async fn ask(
    server: &Server,
    request: &HttpRequest,
    question: &Question,
    who: &SignedIn,
    user_code: &str,
    form_expired: bool,
) -> Paged {
    let code = UserCode::parse(user_code).map(|code| code.shown()).unwrap_or_default();
    if !device_authorization::may_be_shown(&server.ctx, question).await? {
        return Ok(enter(server, request, user_code, Some(EnterError::Wrong)));
    }
    let at = server.ctx.catalog.snapshot(&server.ctx).await?;
    let view_frame = frame(server, request, None);
    let owner = client_owner::find_name(&server.ctx, &question.client).await?;
    let host = question.client.host();
    let (issuer, device) = (server.ctx.issuer(), Device::from_user_agent(&question.device.user_agent));
    let csrf = csrf::make(&server.ctx.keyring, &slices(&parts(question, who)));
    let scope = authorize::shown_scope(question.door(), &question.scope, &question.optional, &at);
    let profile = profile::of(&who.user)?;
    let lines = authorize::Lines {
        text: view_frame.text,
        at: &at,
        user: &who.user,
        profile: &profile,
        issuer,
        door: question.door(),
        agreed: None,
    };
    let view = Confirm {
        page: view_frame,
        app: authorize::asking_app(&question.client, owner.as_deref(), host.as_deref()),
        person: shown_person(&who.user),
        scopes: lines.of(&scope, &question.optional),
        resources: authorize::shown_resources(&question.audience, issuer),
        user_code: &code,
        asked: question.device.created_at,
        browser: device.browser,
        system: device.system,
        address: &question.device.address,
        form_expired,
        csrf: &csrf,
    };
    Ok(page(StatusCode::OK, Forms::Own, &view))
}

/// An answer counts if its form was made for this device, person and list; otherwise the question comes again.
async fn decided(
    server: &Server,
    request: &HttpRequest,
    question: &Question,
    who: &SignedIn,
    decision: &str,
    params: &Params,
) -> Paged {
    let user_code = typed(params);
    if !csrf::check(&server.ctx.keyring, params.find("csrf"), &slices(&parts(question, who))) {
        if question.is_answered() {
            return Ok(enter(server, request, user_code, Some(EnterError::Wrong)));
        }
        if !is_fresh(server, who, FRESH_SECONDS) {
            return Ok(login::for_device(server, request, user_code, Some(who)));
        }
        return ask(server, request, question, who, user_code, true).await;
    }
    let ticked: Scope = params.all("scope").collect();
    let yes = match decision {
        "allow" => Some(&ticked),
        "deny" => None,
        "switch" => return Ok(login::for_device(server, request, user_code, None)),
        // what is unclear is not a yes
        _ => return Ok(go(server, &filled_in(user_code))),
    };
    let origin = middleware::origin(request);
    if !device_authorization::decide(&server.ctx, &origin, question, who, yes).await? {
        return Ok(notice(server, request, StatusCode::OK, NoticeKind::AlreadyDone));
    }
    let proof = csrf::make(&server.ctx.keyring, &done_parts(who, yes.is_some()));
    let done = if yes.is_some() { "connected" } else { "denied" };
    Ok(go(server, &format!("{PATH}?done={done}&proof={proof}")))
}

/// After signing in for a code: back to the form, filled in.
pub(crate) fn filled_in(user_code: &str) -> String {
    with_code(PATH, user_code)
}

/// A page of ours, by path, that goes on with this code.
pub(crate) fn with_code(path: &str, user_code: &str) -> String {
    let code: String = byte_serialize(user_code.as_bytes()).collect();
    format!("{path}?user_code={code}")
}

fn done_parts(who: &SignedIn, connected: bool) -> [&[u8]; 3] {
    [b"device done", who.session.digest.as_bytes(), if connected { b"connected" } else { b"denied" }]
}

fn parts(question: &Question, who: &SignedIn) -> [Vec<u8>; 4] {
    [
        b"device".to_vec(),
        question.device.id.as_bytes().to_vec(),
        who.session.digest.as_bytes().to_vec(),
        question.shown().into_bytes(),
    ]
}

fn slices(parts: &[Vec<u8>; 4]) -> [&[u8]; 4] {
    parts.each_ref().map(Vec::as_slice)
}
