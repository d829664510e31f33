//! `countersign try`: a client in the terminal, of this server or any other.

mod code;
mod own;
mod qr;
mod show;

use std::{fs::File, path::PathBuf};

use clap::{Args, Subcommand};
use serde_json::json;
use url::Url;

use super::{
    failure::{Exit, Failure},
    input::{self, PasswordFrom},
    session::Session,
};
use crate::{
    client::{
        self, device,
        discovery::{self, Provider},
        token::{self, Credentials, Tokens},
        wire::Wire,
    },
    clock::{Clock, SystemClock},
};

/// Be a client in the terminal, of this server or any other
///
/// Gets a token as an app would, checks everything that an app must check, and shows what came. Without --client-id it
/// is a client of the server of the data directory, and registers itself there the first time.
#[derive(Debug, Subcommand)]
#[command(after_long_help = "Examples:\n  countersign try code\n  \
                             curl -H \"$(countersign try client-credentials --header)\" http://localhost:3000/api")]
pub(super) enum Try {
    Code(Code),
    Device(Device),
    ClientCredentials(ClientCredentials),
    Password(Password),
    Refresh(Refresh),
}

/// Whom to ask, as whom, and for what.
#[derive(Debug, Args)]
pub(super) struct Common {
    /// The server; the one of the data directory when left out
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,
    /// A client of that server
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
    /// Read the client's secret from standard input, one line
    #[arg(long, requires = "client_id")]
    secret_stdin: bool,
    /// Read the client's secret from a file of one line
    #[arg(long, value_name = "FILE", requires = "client_id", conflicts_with = "secret_stdin")]
    secret_file: Option<PathBuf>,
    /// What to ask for, with spaces between
    #[arg(long)]
    scope: Option<String>,
    /// An API that the token is for (RFC 8707); may be repeated
    #[arg(long, value_name = "URI")]
    resource: Vec<String>,
    /// Print nothing but the header for a request: Authorization: Bearer …
    #[arg(long)]
    header: bool,
}

/// Sign somebody in with the browser: authorization code with PKCE
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  countersign try code\n  \
                             countersign try code --issuer https://id.example.com --client-id notes --scope openid")]
pub(super) struct Code {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    browser: Browser,
}

/// How the browser goes out and comes back.
#[derive(Debug, Args)]
pub(super) struct Browser {
    /// Do not open the browser
    #[arg(long)]
    no_open: bool,
    /// Where the browser comes back to, on this machine; without a port in it, any that is free
    #[arg(long, value_name = "URL", value_parser = code::here, default_value = "http://127.0.0.1/callback")]
    redirect_uri: code::Here,
}

/// Sign somebody in on another device: a code to type, or to photograph
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  countersign try device\n  \
                             countersign try device --issuer https://id.example.com --client-id tv --scope openid")]
pub(super) struct Device {
    #[command(flatten)]
    common: Common,
    /// Show no picture of the address
    #[arg(long)]
    no_qr: bool,
}

/// Get a token for the client itself, without a person
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  countersign try client-credentials --scope reports.read\n  \
                             countersign try client-credentials --issuer https://id.example.com --client-id job \
                             --secret-file secret.txt")]
pub(super) struct ClientCredentials {
    #[command(flatten)]
    common: Common,
}

/// Get a token for a name and a password, as programs of long ago did
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  countersign try password --username ada --password-stdin < password.txt\n  \
                             countersign try password --username ada --header --password-file password.txt")]
pub(super) struct Password {
    #[command(flatten)]
    common: Common,
    /// Whose token
    #[arg(long, value_name = "NAME")]
    username: String,
    #[command(flatten)]
    typed: PasswordFrom,
}

/// Use a refresh token; without one, sign in first and use the one that comes
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  countersign try refresh\n  \
                             countersign try refresh --token-stdin --client-id notes < refresh-token.txt")]
pub(super) struct Refresh {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    browser: Browser,
    /// Read the refresh token from standard input, one line
    #[arg(long, conflicts_with = "secret_stdin")]
    token_stdin: bool,
}

/// Everything a flow needs: the server, the client, and the way to the one for the other.
pub(super) struct Ready {
    wire: Wire,
    provider: Provider,
    client: Credentials,
    scope: Option<String>,
    resources: Vec<String>,
    /// Until there is a token; see [`own::Own`].
    turn: Option<File>,
}

