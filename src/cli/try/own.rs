//! The clients that `countersign try` is at the server of the data directory: registered the first time, by nobody else
//! than whoever may write there.

use std::{fs::File, path::Path};

use super::Common;
use crate::{
    cli::{failure::Failure, session::Session},
    client::token::Credentials,
    flow::{
        Context,
        admin::{
            AdminError, TRIES,
            clients::{self, NewClient},
        },
        start,
    },
    protocol::{
        client_metadata::{AuthMethod, ClientMetadata},
        grant::GrantType,
        scope::Scope,
    },
    secret::{Secret, kind::ClientSecret},
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

/// Whom to ask, and as whom.
pub(super) struct Own {
    pub(super) issuer: String,
    pub(super) client: Credentials,
    /// No other try gives a client of ours another secret as long as this is there.
    pub(super) turn: Option<File>,
}

/// The client at the server of the data directory, able to ask for this.
pub(super) async fn register(
    session: &Session,
    common: &Common,
    kind: Kind,
    scope: Option<&str>,
) -> Result<Own, Failure> {
    let served = session.load_as_served()?.config.issuer;
    if let Some(issuer) = common.issuer.as_ref().filter(|issuer| *issuer != served.as_str()) {
        return Err(Failure::usage(format!("{issuer} is not the server of this data directory, which is {served}"))
            .hint("give --client-id, with a client that is registered there"));
    }
    let ctx = session.open().await?;
    let turn = if kind == Kind::Confidential { take_turn(&ctx.config.data_dir).await } else { None };
    let mut secret = create(session, &ctx, kind).await?;
    let wanted = Scope::parse(scope.unwrap_or_default())
        .map_err(|_| Failure::usage("--scope: write names with spaces between them, as in \"openid profile\""))?;
    allow(session, &ctx, kind, &wanted, &common.resource).await?;
    if kind == Kind::Confidential && secret.is_none() {
        // only its hash is kept, here as everywhere: whoever comes again gets another
        secret = clients::rotate_secret(&ctx, &session.origin, kind.id(), None, 0).await?.secret;
    }
    let secret = secret.map(|secret| secret.expose().to_owned());
    Ok(Own { issuer: ctx.issuer().to_owned(), client: Credentials { id: kind.id().to_owned(), secret }, turn })
}

/// One at a time: who comes next ends the secret of who came before. Whoever is killed loses its turn by itself; where
/// the file system knows no locks, nobody waits.
async fn take_turn(folder: &Path) -> Option<File> {
    let path = folder.join("try.lock");
    start::private_file(&path).ok()?;
    let file = File::open(path).ok()?;
    tokio::task::spawn_blocking(move || file.lock().map(|()| file)).await.ok()?.ok()
}

/// Registers it if it is not there, and then has its secret.
async fn create(session: &Session, ctx: &Context, kind: Kind) -> Result<Option<Secret<ClientSecret>>, Failure> {
    match clients::find(ctx, kind.id()).await {
        Err(AdminError::NotFound { .. }) => {}
        Err(error) => return Err(error.into()),
        Ok(_) => return Ok(None),
    }
    let new = NewClient {
        client_id: Some(kind.id().to_owned()),
        name: "countersign try".to_owned(),
        metadata: kind.metadata(),
        secret: None,
    };
    match clients::create(ctx, &session.origin, new).await {
        Ok(made) => {
            session.out.note(&format!("Registered the client {} here.", kind.id()));
            Ok(made.secret)
        }
        // another try was a moment earlier
        Err(AdminError::Exists { .. }) if clients::find(ctx, kind.id()).await.is_ok() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Adds what it may not ask for as yet.
async fn allow(
    session: &Session,
    ctx: &Context,
    kind: Kind,
    wanted: &Scope,
    resources: &[String],
) -> Result<(), Failure> {
    for _ in 0..TRIES {
        let mut draft = clients::draft(ctx, kind.id()).await?;
        let metadata = &mut draft.client.metadata;
        metadata.scope = metadata.scope.union(wanted);
        for resource in resources {
            if !metadata.resources.contains(resource) {
                metadata.resources.push(resource.clone());
            }
        }
        if !draft.is_changed() || draft.save(ctx, &session.origin).await? {
            return Ok(());
        }
    }
    Err(clients::contended(kind.id()).into())
}
