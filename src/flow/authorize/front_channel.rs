//! What the answer itself carries through the browser: a code, an access token, an ID token (RFC 6749 §4.2.2; OIDC Core
//! §3.2.2.5, §3.3.2.5). All of it hangs on the answer's grant, and ends with it.

use super::Asked;
use crate::{
    flow::{
        Context, Result,
        catalog::Snapshot,
        issue::{self, Bound, Minted, Tells},
    },
    protocol::{
        authorize::interaction::Interaction,
        dialect::{Door, secrets},
        scope::Scope,
    },
    store::models::{AccessTokenRow, Grant, User},
};

/// Made, and not yet given out.
pub(super) struct Issued {
    code: Option<String>,
    token: Option<Minted>,
    id_token: Option<String>,
}

impl Issued {
    /// Makes what the response type asks for. Signing happens here, before the answer is recorded.
    pub(super) fn make(
        ctx: &Context,
        at: &Snapshot,
        interaction: &Interaction,
        asked: &Asked,
        user: &User,
        grant: &Grant,
    ) -> Result<Self> {
        let response_type = asked.request.response_type;
        let granted = issue::parse_scope(&grant.scope)?;
        let code = response_type.has_code().then(|| secrets::code(interaction.door, &interaction.seed).0);
        let token = response_type
            .has_token()
            .then(|| mint(ctx, at, interaction.door, asked, user, grant, &granted))
            .transpose()?;
        let id_token = if response_type.has_id_token() {
            let bound = Bound {
                nonce: grant.nonce.as_deref(),
                access_token: token.as_ref().map(|token| token.text.as_str()),
                code: code.as_deref(),
                state: asked.request.state.as_deref(),
                // whoever gets an access token as well asks userinfo: the less there is in an address the better
                // (OIDC Core §5.4, §3.3.3.6)
                tells: if code.is_some() || token.is_some() { Tells::Nothing } else { Tells::Everything },
            };
            Some(issue::id_token(ctx, at, &asked.client, grant, &granted, user, &bound)?)
        } else {
            None
        };
        Ok(Self { code, token, id_token })
    }

    /// What has to be recorded with the answer.
    pub(super) fn row(&self) -> Option<AccessTokenRow> {
        self.token.as_ref().and_then(|token| token.row.clone())
    }

    /// As the answer's parameters.
    pub(super) fn into_members(self) -> Vec<(&'static str, String)> {
        let mut members = Vec::new();
        members.extend(self.code.map(|code| ("code", code)));
        if let Some(Minted { text, token, .. }) = self.token {
            let life = token.expires_at.unix_seconds() - token.issued_at.unix_seconds();
            members.extend([
                ("access_token", text),
                ("token_type", "Bearer".to_owned()),
                ("expires_in", life.to_string()),
                ("scope", token.scope.to_string()),
            ]);
        }
        members.extend(self.id_token.map(|id_token| ("id_token", id_token)));
        members
    }
}

/// The access token of the implicit and hybrid flows.
fn mint(
    ctx: &Context,
    at: &Snapshot,
    door: Door,
    asked: &Asked,
    user: &User,
    grant: &Grant,
    granted: &Scope,
) -> Result<Minted> {
    let client = &asked.client;
    if let Door::Dialect(dialect) = door {
        let holder = issue::Holder { client, subject: &user.sub, grant: Some(grant.id) };
        let life = dialect.token_life(&asked.client.metadata);
        return Ok(issue::dialect_token(ctx, dialect, &holder, granted.clone(), life));
    }
    // all that is authorized, at once
    let reach = at.reach(ctx, client);
    let authorized = reach.authorized(&grant.resources, grant.audience.as_deref(), granted)?;
    let named: &[String] = if authorized.named { &authorized.resources } else { &[] };
    let audience = reach.audience(named, Some(&authorized), granted)?;
    let subject = issue::subject_at(ctx, client, user, &audience.resources);
    issue::access_token(ctx, at, &issue::Holder { client, subject: &subject, grant: Some(grant.id) }, audience, None)
}
