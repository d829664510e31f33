//! What operations take and answer, beside rows: each outcome by name, because all of them commit.

use super::models::{ClientRow, Consent, Grant, User};
use crate::{
    clock::Ts,
    protocol::{dialect::Dialect, response_type::ResponseType, token::access_token::Roots},
    secret::{Digest, Id, kind},
};

/// What became of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Redeemed {
    /// This was the first use.
    First,
    /// It was used a moment ago, and whoever comes again so soon ends nothing.
    Repeated,
    /// It was used before; everything issued from it has ended now.
    Replayed,
    /// It expired or was taken back.
    Ended,
}

/// A session that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndedSession {
    /// It.
    pub id: Id,
    /// Whoever had signed in with it and is to know of its end.
    pub clients: Vec<String>,
}

/// What a browser had when somebody signed in with it.
#[derive(Debug, Clone, Default)]
pub struct Before {
    /// The session in use.
    pub session: Option<Digest<kind::Session>>,
    /// What it carried for each of its accounts.
    pub accounts: Vec<Digest<kind::Account>>,
}

/// Since when a browser must have been seen, not to have idled out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeenSince {
    /// One whose person asked to stay signed in.
    pub remembered: Ts,
    /// Any other.
    pub other: Ts,
}

/// What became of an answer to an interaction.
#[derive(Debug, Clone)]
pub enum Answered {
    /// It is the answer.
    Now,
    /// There was one before.
    Before(Box<Grant>),
    /// It rested on an earlier consent, which has been taken back.
    Withdrawn,
    /// The session it was to be part of has ended.
    SignedOut,
}

/// What an answer to an interaction rests on.
#[derive(Debug, Clone)]
pub enum Basis {
    /// On what the person said just now, to be remembered where there is something; or on nothing that can be taken back.
    Now(Option<Consent>),
    /// On what they agreed to before, which is kept for as long as anything that comes of the answer may live.
    Earlier(Ts),
}

/// A step of a refresh chain, to be taken if the presented token is the current one.
#[derive(Debug, Clone)]
pub struct Rotation {
    /// The chain, which is also the grant.
    pub chain: Id,
    /// The token that was presented.
    pub presented: Digest<kind::RefreshToken>,
    /// The one that follows, derived with `salt`.
    pub successor: Digest<kind::RefreshToken>,
    /// 32 fresh random bytes.
    pub salt: Vec<u8>,
    /// The key it was derived under.
    pub key_id: Vec<u8>,
    /// Until when the presented token gives the same successor again.
    pub retry_until: Ts,
    /// The chain's new idle end.
    pub idle_end: Ts,
}

/// What became of a refresh token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rotated {
    /// The chain moved on as proposed.
    Now,
    /// Another request was first; its successor is made from these.
    Again {
        /// Written by the request that rotated.
        salt: Vec<u8>,
        /// The key it used.
        key_id: Vec<u8>,
    },
    /// One token was retried too often.
    TooOften,
    /// A token that was used up was presented; the grant has ended now.
    Stolen,
    /// The chain or its grant had ended.
    Ended,
}

/// What became of a person who was to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Created {
    /// It is done.
    Made,
    /// The user name is somebody's.
    NameTaken,
    /// The email address is somebody's.
    EmailTaken,
    /// The random id is taken: begin again.
    Again,
}

/// What became of a change to what is known of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PersonUpdated {
    /// It is done.
    Done,
    /// The email address is somebody else's.
    EmailTaken,
    /// Somebody else changed the person meanwhile: begin again.
    Again,
    /// There is no such person any more.
    Gone,
}

/// What became of a change to something that was read before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Updated {
    /// It is done.
    Done,
    /// Somebody else changed it meanwhile: begin again.
    Again,
    /// It is there no more.
    Gone,
}

/// How far one transaction came with what may be too much for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// There is nothing to do.
    Nothing,
    /// A part is done and more is left: once more.
    Part,
    /// It is done.
    Whole,
}

/// What became of an app that registers itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Registered {
    /// It is registered.
    Done,
    /// Its initial access token has no use left, or has ended.
    TokenSpent,
    /// There are as many as there may be, and all are in use.
    Full,
    /// The random id is taken.
    Taken,
}

/// What became of a device that begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceBegun {
    /// It waits for a person.
    Made,
    /// One of its codes is in use: others are to be drawn.
    Taken,
    /// Its app is no more.
    ClientGone,
}

/// What became of a device's question whether somebody has answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Polled {
    /// Not yet.
    Waiting,
    /// Not yet; and it asks too often.
    TooSoon,
    /// Somebody answered meanwhile.
    Decided,
}

/// What is true of some client.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClientFacts {
    /// One may ask for these at the authorization endpoint; in any order, a few of them perhaps twice.
    pub response_types: Vec<ResponseType>,
    /// One speaks these.
    pub dialects: Vec<Dialect>,
    /// One has a secret that somebody chose.
    pub chosen_secrets: bool,
    /// One has a secret that is kept so that it can be read.
    pub sealed_secrets: bool,
}

/// What an app was given and still has.
#[derive(Debug, Clone)]
pub struct Given {
    /// What it may do.
    pub scope: String,
    /// The dialect in which it was asked for.
    pub dialect: Option<String>,
}

/// An app a person uses.
#[derive(Debug, Clone)]
pub struct ConnectedApp {
    /// What was agreed; `None`: nobody was asked.
    pub consent: Option<Consent>,
    /// With whom.
    pub client: ClientRow,
    /// What it has, each once.
    pub given: Vec<Given>,
    /// When it was agreed to; where nobody was asked, since when it has something.
    pub since: Ts,
    /// When a token was last issued for it.
    pub last_used_at: Option<Ts>,
}

/// What an access token hangs on, read anew each time.
#[derive(Debug, Clone)]
pub struct TokenState {
    /// As the rule takes it.
    pub roots: Roots,
    /// The person; `None` for a client's own token.
    pub user: Option<User>,
    /// What the grant keeps of the `claims` parameter.
    pub claims: Option<String>,
}

/// What a step of the sweep did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Swept {
    /// Rows that went.
    pub rows: usize,
    /// When the last of them had ended: the next step begins there. `None`: nothing is left.
    pub left_from: Option<Ts>,
}
