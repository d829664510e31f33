//! The authorization endpoint.

mod accounts;
mod consent;
mod errors;
mod form_post;
mod front_channel;
mod hint;
mod implicit;
mod interaction;
mod pkce;
mod prompt;
mod prompt_create;
pub(crate) mod redirect_uri;
mod request;
mod request_object;
pub(crate) mod request_object_encryption;
mod request_object_keys;
mod request_uri;
mod scope;
mod unsupported;

pub(crate) use redirect_uri::public;

use crate::support::{App, TestServer, scope as scope_of};

/// An app that may read, and see contacts where the person ticks it.
async fn with_optional_contacts(server: &TestServer) -> App<'_> {
    server.scope("read", "Read your notes", &[]).await;
    server.scope("contacts", "See your contacts", &[]).await;
    server
        .app_with(|app| {
            app.scope = scope_of("read");
            app.optional_scope = scope_of("contacts");
        })
        .await
}
