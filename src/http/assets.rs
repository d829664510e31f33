//! What is served as it is: the stylesheet, the icon, the script, and documents that are rendered once.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{CACHE_CONTROL, ETAG, HeaderValue, IF_NONE_MATCH},
    web::Bytes,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as B64};

use super::{
    Shared,
    extract::{PathName, PathNames},
    pages::{
        self,
        view::{CHECK_SESSION, ICON, STYLESHEET, SUBMIT_SCRIPT},
    },
    refuse,
};
use crate::flow::client_logo;

/// An address that changes with what is there: it is kept for ever.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// Ready bytes with their tag.
#[derive(Clone)]
pub(crate) struct Document {
    bytes: Bytes,
    etag: Bytes,
}

impl Document {
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        let etag = format!("\"{}\"", hash(&bytes));
        Self { bytes: bytes.into(), etag: etag.into() }
    }

    /// The bytes, or 304 to whoever has them.
    pub(crate) fn answer(
        &self,
        request: &HttpRequest,
        content_type: &'static str,
        cache: &'static str,
    ) -> HttpResponse {
        let held = request.headers().get(IF_NONE_MATCH).and_then(|value| value.to_str().ok());
        let fresh = held.is_some_and(|held| {
            held == "*" || held.split(',').any(|tag| tag.trim().trim_start_matches("W/") == self.etag)
        });
        let mut answer = if fresh { HttpResponse::NotModified() } else { HttpResponse::Ok() };
        answer.insert_header((ETAG, self.etag.clone())).insert_header((CACHE_CONTROL, HeaderValue::from_static(cache)));
        if fresh {
            return answer.finish();
        }
        answer.content_type(HeaderValue::from_static(content_type)).body(self.bytes.clone())
    }
}

/// `GET /assets/{hash}/style.css`
pub(crate) async fn stylesheet(server: Shared, request: HttpRequest, hash: PathName) -> HttpResponse {
    asset(&server, &request, &hash, STYLESHEET, "text/css; charset=utf-8")
}

/// `GET /assets/{hash}/icon.svg`
pub(crate) async fn icon(server: Shared, request: HttpRequest, hash: PathName) -> HttpResponse {
    asset(&server, &request, &hash, ICON, "image/svg+xml")
}

/// `GET /assets/{hash}/submit.js`
pub(crate) async fn submit_script(server: Shared, request: HttpRequest, hash: PathName) -> HttpResponse {
    asset(&server, &request, &hash, SUBMIT_SCRIPT, "text/javascript; charset=utf-8")
}

/// `GET /assets/{hash}/check_session.js`
pub(crate) async fn check_session(server: Shared, request: HttpRequest, hash: PathName) -> HttpResponse {
    asset(&server, &request, &hash, CHECK_SESSION, "text/javascript; charset=utf-8")
}

/// `GET /assets/logo/{client_id}/{hash}`: the picture that pages show of a client.
pub(crate) async fn logo(server: Shared, request: HttpRequest, names: PathNames) -> HttpResponse {
    let Some((client_id, hash)) = names.0 else { return refuse::not_found(&server, &request) };
    match client_logo::find_picture(&server.ctx, &client_id, &hash).await {
        Ok(Some(png)) => Document::new(png).answer(&request, "image/png", FOR_EVER),
        Ok(None) => refuse::not_found(&server, &request),
        Err(error) => pages::refuse(&server, &request, &error),
    }
}

/// One of this build, under the hash of them all.
fn asset(
    server: &Shared,
    request: &HttpRequest,
    asked: &PathName,
    content: &'static str,
    content_type: &'static str,
) -> HttpResponse {
    if asked.0.as_deref() != Some(&server.site.assets_hash) {
        return refuse::not_found(server, request);
    }
    Document::new(content.into()).answer(request, content_type, FOR_EVER)
}

/// What names the assets of this build in their addresses.
pub(crate) fn assets_hash() -> String {
    hash([STYLESHEET, ICON, SUBMIT_SCRIPT, CHECK_SESSION].concat().as_bytes())
}

fn hash(bytes: &[u8]) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
    B64.encode(digest.as_ref().get(..12).unwrap_or_default())
}
