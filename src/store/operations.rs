//! Every operation of the database, one line each: the whole interface of the store.

use futures_util::future::BoxFuture;

use super::{
    Database, Ending, Result, Store,
    models::{
        AccessTokenRow, AuditEvent, ClientLogo, ClientRow, ClientSecretRow, Consent, DeviceGrant, EncryptionKeyRow,
        Grant, InitialAccessToken, Instance, LinkRow, LoginFailures, LogoutNotice, PersonDetails, RefreshChain,
        ResourceRow, ScopeRow, Session, SigningKeyRow, User,
    },
    outcome::{
        Answered, Basis, Before, ClientFacts, ConnectedApp, Created, DeviceBegun, EndedSession, PersonUpdated, Polled,
        Progress, Redeemed, Registered, Rotated, Rotation, SeenSince, Swept, TokenState, Updated,
    },
    postgres, sqlite,
};
use crate::{
    clock::Ts,
    secret::{
        Digest, Id,
        kind::{self, AuthorizationCode, Link},
    },
};

/// What each kind of operation is: who answers it, and in which way on `SQLite` and on `PostgreSQL`. In the view that
/// [`Store::late`] gives, a standby is the nearest. On `SQLite` there is one way to write and one to look something up:
/// its writer says at once what it cannot write, and nothing waits or is late there.
macro_rules! answer {
    (write $($of:tt)*) => { answer!(@database write Transaction $($of)*) };
    (write_one $($of:tt)*) => { answer!(@database write Change $($of)*) };
    (try_write $($of:tt)*) => { answer!(@database write Trial $($of)*) };
    (read $($of:tt)*) => { answer!(@database read Shared $($of)*) };
    (read_patiently $($of:tt)*) => { answer!(@database read Patient $($of)*) };
    (late $($of:tt)*) => { answer!(@nearest read Shared $($of)*) };
    (list $($of:tt)*) => { answer!(@database list InLine $($of)*) };
    (@$who:ident $on_sqlite:ident $on_postgres:ident $store:ident $table:ident $name:ident $($a:ident)*) => {
        match &$store.$who {
            Database::Sqlite(store) => store.$on_sqlite(async move |conn: &mut sqlite::Conn| {
                sqlite::queries::$table::$name(conn, $($a),*).await
            }).await,
            Database::Postgres(store) => store.drive(postgres::Way::$on_postgres, postgres::operation(move |conn| {
                Box::pin(postgres::queries::$table::$name(conn, $($a.clone()),*))
            })).await,
        }
    };
}

