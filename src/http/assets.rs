//! What is served as it is: the stylesheet, and documents that are rendered once.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH},
    web::Bytes,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as B64};

use super::{Shared, pages::view::STYLESHEET, refuse};

/// Ready bytes with their tag.
#[derive(Clone)]
pub(crate) struct Document {
    bytes: Bytes,
    etag: String,
}

impl Document {
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        let etag = format!("\"{}\"", hash(&bytes));
        Self { bytes: bytes.into(), etag }
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
        answer.insert_header((ETAG, self.etag.as_str())).insert_header((CACHE_CONTROL, cache));
        if fresh { answer.finish() } else { answer.content_type(content_type).body(self.bytes.clone()) }
    }
}

/// `GET /assets/{hash}/style.css`; its name changes with its content, so it is kept for ever.
pub(crate) async fn stylesheet(
    server: Shared,
    request: HttpRequest,
    path: actix_web::web::Path<String>,
) -> HttpResponse {
    if *path != server.site.stylesheet_hash {
        return refuse::not_found(&server, &request);
    }
    Document::new(STYLESHEET.as_bytes().to_vec()).answer(
        &request,
        "text/css; charset=utf-8",
        "public, max-age=31536000, immutable",
    )
}

pub(crate) fn stylesheet_hash() -> String {
    hash(STYLESHEET.as_bytes())
}

fn hash(bytes: &[u8]) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
    B64.encode(digest.as_ref().get(..12).unwrap_or_default())
}
