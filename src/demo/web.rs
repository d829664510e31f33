//! The app of the demonstration: an actix app of its own, on another port than the server. It answers this machine only,
//! under its own names, and its forms only from its own pages.

use std::{
    future::{Ready, ready},
    net::TcpListener,
    sync::Arc,
};

use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer,
    body::BoxBody,
    dev::{ServerHandle, ServiceRequest, ServiceResponse},
    http::{
        StatusCode,
        header::{self, HeaderName, HeaderValue},
    },
    middleware::{Next, from_fn},
    web::{self, Bytes, Data, Path, PayloadConfig, Query},
};
use askama::Template;
use serde::Deserialize;

use super::{
    errors,
    flows::{self, Flow},
    runs::{Run, Runs},
    view::{self, Around, Code, Errors, ICON, Notice, STYLESHEET, Shown},
    wire::Sent,
};

type Shared = Data<Arc<Runs>>;

/// The app while it runs.
pub(super) struct Running {
    handle: ServerHandle,
    server: tokio::task::JoinHandle<std::io::Result<()>>,
}

/// Begins to answer.
pub(super) fn start(listeners: Vec<TcpListener>, runs: Arc<Runs>) -> std::io::Result<Running> {
    let mut server = HttpServer::new(move || {
        App::new()
            .app_data(Data::new(Arc::clone(&runs)))
            .app_data(PayloadConfig::new(LARGEST_FORM))
            .wrap(from_fn(guard))
            .route("/", web::get().to(home))
            .route("/flow/{flow}", web::get().to(flow_page))
            .route("/flow/{flow}/run", web::post().to(run))
            .route("/flow/{flow}/walk", web::post().to(walk))
            .route("/flow/{flow}/break/{name}", web::post().to(break_it))
            .route("/run/{id}", web::get().to(run_page))
            .route("/callback", web::get().to(callback))
            .route("/code/{code}", web::get().to(code_page))
            .route("/code/{code}", web::post().to(ask_about_code))
            .route("/errors", web::get().to(errors_page))
            .route("/demo.css", web::get().to(|| asset("text/css; charset=utf-8", STYLESHEET)))
            .route("/icon.svg", web::get().to(|| asset("image/svg+xml", ICON)))
            .default_service(web::to(nothing))
    })
    .workers(1)
    .shutdown_timeout(1)
    .disable_signals();
    for listener in listeners {
        server = server.listen(listener)?;
    }
    let server = server.run();
    Ok(Running { handle: server.handle(), server: tokio::spawn(server) })
}

/// In bytes; there is one field in a form.
const LARGEST_FORM: usize = 4096;

impl Running {
    /// Finishes what is under way.
    pub(super) async fn stop(self) {
        self.handle.stop(true).await;
        if let Err(error) = self.server.await {
            tracing::error!(%error, "the demonstration's app ended badly");
        }
    }
}

/// Nothing from elsewhere, no script, no frame. There is no `form-action`: a walk leads from a form to the server.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Another name for this machine is another site's, which may have been pointed here (DNS rebinding). A form must come
/// from a page of ours.
async fn guard(request: ServiceRequest, next: Next<BoxBody>) -> actix_web::Result<ServiceResponse<BoxBody>> {
    let is_ours = is_ours(request.request());
    let mut answer = if is_ours {
        next.call(request).await?
    } else {
        request.into_response(HttpResponse::MisdirectedRequest().body("this is not the demonstration’s own address"))
    };
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        answer.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    Ok(answer)
}

fn is_ours(request: &HttpRequest) -> bool {
    let port = request.app_config().local_addr().port();
    let text = |name: HeaderName| request.headers().get(name).map(|value| value.to_str().unwrap_or("unreadable"));
    let host = text(header::HOST).unwrap_or_default();
    let is_named = ["localhost", "127.0.0.1", "[::1]"].iter().any(|name| host == format!("{name}:{port}"));
    if request.method() != "POST" {
        return is_named;
    }
    let origin = text(header::ORIGIN).is_none_or(|origin| origin == format!("http://{host}"));
    let site = text(HeaderName::from_static("sec-fetch-site")).is_none_or(|site| site == "same-origin");
    is_named && origin && site
}

async fn home(runs: Shared) -> HttpResponse {
    match runs.latest() {
        Some(run) => go(&format!("/run/{}", run.id)),
        None => go(&format!("/flow/{}", flows::ALL.first().map_or("code", |flow| flow.name))),
    }
}

async fn flow_page(runs: Shared, name: Path<String>) -> HttpResponse {
    match flows::find(&name) {
        Some(flow) => show(&runs, flow, None),
        None => not_found(&runs),
    }
}

/// How a run is looked at.
#[derive(Deserialize)]
struct Look {
    open: Option<String>,
}

async fn run_page(runs: Shared, id: Path<String>, look: Query<Look>) -> HttpResponse {
    match id.parse().ok().and_then(|id| runs.find(id)) {
        Some(run) => show(&runs, run.flow, Some((&run, look.open.as_deref() == Some("all")))),
        None => notice(&runs, StatusCode::NOT_FOUND, "This run is gone", "Only the last fifty runs are kept."),
    }
}

async fn run(runs: Shared, name: Path<String>, form: Bytes) -> HttpResponse {
    let Some(flow) = flows::find(&name) else { return not_found(&runs) };
    if !is_from_our_form(&runs, &form) {
        return stale(&runs);
    }
    go(&format!("/run/{}", runs.run(flow, None).await.id))
}

