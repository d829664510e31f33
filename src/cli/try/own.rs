//! The clients that `countersign try` is at the server of the data directory: registered the first time, by nobody else
//! than whoever may write there.

use super::Common;
use crate::{
    cli::{failure::Failure, session::Session},
    client::token::Credentials,
    flow::admin::{
        AdminError,
        clients::{self, NewClient},
    },
    protocol::{
        client_metadata::{AuthMethod, ClientMetadata},
        grant::GrantType,
        scope::Scope,
    },
};

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A program on somebody's machine: it signs people in.
    Public,
    /// A program with a secret.
    Confidential,
}

impl Kind {
    const fn id(self) -> &'static str {
        match self {
            Self::Public => "countersign-try",
            Self::Confidential => "countersign-try-confidential",
        }
    }

    fn metadata(self) -> ClientMetadata {
        let usual = |names: &[&str]| names.iter().copied().collect::<Scope>();
        let description = Some("The command line’s own client: countersign try".to_owned());
        match self {
            Self::Public => ClientMetadata {
                redirect_uris: ["http://127.0.0.1/callback", "http://[::1]/callback", "http://localhost/callback"]
                    .map(str::to_owned)
                    .to_vec(),
                grant_types: vec![GrantType::AuthorizationCode, GrantType::DeviceCode, GrantType::RefreshToken],
                token_endpoint_auth_method: AuthMethod::None,
                scope: usual(&["openid", "profile", "email", "offline_access"]),
                description,
                ..ClientMetadata::default()
            },
            Self::Confidential => ClientMetadata {
                grant_types: vec![GrantType::ClientCredentials, GrantType::Password, GrantType::RefreshToken],
                scope: usual(&["openid", "profile", "email"]),
                description,
                ..ClientMetadata::default()
            },
        }
    }
}

/// The client at the server of the data directory, able to ask for this; and that server's issuer.
pub(super) async fn register(
    session: &Session,
    common: &Common,
    kind: Kind,
    scope: Option<&str>,
) -> Result<(String, Credentials), Failure> {
    let served = session.load_as_served()?.config.issuer;
    if let Some(issuer) = common.issuer.as_ref().filter(|issuer| *issuer != served.as_str()) {
        return Err(Failure::usage(format!("{issuer} is not the server of this data directory, which is {served}"))
            .hint("give --client-id, with a client that is registered there"));
    }
    let ctx = session.open().await?;
    let (mut client, mut secret) = match clients::find(&ctx, kind.id()).await {
        Ok(client) => (client, None),
        Err(AdminError::NotFound { .. }) => {
            let new = NewClient {
                client_id: Some(kind.id().to_owned()),
                name: "countersign try".to_owned(),
                metadata: kind.metadata(),
                secret: None,
            };
            let made = clients::create(&ctx, &session.origin, new).await?;
            session.out.note(&format!("Registered the client {} here.", kind.id()));
            (made.client, made.secret)
        }
        Err(error) => return Err(error.into()),
    };
    let wanted = Scope::parse(scope.unwrap_or_default())
        .map_err(|_| Failure::usage("--scope: write names with spaces between them, as in \"openid profile\""))?;
    let mut metadata = client.metadata.clone();
    metadata.scope = metadata.scope.union(&wanted);
    let missing = common.resource.iter().filter(|resource| !client.metadata.resources.contains(resource));
    metadata.resources.extend(missing.cloned());
    if metadata != client.metadata {
        client.metadata = metadata;
        clients::update(&ctx, &session.origin, &client).await?;
    }
    if kind == Kind::Confidential && secret.is_none() {
        // only its hash is kept, here as everywhere: whoever comes again gets another
        secret = clients::rotate_secret(&ctx, &session.origin, kind.id(), None, 0).await?.secret;
    }
    let secret = secret.map(|secret| secret.expose().to_owned());
    Ok((ctx.issuer().to_owned(), Credentials { id: kind.id().to_owned(), secret }))
}