macro_rules! operations {
    ($($(#[$doc:meta])* $kind:ident $table:ident::$name:ident($($a:ident: $t:ty),*) -> $out:ty;)*) => {
        /// Each fails with [`super::Error`]: the database is full or away.
        impl Store { $(
            $(#[$doc])*
            // boxed: otherwise every caller has a copy of it in its own state, and the program another fifth
            pub fn $name(&self, $($a: $t),*) -> BoxFuture<'_, Result<$out>> {
                Box::pin(async move {
                    if let Some(pace) = &self.pace {
                        pace.turn(stringify!($name)).await;
                    }
                    answer!($kind self $table $name $($a)*)
                })
            }
        )* }
    };
}

// `write` is a transaction, `write_one` a single statement (`try_write`: also while others are refused), `read` an
// indexed look-up (`read_patiently`: by the server itself, also in an overload; `late`: a standby may answer as well,
// for those who ask through `Store::late`), `list` may take longer.
operations! {
    /// This installation, once it has started for the first time.
    read instance::find_instance() -> Option<Instance>;
    /// First start; `false` when another starter was first.
    write instance::create_instance(new: Instance, keys: Vec<SigningKeyRow>, encryption: Vec<EncryptionKeyRow>) -> bool;
    /// Clients' secrets, sealed under a new `secret_key`.
    write instance::reseal_secrets(secrets: Vec<(Id, Vec<u8>)>) -> ();
    /// Seals everything else under a new `secret_key`, which has taken over then.
    write instance::reseal(key_check: Vec<u8>, keys: Vec<(String, Vec<u8>)>, encryption: Vec<(String, Vec<u8>)>,
        pairwise_key: Vec<u8>) -> ();
    /// Writes what pairwise subjects are made with, if nobody has.
    write_one instance::keep_pairwise_key(sealed: Vec<u8>) -> ();
    /// Ends codes, access tokens, sessions and links of before, and refresh chains unless they are kept.
    write instance::begin_epoch(keep_refresh: bool, now: Ts, event: AuditEvent) -> ();
    /// How many migrations the database has now.
    read_patiently instance::count_migrations() -> i64;
    /// Rises when cached rows may have changed.
    read_patiently instance::find_epoch() -> i64;
    /// Writes it as it is.
    try_write instance::touch_epoch() -> ();

    /// All scopes, in the order of creation.
    list scope::list_scopes() -> Vec<ScopeRow>;
    /// `false`: the name is taken.
    write scope::create_scope(new: ScopeRow) -> bool;
    /// Those whose name is free, in this order; the names that were made.
    write scope::create_scopes(new: Vec<ScopeRow>) -> Vec<String>;
    /// Changes one that is still as it was read.
    write scope::update_scope(new: ScopeRow, was: ScopeRow) -> Updated;
    /// `false`: there is none.
    write scope::delete_scope(name: String) -> bool;

    /// All resources.
    list resource::list_resources() -> Vec<ResourceRow>;
    /// `false`: the identifier is taken.
    write resource::create_resource(new: ResourceRow) -> bool;
    /// Changes one that is still as it was read.
    write resource::update_resource(new: ResourceRow, was: ResourceRow) -> Updated;
    /// `false`: there is none.
    write resource::delete_resource(identifier: String) -> bool;

    /// A client with its secrets.
    read client::find_client(client_id: String) -> Option<(ClientRow, Vec<ClientSecretRow>)>;
    /// All clients.
    list client::list_clients() -> Vec<ClientRow>;
    /// Some of the secrets that are kept readable, those behind a row: row, client, sealed text.
    list client::list_sealed_secrets(after: Id, most: i64) -> Vec<(Id, String, Vec<u8>)>;
    /// A client's secrets are not to be read any more.
    write client::forget_sealed_secrets(client_id: String) -> ();
    /// What is true of some client.
    read client::find_client_facts() -> ClientFacts;
    /// `false`: the `client_id` is taken.
    write client::create_client(new: ClientRow, secret: Option<ClientSecretRow>) -> bool;
    /// Changes one that is still as it was read.
    write client::update_client(new: ClientRow, was: ClientRow) -> Updated;
    /// Adds a secret; the others end at `others_end`.
    write client::rotate_secret(new: ClientSecretRow, others_end: Ts, now: Ts) -> ();
    /// With everything that hangs on it, of which [`Self::sweep_deleted`] removes what takes longer; `false`: there is none.
    write client::delete_client(client_id: String, now: Ts) -> bool;
    /// Removes a few rows that a deleted client left behind. How many went; 0: nothing is left.
    write client::sweep_deleted() -> usize;

    /// Clients whose logo is to be fetched now, at most so many.
    read client_logo::find_due_logos(most: i64, now: Ts) -> Vec<String>;
    /// Takes one of them, for a while: its address, and the number of this try.
    write client_logo::claim_logo(client_id: String, until: Ts, now: Ts) -> Option<(String, i64)>;
    /// Keeps what was made of it; `false`: the client has another one by now, or none.
    write client_logo::keep_logo(client_id: String, uri: String, hash: String, png: Vec<u8>, now: Ts) -> bool;
    /// It could not be fetched: again at `next`, or not any more.
    write_one client_logo::put_logo_off(client_id: String, uri: String, reason: String, next: Option<Ts>, now: Ts)
        -> ();
    /// Has it fetched anew; `false`: this client is to have none.
    write client_logo::renew_logo(client_id: String) -> bool;
    /// The hash of the picture made of what is at this address.
    read client_logo::find_logo_hash(client_id: String, uri: String) -> Option<String>;
    /// A picture, while it is the client's.
    read client_logo::find_picture(client_id: String, hash: String) -> Option<Vec<u8>>;
    /// How a client's logo stands.
    read client_logo::find_logo(client_id: String) -> Option<ClientLogo>;

    /// An app registers itself, by a token or through the open door, beyond which `most` may not have come.
    write registration::register_client(new: ClientRow, secret: Option<ClientSecretRow>,
        token: Digest<kind::RegistrationToken>, by: Option<Digest<kind::InitialAccessToken>>, most: i64,
        now: Ts) -> Registered;
    /// What a client manages its registration with; `Some(None)` for one that an administrator made.
    read registration::find_registration_token(client_id: String) -> Option<Option<Digest<kind::RegistrationToken>>>;
    /// It was used just now, if that was not written down since `before`.
    write_one registration::touch_client(client_id: String, now: Ts, before: Ts) -> ();
    /// Removes clients that came through the open door: those that nobody used since `unused`, and those that nobody used
    /// since `idle` and that nobody's access is alive of. At most `limit`; how many went.
    write registration::sweep_clients(unused: Ts, idle: Ts, now: Ts, limit: i64) -> usize;
    /// Those that it would remove.
    list registration::list_idle_clients(unused: Ts, idle: Ts, now: Ts, limit: i64) -> Vec<String>;
    /// Makes one.
    write_one registration::create_initial_access_token(new: InitialAccessToken) -> ();
    /// A live one with uses left.
    read registration::find_initial_access_token(digest: Digest<kind::InitialAccessToken>, now: Ts)
        -> Option<InitialAccessToken>;
    /// All that are live.
    list registration::list_initial_access_tokens(now: Ts) -> Vec<InitialAccessToken>;
    /// `false`: there is none.
    write_one registration::delete_initial_access_token(id: Id) -> bool;

    /// By canonical user name or email address.
    read user::find_user_by_name(name: String) -> Option<User>;
    /// By number.
    read user::find_user(id: i64) -> Option<User>;
    /// By what their user names are compared by, those after this one.
    list user::list_users(after: String, limit: i64) -> Vec<User>;
    /// An administrator besides this one, who is not locked.
    list user::has_other_admin(id: i64) -> bool;
    /// Makes a person.
    write user::create_user(new: User, link: Option<LinkRow>) -> Created;
    /// Makes the first administrator, with an unused link, once ever.
    write user::create_first_admin(link: Digest<Link>, new: User, now: Ts) -> Created;
    /// Changes what is known of a person, if it is still what it was.
    write user::update_person(id: i64, new: PersonDetails, was: PersonDetails, now: Ts) -> PersonUpdated;
    /// Ends all sessions and links; `false`: there is no such person.
    write user::set_password(id: i64, hash: String, now: Ts) -> bool;
    /// The same password under new parameters.
    write_one user::rehash_password(id: i64, old: String, new: String) -> ();
    /// With a one-time link; the person's number, or `None` when the link is no good.
    write user::choose_password(link: Digest<Link>, hash: String, now: Ts) -> Option<i64>;
    /// Locking ends sessions and tokens, and so does unlocking: at once, however many there are ([`super::wholly`]).
    write user::set_locked(id: i64, locked: bool, now: Ts) -> Progress;
    /// With everything that hangs on them ([`super::wholly`]): they are locked as long as some of it is left.
    write user::delete_user(id: i64, now: Ts) -> Progress;

    /// Voids the former ones of its kind and person.
    write link::create_link(new: LinkRow) -> ();
    /// A live one.
    read link::find_link(digest: Digest<Link>, now: Ts) -> Option<LinkRow>;

    /// Signs in; `false`: the person has changed since `as_of`, or is gone.
    write session::create_session(new: Session, as_of: Ts, before: Before, forgiven: Vec<Vec<u8>>) -> bool;
    /// Live ones with their persons, by what a browser carries for them; the latest seen first.
    read session::find_accounts(accounts: Vec<Digest<kind::Account>>, now: Ts) -> Vec<(Session, User)>;
    /// The person chose the one in use; `false`: it has ended.
    write_one session::note_selected(id: Id, now: Ts) -> bool;
    /// From now on another of a browser's accounts is in use; `false`: it has ended, or was chosen since `was`.
    write session::choose_account(account: Digest<kind::Account>, was: Ts, new: Digest<kind::Session>, before: Before,
        now: Ts) -> bool;
    /// A live one, with its person, and what they agreed to for an app, if one is named.
    read session::find_session(digest: Digest<kind::Session>, client: Option<String>, now: Ts)
        -> Option<(Session, User, Option<Consent>)>;
    /// It was just seen.
    write_one session::touch_session(id: Id, now: Ts) -> ();
    /// Of one person, the latest first.
    list session::list_sessions(user: i64, now: Ts) -> Vec<Session>;
    /// Of one person or of all, those seen since, with their person's name; the latest first.
    list session::list_live_sessions(user: Option<i64>, seen: SeenSince, now: Ts, limit: i64) -> Vec<(Session, String)>;
    /// Whose this live one is.
    read session::find_session_person(id: Id, now: Ts) -> Option<i64>;
    /// Ends one of this person's, with what lasts as long as it; `None`: there is none.
    write session::end_session(user: i64, id: Id, now: Ts) -> Option<EndedSession>;
    /// Ends all of this person's.
    write session::end_all_sessions(user: i64, now: Ts) -> Vec<EndedSession>;
    /// Ends all of this person's but one.
    write session::end_other_sessions(user: i64, keep: Id, now: Ts) -> Vec<EndedSession>;

    /// Whom notices of a session's end are for that are due, those behind a place: client, and the place of each.
    read logout_notice::find_due_notices(after: (Ts, Id), most: i64, now: Ts) -> Vec<(String, Ts, Id)>;
    /// Takes some of what an app is to be told, so that nobody else does until `until`.
    write logout_notice::claim_notices(client: String, most: i64, until: Ts, now: Ts) -> Vec<LogoutNotice>;
    /// It was heard.
    write_one logout_notice::delete_notice(id: Id) -> ();
    /// It was not: again at `next`, or never.
    write_one logout_notice::put_notice_off(id: Id, reason: String, next: Option<Ts>, now: Ts) -> ();
    /// Those of an app, the latest first.
    list logout_notice::list_notices(client: String, limit: i64) -> Vec<LogoutNotice>;

    /// What a person agreed to with a client.
    read consent::find_consent(user: i64, client: String, now: Ts) -> Option<Consent>;
    /// How many apps a person has.
    list consent::count_connected_apps(user: i64, now: Ts) -> i64;
    /// The apps of a person.
    list consent::list_connected_apps(user: i64, now: Ts) -> Vec<ConnectedApp>;
    /// One permission less; `false`: there is no consent.
    write consent::decline_scope(user: i64, client: String, name: String) -> bool;
    /// Every grant ends, and with the last of them the consent ([`super::wholly`]).
    write consent::remove_app(user: i64, client: String, now: Ts) -> Progress;

    /// The final answer to an interaction; the first one wins.
    write grant::record_answer(new: Grant, basis: Basis, token: Option<AccessTokenRow>, joins: Option<Id>) -> Answered;
    /// The same for one who agreed before, where nothing else is to be written; `false`: nothing has happened.
    write_one grant::answer_on_consent(new: Grant, until: Ts) -> bool;
    /// The answer that an interaction has got, if it has one.
    read grant::find_answer(interaction: Id) -> Option<Grant>;
    /// A grant by password, with what is issued from it.
    write grant::record_password_grant(new: Grant, chain: Option<RefreshChain>, token: Option<AccessTokenRow>,
        consent: Consent, forgiven: Option<Vec<u8>>) -> ();
    /// The grant behind a code, with its person.
    read grant::find_grant_by_code(code: Digest<AuthorizationCode>) -> Option<(Grant, User)>;
    /// Spends a code that nothing is recorded with; `false`: nothing has happened.
    write_one grant::spend_code(code: Digest<AuthorizationCode>, ends_at: Option<Ts>, now: Ts) -> bool;
    /// Spends a code, once.
    write grant::redeem_code(code: Digest<AuthorizationCode>, chain: Option<RefreshChain>,
        token: Option<AccessTokenRow>, quiet_seconds: i64, ends_at: Option<Ts>, now: Ts) -> Redeemed;
    /// Ends a grant and everything issued from it.
    write_one grant::revoke_grant(id: Id, now: Ts) -> bool;
    /// Live grants with person and app, the latest first.
    list grant::list_grants(user: Option<i64>, client: Option<String>, now: Ts, limit: i64) -> Vec<(Grant, String, String)>;

    /// A device that waits for a person.
    write device_grant::create_device_grant(new: DeviceGrant) -> DeviceBegun;
    /// By the digests that a user code may have.
    read device_grant::find_device_by_user_code(codes: Vec<Vec<u8>>) -> Option<DeviceGrant>;
    /// Its question is shown once more; `false`: no more.
    write_one device_grant::note_device_shown(id: Id, most: i64) -> bool;
    /// The person's answer, once.
    write device_grant::decide_device(id: Id, answer: Grant, allowed: Option<Consent>, now: Ts) -> bool;
    /// By its own code.
    read device_grant::find_device(code: Digest<kind::DeviceCode>) -> Option<(DeviceGrant, Option<(Grant, User)>)>;
    /// It asks whether it was answered.
    write device_grant::note_device_poll(id: Id, leeway_micros: i64, more_seconds: i64, now: Ts) -> Polled;
    /// Gives out its tokens, once.
    write device_grant::redeem_device(id: Id, chain: Option<RefreshChain>, token: Option<AccessTokenRow>,
        now: Ts) -> bool;

    /// A chain with its grant and person.
    read refresh_chain::find_chain(id: Id) -> Option<(RefreshChain, Grant, User)>;
    /// Rotates, where nothing is recorded with it; `false`: nothing has happened.
    write_one refresh_chain::step(rotation: Rotation, now: Ts) -> bool;
    /// Rotates, once.
    write refresh_chain::rotate(rotation: Rotation, token: Option<AccessTokenRow>, now: Ts) -> Rotated;

    /// An opaque token that does not last.
    write_one access_token::record_access_token(new: AccessTokenRow) -> ();
    /// A long token, in the place of the oldest if there are enough; `false`: its grant has ended.
    write access_token::record_long_token(new: AccessTokenRow) -> bool;
    /// An opaque token.
    late access_token::find_access_token(digest: Digest<kind::AccessToken>) -> Option<AccessTokenRow>;
    /// A lasting token was used: it and its grant live on from here.
    write access_token::touch_access_token(digest: Digest<kind::AccessToken>, now: Ts, until: Ts) -> ();
    /// Removes an opaque token; its grant, when there was one of this text.
    write access_token::delete_access_token(digest: Digest<kind::AccessToken>) -> Option<Option<Id>>;
    /// What a person's token hangs on.
    late access_token::find_token_state(token: Id, grant: Id) -> Option<TokenState>;
    /// What a client's own token hangs on.
    late access_token::find_client_token_state(token: Id, client: String) -> Option<TokenState>;
    /// Ends one token; `false`: it was ended before.
    write_one access_token::revoke_access_token(id: Id, expires_at: Ts) -> bool;

    /// Marks an assertion as used; `false` when it was before.
    write_one used_jti::use_jti(digest: Vec<u8>, expires_at: Ts) -> bool;

    /// Failed tries under a key.
    read login_failures::find_failures(key: Vec<u8>) -> Option<LoginFailures>;
    /// One more.
    write login_failures::record_failure(key: Vec<u8>, now: Ts) -> ();
    /// One more, beforehand; `false`: it is not as it was seen.
    write_one login_failures::claim_try(seen: LoginFailures, now: Ts) -> bool;
    /// What was counted beforehand was no failure.
    write_one login_failures::return_try(seen: LoginFailures, now: Ts) -> ();

    /// All signing keys.
    read signing_key::list_keys() -> Vec<SigningKeyRow>;
    /// Publishes a key in the place of those of its algorithm, unless one was made since `unless_since`.
    write signing_key::succeed_key(new: SigningKeyRow, unless_since: Option<Ts>, gone_at: Ts) -> bool;
    /// Ends a key's signing at one time and its publication at another; a compromised one's private half is erased.
    write signing_key::retire_key(kid: String, retired_at: Ts, gone_at: Ts, compromised: bool) -> bool;
    /// Lets a key sign earlier than planned, in the place of those of its algorithm that sign.
    write signing_key::hasten_key(kid: String, algorithm: String, at: Ts, gone_at: Ts) -> ();
    /// Unpublishes a key no earlier than this.
    write signing_key::keep_key_until(kid: String, gone_at: Ts) -> ();
    /// Erases the private halves of keys that are unpublished, and of those that open nothing any more.
    write signing_key::erase_gone_keys(now: Ts) -> usize;

    /// All keys that others encrypt with.
    read encryption_key::list_encryption_keys() -> Vec<EncryptionKeyRow>;
    /// Publishes one in the place of those of its family, unless one was made since `unless_since`.
    write encryption_key::succeed_encryption_key(new: EncryptionKeyRow, unless_since: Option<Ts>, gone_at: Ts) -> bool;
    /// Ends a key with what it opened.
    write encryption_key::end_encryption_key(kid: String, now: Ts) -> ();

    /// Adds to the audit log.
    write_one audit_event::record_event(event: AuditEvent) -> ();
    /// The latest of the audit log.
    list audit_event::list_events(limit: i64) -> Vec<AuditEvent>;
    /// What ended apps' access to a person's account since then because it looked like theft, the latest first.
    list audit_event::list_thefts(user: i64, since: Ts) -> Vec<AuditEvent>;

    /// Takes a job that one instance is enough for, or goes on with it; `false`: it is another's.
    write_one lease::take_lease(job: String, holder: Id, now: Ts, until: Ts) -> bool;
    /// Writes down up to when the clock is believed.
    write_one lease::keep_horizon(by: Id, believed: Ts) -> ();
    /// Up to when it was believed last, by whichever instance.
    read lease::find_horizon() -> Option<Ts>;
    /// Tokens that were signed up to now live until then: the latest such instant is kept.
    write lease::keep_signed(by: Id, until: Ts) -> ();
    /// That instant.
    read lease::find_signed() -> Option<Ts>;

    /// Of the last thing that happened: its id, which says when.
    read sweep::find_latest() -> Option<Id>;
    /// Tables with rows that have ended, and how many.
    list sweep::count_ended(now: Ts) -> Vec<(String, i64)>;
    /// Removes a few that have ended, the oldest first from `from` on.
    write sweep::sweep(ending: Ending, from: Option<Ts>, now: Ts) -> Swept;
}
