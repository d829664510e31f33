//! A new epoch (PROTOCOL R-a6, R-q6): when the past has come back, from a backup or on a standby that lagged behind, what
//! was ended since must not come back to life with it.

use super::{
    Context, Fault, Origin, Result,
    audit::{self, Event},
};
use crate::{
    clock::Ts,
    store::{self, Store},
};

/// What becomes of refresh tokens of before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chains {
    /// None is good any more: apps send people to sign in again.
    End,
    /// Those that were good in the copy go on, also the revoked and the used-up ones of since.
    Keep,
}

/// Codes, access tokens, sessions and links of before are dead, at every instance; refresh tokens as `chains` says.
/// People, consents, clients, keys and scopes stay.
///
/// # Errors
/// [`super::Error`] when the database is away, or its clock is another than this machine's: then nothing has ended.
pub async fn fence(ctx: &Context, origin: &Origin, chains: Chains) -> Result<Ts> {
    // no epoch goes back: one begun by a clock that is ahead shuts everybody out until then; by one that is behind,
    // what was issued in between lives on
    ctx.store.compare_clocks().await?;
    if !ctx.store.has_right_clock() {
        let why = "nothing has ended: this machine's clock is not the database's; set it, then begin again";
        return Err(Fault::Internal(why.to_owned()).into());
    }
    let now = ctx.now();
    begin(&ctx.store, origin, "epoch.fenced", chains, now).await?;
    Ok(now)
}

/// As [`fence`], under the name of what led to it.
pub(super) async fn begin(
    store: &Store,
    origin: &Origin,
    name: &'static str,
    chains: Chains,
    now: Ts,
) -> store::Result<()> {
    let keep = chains == Chains::Keep;
    let event = Event { name, reason: keep.then_some("keep_refresh"), actor: "admin", ..Event::default() };
    store.begin_epoch(keep, now, audit::row(now, origin, &event)).await
}
