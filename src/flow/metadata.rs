//! The metadata document, from the tables that everything else reads.

use serde_json::Value;

use super::{Context, catalog::Snapshot};
use crate::{
    config,
    protocol::{
        metadata::{self, Facts},
        response_type::ResponseType,
    },
};

/// The document (RFC 8414, OIDC Discovery). `endpoints`: metadata key and path of each that is served.
#[must_use]
pub fn document(ctx: &Context, at: &Snapshot, endpoints: &[(&'static str, &'static str)]) -> Value {
    let address = |(key, path): &(&'static str, &'static str)| (*key, format!("{}{path}", ctx.issuer()));
    let open = ctx.config.clients.registration != config::Registration::Off;
    let served = |(key, _): &&(&'static str, &'static str)| open || *key != "registration_endpoint";
    let endpoints: Vec<_> = endpoints.iter().filter(served).map(address).collect();
    let all = open && ctx.config.clients.registration_allows == config::RegistrationAllows::All;
    let branding = &ctx.config.branding;
    metadata::document(&Facts {
        issuer: ctx.issuer(),
        endpoints: &endpoints,
        scopes: &at.scopes,
        signatures: &at.keys.algorithms(ctx.now()).collect::<Vec<_>>(),
        encryptions: &at.keys.encryption.algorithms(ctx.now()).collect::<Vec<_>>(),
        response_types: if all { ResponseType::ALL } else { &at.facts.response_types },
        implicit: all,
        sign_up: ctx.config.login.offers_sign_up(),
        readable_secrets: at.facts.sealed_secrets,
        policy: (
            branding.privacy_url.as_ref().map(url::Url::as_str),
            branding.terms_url.as_ref().map(url::Url::as_str),
        ),
    })
}
