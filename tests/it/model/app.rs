//! An app of a run: how it is registered, what it asks for, what it presents.

use base64::{Engine, engine::general_purpose::STANDARD as B64};
use countersign::{
    flow::{Context, Origin, admin::clients},
    protocol::{
        client_auth::PresentedCredentials,
        client_metadata::ClientMetadata,
        grant::GrantType,
        params::{Params, Repeatable},
    },
};

use crate::support::{CHALLENGE, encode, scope};

pub(super) const REDIRECT_URI: &str = "https://app.example/cb";

/// A registered app.
#[derive(Clone)]
pub(super) struct App {
    pub(super) client_id: String,
    authorization: String,
}

impl App {
    pub(super) async fn register(ctx: &Context, change: impl FnOnce(&mut ClientMetadata)) -> Self {
        let mut metadata = ClientMetadata {
            redirect_uris: vec![REDIRECT_URI.to_owned()],
            grant_types: vec![GrantType::AuthorizationCode, GrantType::DeviceCode, GrantType::RefreshToken],
            scope: scope("profile email"),
            // as after its first code: what that one writes is no part of every run
            require_pkce: true,
            ..ClientMetadata::default()
        };
        change(&mut metadata);
        let new = clients::NewClient { name: "photo printer".to_owned(), metadata, ..clients::NewClient::default() };
        let made = clients::create(ctx, &Origin::default(), new).await.unwrap();
        let (client_id, secret) = (made.client.client_id, made.secret.unwrap());
        let authorization = format!("Basic {}", B64.encode(format!("{client_id}:{}", secret.expose())));
        Self { client_id, authorization }
    }

    pub(super) fn credentials(&self, params: &Params) -> PresentedCredentials {
        PresentedCredentials::parse(Some(&self.authorization), params).unwrap()
    }

    pub(super) fn request(&self, scope: &str) -> Params {
        params(&[
            ("response_type", "code"),
            ("client_id", &self.client_id),
            ("redirect_uri", REDIRECT_URI),
            ("scope", scope),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ])
    }
}

pub(super) fn params(pairs: &[(&str, &str)]) -> Params {
    Params::from_form(encode(pairs).as_bytes(), Repeatable::Protocol).unwrap()
}