pub(super) async fn run(session: &Session, command: Try) -> Result<(), Failure> {
    tokio::select! {
        done = Box::pin(attempt(session, command)) => done,
        _ = tokio::signal::ctrl_c() => Err(Failure::new(Exit::Interrupted, "interrupted", "interrupted")),
    }
}

async fn attempt(session: &Session, command: Try) -> Result<(), Failure> {
    let person = "openid profile email";
    match command {
        Try::Code(Code { common, browser }) => {
            let ready = get_ready(session, &common, own::Kind::Public, Some(person)).await?;
            let (tokens, nonce) = code::tokens(session, &ready, &browser).await?;
            finish(session, "code", &common, &ready, tokens, Some(&nonce)).await
        }
        Try::Device(Device { common, no_qr }) => {
            let ready = get_ready(session, &common, own::Kind::Public, Some(person)).await?;
            let tokens = on_another_device(session, &ready, no_qr).await?;
            finish(session, "device", &common, &ready, tokens, None).await
        }
        Try::ClientCredentials(ClientCredentials { common }) => {
            let mut ready = get_ready(session, &common, own::Kind::Confidential, None).await?;
            let tokens = ready.ask(&[("grant_type", "client_credentials")]).await?;
            drop(ready.turn.take());
            finish(session, "client-credentials", &common, &ready, tokens, None).await
        }
        Try::Password(Password { common, username, typed }) => {
            if common.secret_stdin && typed.password_stdin {
                return Err(Failure::usage("one standard input holds one secret")
                    .hint("read the other from a file: --secret-file or --password-file"));
            }
            let typed = match typed.read()? {
                Some(typed) => typed,
                None => input::read_stdin("Password (it shows while you type): ")?,
            };
            let mut ready = get_ready(session, &common, own::Kind::Confidential, Some(person)).await?;
            let pairs = [("grant_type", "password"), ("username", username.as_str()), ("password", typed.as_str())];
            let tokens = ready.ask(&pairs).await.map_err(|failure| match failure {
                // there is no other word for it at this endpoint (RFC 6749 §5.2)
                client::Failure::Refused { error, .. } if error == "invalid_grant" => {
                    Failure::new(Exit::Refused, error, "the server refuses this name and password")
                }
                other => other.into(),
            })?;
            drop(ready.turn.take());
            finish(session, "password", &common, &ready, tokens, None).await
        }
        Try::Refresh(Refresh { common, browser, token_stdin }) => {
            let given =
                if token_stdin { Some(input::read_stdin("Refresh token (it shows while you type): ")?) } else { None };
            let usual = given.is_none().then_some("openid profile email offline_access");
            let ready = get_ready(session, &common, own::Kind::Public, usual).await?;
            let token = if let Some(token) = given {
                token
            } else {
                let (tokens, _) = code::tokens(session, &ready, &browser).await?;
                let token = tokens.text("refresh_token").map(str::to_owned);
                token.ok_or_else(|| {
                    Failure::failed("the server gave no refresh token")
                        .hint("may this client have the grant refresh_token?")
                })?
            };
            let pairs = [("grant_type", "refresh_token"), ("refresh_token", token.as_str())];
            let narrow = Ready { scope: common.scope.clone().filter(|_| token_stdin), ..ready };
            let tokens = narrow.ask(&pairs).await?;
            finish(session, "refresh", &common, &narrow, tokens, None).await
        }
    }
}

/// Finds the server, and the client to be.
async fn get_ready(session: &Session, common: &Common, kind: own::Kind, usual: Option<&str>) -> Result<Ready, Failure> {
    if common.header && session.out.is_json() {
        return Err(Failure::usage("--header prints no JSON").hint("leave one of --header and --json out"));
    }
    let scope = common.scope.clone().or_else(|| usual.map(str::to_owned)).filter(|scope| !scope.trim().is_empty());
    let own::Own { issuer, client, turn } = match &common.client_id {
        Some(id) => {
            let issuer = match &common.issuer {
                Some(issuer) => issuer.clone(),
                None => session.load_as_served()?.config.issuer.as_str().to_owned(),
            };
            let secret = match &common.secret_file {
                Some(path) => Some(input::read_file(path)?),
                None if common.secret_stdin => Some(input::read_stdin("Secret (it shows while you type): ")?),
                None => None,
            };
            own::Own { issuer, client: Credentials { id: id.clone(), secret }, turn: None }
        }
        None => own::register(session, common, kind, scope.as_deref()).await?,
    };
    let url = Url::parse(&issuer).ok().filter(Url::has_host);
    let url = url.ok_or_else(|| Failure::usage(format!("--issuer {issuer:?} is no URL")))?;
    if !discovery::is_safe(&url) {
        return Err(Failure::usage(format!("{issuer} is neither https nor on this machine"))
            .hint("secrets are not sent where others can read them; give the https address"));
    }
    let wire = if url.scheme() == "http" { Wire::to_this_machine() } else { Wire::to_anywhere() };
    let wire = wire.map_err(|error| Failure::failed(format!("cannot get ready for TLS: {error}")))?;
    let provider = discovery::discover(&wire, &issuer).await.map_err(|failure| {
        let is_silent = matches!(failure, client::Failure::Silence { .. });
        let failure = Failure::from(failure);
        if is_silent && common.issuer.is_none() {
            failure.hint("is it running? countersign serve starts it")
        } else {
            failure
        }
    })?;
    Ok(Ready { wire, provider, client, scope, resources: common.resource.clone(), turn })
}

