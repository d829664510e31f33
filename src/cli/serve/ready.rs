//! What is printed once requests are answered; last, so that a script may wait for it.

use std::{
    fmt::Write as _,
    io::{IsTerminal, Write as _},
    net::SocketAddr,
    path::Path,
    time::Instant,
};

use serde_json::json;

use crate::{
    cli::{db, failure::Failure, output::Paint, session::Session, version::VERSION},
    config::{Config, Database},
    flow::{
        Context,
        admin::keys::{self, State},
    },
};

/// Everything that is to be said, gathered before.
pub(super) struct Ready {
    began: Instant,
    issuer: String,
    data: String,
    keys: String,
    first_admin: Option<String>,
    mode: &'static str,
    json: bool,
    quiet: bool,
    paint: Paint,
}

impl Ready {
    pub(super) async fn new(
        session: &Session,
        ctx: &Context,
        is_new: bool,
        first_admin: Option<String>,
        began: Instant,
    ) -> Result<Self, Failure> {
        let now = ctx.now();
        let signing = keys::list(ctx).await?.into_iter().filter(|key| State::of(key, now) == State::Signing);
        let signing: Vec<_> = signing.map(|key| format!("{} {}", key.algorithm, key.kid)).collect();
        let mark = if is_new { "  (new)" } else { "" };
        Ok(Self {
            began,
            issuer: ctx.issuer().to_owned(),
            data: data(&ctx.config, is_new),
            keys: format!("{}{mark}", signing.join(", ")),
            first_admin,
            mode: match (ctx.config.issuer.is_https(), ctx.config.server.tls_cert.is_some()) {
                (true, true) => "production: https by this server itself",
                (true, false) => "production: https by the proxy in front",
                (false, _) => "development: plain http on loopback",
            },
            json: session.out.is_json(),
            quiet: session.global.quiet,
            paint: session.out.paint(),
        })
    }

    /// The block of UX §1 on a terminal, one line elsewhere.
    pub(super) fn print(self, addresses: &[SocketAddr]) {
        let (text, aside) = self.said(addresses, std::io::stdout().is_terminal());
        if let Some(link) = aside {
            // standard error is a terminal: see `first_admin`
            let _stream_closed = writeln!(std::io::stderr().lock(), "{link}");
        }
        let mut stdout = std::io::stdout().lock();
        let _stream_closed = writeln!(stdout, "{text}").and_then(|()| stdout.flush());
    }

    /// What goes to standard output, and the first link where that has no place for it.
    fn said(&self, addresses: &[SocketAddr], is_terminal: bool) -> (String, Option<String>) {
        if is_terminal && !self.json && !self.quiet {
            return (self.block(), None);
        }
        let listening: Vec<String> = addresses.iter().map(ToString::to_string).collect();
        let text = if self.json {
            json!({"version": VERSION, "issuer": self.issuer, "listening": listening}).to_string()
        } else {
            format!("countersign {VERSION} ready: issuer {} listening on {}", self.issuer, listening.join(", "))
        };
        let link = self.first_admin.as_ref();
        (text, link.map(|link| format!("First admin → {link}   (valid 30 min, works once)")))
    }

    fn block(&self) -> String {
        let milliseconds = self.began.elapsed().as_millis();
        let paint = self.paint;
        let mut text = format!("{}  ready in {milliseconds} ms\n\n", paint.bold(&format!("countersign {VERSION}")));
        let mut line = |name: &str, value: &str| {
            let _ = writeln!(text, "  {name:10}  {value}");
        };
        line("Issuer", &self.issuer);
        line("Discovery", &format!("{}/.well-known/openid-configuration", self.issuer));
        line("Data", &self.data);
        line("Keys", &self.keys);
        if let Some(link) = &self.first_admin {
            let _ = writeln!(text, "\n  First admin → {}   (valid 30 min, works once)", paint.bold(link));
        }
        let _ = writeln!(text, "\n  Next        countersign demo                   see a whole flow in your browser");
        let _ = writeln!(text, "              countersign client create --help   register your app");
        let _ = writeln!(text, "              countersign user create --help     add a person");
        let _ = write!(text, "  Mode        {}", self.mode);
        text
    }
}

/// `./countersign-data  (SQLite, new)`.
fn data(config: &Config, is_new: bool) -> String {
    let kind = db::kind(config);
    match &config.database {
        Database::Sqlite(path) => {
            let inside = *path == config.data_dir.join("countersign.db");
            let place = if inside { config.data_dir.as_path() } else { path };
            format!("{}  ({kind}{})", from_here(place), if is_new { ", new" } else { "" })
        }
        Database::Postgres(_) => format!("{}  ({kind})", config.database),
    }
}

/// As one would type it.
fn from_here(path: &Path) -> String {
    let here = std::env::current_dir().ok();
    match here.and_then(|here| path.strip_prefix(here).ok().map(Path::to_owned)) {
        Some(inside) => format!("./{}", inside.display()),
        None => path.display().to_string(),
    }
}

#[cfg(test)]
mod tests;