async fn break_it(runs: Shared, names: Path<(String, String)>, form: Bytes) -> HttpResponse {
    let (flow, name) = names.into_inner();
    let Some(flow) = flows::find(&flow) else { return not_found(&runs) };
    let Some(broken) = flow.breaks.iter().find(|known| known.name == name) else { return not_found(&runs) };
    if !is_from_our_form(&runs, &form) {
        return stale(&runs);
    }
    go(&format!("/run/{}", runs.run(flow, Some(broken)).await.id))
}

async fn walk(runs: Shared, request: HttpRequest, name: Path<String>, form: Bytes) -> HttpResponse {
    let Some(flow) = flows::find(&name) else { return not_found(&runs) };
    if !is_from_our_form(&runs, &form) {
        return stale(&runs);
    }
    let begun = Sent { method: "POST", url: own_address(&runs, &request), headers: Vec::new(), body: None };
    if let Some(url) = runs.walk(flow, begun.clone()) {
        return go(&url);
    }
    match runs.show_code(flow, begun).await {
        Some(Ok(code)) => go(&format!("/code/{code}")),
        Some(Err(run)) => go(&format!("/run/{}", run.id)),
        None => not_found(&runs),
    }
}

/// What the television shows.
async fn code_page(runs: Shared, code: Path<String>) -> HttpResponse {
    let shown = runs.look_at_code(&code, |wait| (wait.flow, wait.pending.page.clone(), wait.last_answer()));
    let Some((flow, address, answer)) = shown else { return no_code(&runs) };
    let around = Around::new(&runs, Some(flow.name));
    page(StatusCode::OK, &Code { around, flow, shown: &code, address, answer })
}

async fn ask_about_code(runs: Shared, code: Path<String>, form: Bytes) -> HttpResponse {
    if !is_from_our_form(&runs, &form) {
        return stale(&runs);
    }
    match runs.ask_about_code(&code).await {
        Some(Some(run)) => go(&format!("/run/{}", run.id)),
        Some(None) => go(&format!("/code/{code}")),
        None => no_code(&runs),
    }
}

fn no_code(runs: &Runs) -> HttpResponse {
    let words = "The device has got its answer, or it was shown too long ago.";
    notice(runs, StatusCode::NOT_FOUND, "Nobody waits for this code", words)
}

/// What comes back in the address.
#[derive(Deserialize)]
struct Answer {
    state: Option<String>,
}

async fn callback(runs: Shared, request: HttpRequest, answer: Query<Answer>) -> HttpResponse {
    let state = answer.into_inner().state.unwrap_or_default();
    match runs.come_back(&state, &Sent::get(own_address(&runs, &request))).await {
        Some(run) => go(&format!("/run/{}", run.id)),
        None => notice(
            &runs,
            StatusCode::BAD_REQUEST,
            "This answer belongs to no request",
            "The app knows no request with this state, so it does not look at the rest. That is what state is for: nobody \
             can slip in an answer that the app did not ask for. A page that was loaded again ends here too.",
        ),
    }
}

async fn errors_page(runs: Shared) -> HttpResponse {
    page(StatusCode::OK, &Errors { around: Around::new(&runs, None), parts: errors::parts() })
}

fn asset(content_type: &'static str, content: &'static str) -> Ready<HttpResponse> {
    ready(HttpResponse::Ok().content_type(content_type).body(content))
}

async fn nothing(runs: Shared) -> HttpResponse {
    not_found(&runs)
}

/// As the browser has it, under the name that is registered.
fn own_address(runs: &Runs, request: &HttpRequest) -> String {
    format!("{}{}", runs.cast.app, request.uri())
}

fn is_from_our_form(runs: &Runs, form: &[u8]) -> bool {
    url::form_urlencoded::parse(form).any(|(name, value)| name == "csrf" && value == runs.csrf.as_str())
}

/// A flow, and a run of it with every step open or only the chief ones.
fn show(runs: &Runs, flow: &'static Flow, run: Option<(&Arc<Run>, bool)>) -> HttpResponse {
    let steps = run.map(|(run, all)| view::shots(run, &runs.cast.issuer, all)).unwrap_or_default();
    let run = run.map(|(run, _)| &**run);
    let around = Around::new(runs, Some(flow.name));
    let explained = run.and_then(Run::explained);
    page(StatusCode::OK, &Shown { around, flow, run, steps, explained })
}

fn not_found(runs: &Runs) -> HttpResponse {
    notice(runs, StatusCode::NOT_FOUND, "There is nothing here", "The address is none of the demonstration’s.")
}

fn stale(runs: &Runs) -> HttpResponse {
    let words = "The form was not made by this demonstration, or by an earlier one. Nothing was done.";
    notice(runs, StatusCode::FORBIDDEN, "Nothing was done", words)
}

fn notice(runs: &Runs, status: StatusCode, title: &'static str, words: &'static str) -> HttpResponse {
    page(status, &Notice { around: Around::new(runs, None), title, words })
}

fn page(status: StatusCode, view: &impl Template) -> HttpResponse {
    match view.render() {
        Ok(html) => HttpResponse::build(status).content_type("text/html; charset=utf-8").body(html),
        Err(error) => HttpResponse::InternalServerError().body(error.to_string()),
    }
}

fn go(to: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((header::LOCATION, to)).finish()
}