impl Ready {
    /// These pairs, with what is asked for.
    fn with_wishes<'a>(&'a self, pairs: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
        let mut all = pairs.to_vec();
        all.extend(self.scope.as_deref().map(|scope| ("scope", scope)));
        all.extend(self.resources.iter().map(|resource| ("resource", resource.as_str())));
        all
    }

    async fn ask(&self, pairs: &[(&str, &str)]) -> client::Outcome<Tokens> {
        token::ask(&self.wire, &self.provider, &self.client, &self.with_wishes(pairs)).await
    }
}

async fn on_another_device(session: &Session, ready: &Ready, no_qr: bool) -> Result<Tokens, Failure> {
    let shown = device::begin(&ready.wire, &ready.provider, &ready.client, &ready.with_wishes(&[])).await?;
    let json = json!({
        "user_code": shown.user_code,
        "verification_uri": shown.verification_uri,
        "verification_uri_complete": shown.complete,
        "expires_in": shown.lifetime.as_secs(),
    });
    let mut text = format!("Open  {}\nEnter {}", shown.verification_uri, shown.user_code);
    if let Some(complete) = shown.complete.as_ref().filter(|_| !no_qr)
        && let Some(picture) = qr::draw(complete, session.out.paint_of_stderr())
    {
        text = format!("{picture}\n{text}");
    }
    session.out.tell(&json, &text);
    Ok(device::wait(&ready.wire, &ready.provider, &ready.client, &shown).await?)
}

/// Believes the ID token or not, asks who it is, and prints everything.
async fn finish(
    session: &Session,
    flow: &str,
    common: &Common,
    ready: &Ready,
    tokens: Tokens,
    nonce: Option<&str>,
) -> Result<(), Failure> {
    let mut seen = show::Seen {
        flow,
        issuer: &ready.provider.issuer,
        client_id: &ready.client.id,
        tokens: &tokens,
        id_token: None,
        userinfo: None,
    };
    if let Some(token) = tokens.text("id_token") {
        let now = SystemClock.now().unix_seconds();
        let expected =
            client::id_token::Expected { client_id: &ready.client.id, nonce, access_token: tokens.access(), now };
        let claims = client::id_token::check(&ready.wire, &ready.provider, token, &expected).await?;
        if let (Some(endpoint), Some(sub)) =
            (&ready.provider.userinfo_endpoint, claims.get("sub").and_then(serde_json::Value::as_str))
        {
            let known = client::userinfo::ask(&ready.wire, endpoint, tokens.access(), sub).await?;
            seen.userinfo = Some(known);
        }
        seen.id_token = Some(claims);
    }
    if common.header {
        return session.out.result(&json!(null), &format!("Authorization: Bearer {}", tokens.access()));
    }
    session.out.result(&seen.to_json(), &seen.to_text(session.out.paint()))
}

impl From<client::Failure> for Failure {
    fn from(failure: client::Failure) -> Self {
        let message = super::output::visible(&failure.to_string());
        match failure {
            client::Failure::Silence { .. } => Self::new(Exit::Failed, "no_answer", message),
            client::Failure::Unfit(_) => Self::new(Exit::Failed, "answer_unfit", message),
            client::Failure::TimedOut(_) => Self::new(Exit::Failed, "timed_out", message),
            client::Failure::Refused { error, .. } => {
                let by_person = ["access_denied", "login_required", "consent_required", "interaction_required"];
                let exit = if by_person.contains(&error.as_str()) { Exit::Refused } else { Exit::Failed };
                Self::new(exit, error, message)
            }
        }
    }
}
