//! Request objects by reference (OIDC Core §6.2, RFC 9101 §5.2.2): read from an address that the client registered.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use quick_cache::sync::Cache;
use tokio::time::timeout;
use url::Url;

use crate::{
    flow::{Context, Origin, Result},
    outbound::{Errand, Purpose},
    protocol::{Refusal, authorize::request_object::MAX_BYTES, client_metadata::Client, redirect_uri},
    secret::Id,
};

/// What such a document may be called: its own kind (RFC 9101 §5.2.3), any JWT, and what web servers say of files that they
/// know nothing about.
const TYPES: [&str; 6] = [
    "application/oauth-authz-req+jwt",
    "application/jwt",
    "application/jose",
    "application/octet-stream",
    "text/plain",
    "",
];
/// What is asked for.
const ACCEPT: &str = "application/oauth-authz-req+jwt, application/jwt, application/jose, */*;q=0.1";
/// Questions to one client at the same time: one that hangs does not keep the others from being asked.
const AT_ONCE: u8 = 4;
/// Objects that are held.
const HELD: usize = 256;

/// Objects whose address holds their hash: they can be held for ever, because another object has another address
/// (OIDC Core §6.2.1). Losing one costs a question.
pub struct RequestObjects(Cache<String, Arc<str>>);

impl Default for RequestObjects {
    fn default() -> Self {
        Self(Cache::new(HELD))
    }
}

/// The object at this address. Why there is none is in the log: who wrote the address down is told the same whatever is
/// behind it.
///
/// # Errors
/// [`Refusal::RequestUriUnregistered`], [`Refusal::RequestUriUnreadable`].
pub(super) async fn fetch(
    ctx: &Context,
    origin: &Origin,
    client: &Client,
    uri: &str,
    interaction: Id,
) -> Result<Arc<str>> {
    if uri.len() > redirect_uri::MAX_BYTES || !client.metadata.is_request_uri(uri) {
        return Err(Refusal::RequestUriUnregistered.into());
    }
    let held = &ctx.request_objects.0;
    if let Some(object) = held.get(uri) {
        return Ok(object);
    }
    let slot = [interaction.as_bytes().last().map_or(0, |byte| byte % AT_ONCE)];
    let turn = ctx.keyring.failure_key(&[b"request uri", client.client_id.as_bytes(), &slot]);
    let body = match timeout(ctx.config.fetch.timeout.0, ctx.limits.turn(turn)).await {
        Ok(_mine) => ask(ctx, client, uri).await,
        Err(_) => Err("too many wait for it already".to_owned()),
    };
    let body = body.map_err(|why| {
        tracing::info!(
            request_id = origin.request_id,
            client.id = client.client_id,
            uri,
            why,
            "a request object was not read"
        );
        Refusal::RequestUriUnreadable
    })?;
    let object: Arc<str> = body.trim_ascii().into();
    let hash = B64.encode(digest(&SHA256, body.as_bytes()));
    if uri.split_once('#').is_some_and(|(_, fragment)| fragment == hash) {
        held.insert(uri.to_owned(), Arc::clone(&object));
    }
    Ok(object)
}

async fn ask(ctx: &Context, client: &Client, uri: &str) -> std::result::Result<String, String> {
    let mut url = Url::parse(uri).map_err(|error| error.to_string())?;
    url.set_fragment(None);
    let errand = Errand { purpose: Purpose::RequestObject, is_vouched_for: client.metadata.is_vouched_for() };
    let got = ctx.fetch.get(errand, &url, ACCEPT, MAX_BYTES).await.map_err(|error| error.to_string())?;
    if got.status != 200 {
        return Err(format!("it answers {}", got.status));
    }
    if !TYPES.contains(&got.content_type.as_str()) {
        return Err(format!("it answers with {:?}", got.content_type));
    }
    String::from_utf8(got.body).map_err(|_| "it answers with no text".to_owned())
}
