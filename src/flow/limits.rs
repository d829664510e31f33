//! What is counted in memory, within bounds: what people, apps and strangers do how often, by whom or from where; and one
//! evaluation at a time for each account, so that parallel guesses are counted one by one.

use std::{
    collections::HashMap,
    hash::Hash,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use quick_cache::unsync;
use tokio::sync::OwnedMutexGuard;

use super::{Fault, Result};
use crate::{
    clock::Ts,
    patience::Patience,
    protocol::{
        client_metadata::RegisteredBy,
        throttle::{FREE_TRIES, FREE_TRIES_PER_ADDRESS, FREE_TRIES_PER_SITE, Fading},
    },
    secret::Id,
};

const REMEMBERED: usize = 50_000;
/// Answers without a page for each session and minute (PROTOCOL R-e1).
const SILENT_A_MINUTE: u32 = 30;
/// Tokens an app looks up in a minute (PROTOCOL R-f6).
pub const LOOK_UPS_A_MINUTE: u32 = 300;

/// Tokens that are none of ours, from one network at `/api/verify` in a minute (PROTOCOL R-l1); a site of many networks
/// has three times as many. Whoever asks there may ask for many people.
pub const INVENTED_TOKENS_A_MINUTE: u32 = 300;

/// Devices that begin, for each client and minute; a tenth of that from one network.
const DEVICES_A_MINUTE: u32 = 300;
/// Devices that begin, in all, each minute: with their lives it bounds the rows.
const ALL_DEVICES_A_MINUTE: u32 = 1500;

/// Apps that register themselves, in all, each minute; and as many again with a token.
const ALL_REGISTRATIONS_A_MINUTE: u32 = 3000;
/// Initial access tokens that turn out to be none, from one network, each minute: each costs a look at the database.
const UNKNOWN_TOKENS_A_MINUTE: u32 = 60;
/// Changes that an app makes to its registration, each minute: each is news to every instance.
const CHANGES_A_MINUTE: u32 = 10;

/// Accounts that people make from one network, each minute.
const SIGN_UPS_A_MINUTE: u32 = 20;
/// Accounts that people make, in all, each minute.
const ALL_SIGN_UPS_A_MINUTE: u32 = 600;

/// What a site of many networks may do, as a multiple of what one of them may.
const NETWORKS_OF_A_SITE: u32 = 3;

/// Wrong user codes that people type in, in all, each minute: of 20⁸.
const USER_CODES_A_MINUTE: u32 = 3000;
/// User codes that one person types in each minute, right or wrong.
const OWN_USER_CODES_A_MINUTE: u32 = 30;

/// Who waits for which account.
type Turns = HashMap<[u8; 32], (Arc<tokio::sync::Mutex<()>>, Arc<Patience>)>;

/// The counters.
pub struct Limits {
    per_address: bool,
    addresses: Counters<Network>,
    clients: Counters<[u8; 32]>,
    client_addresses: Counters<Network>,
    rates: Mutex<unsync::Cache<Rated, (Ts, u32)>>,
    turns: Mutex<Turns>,
}

impl Limits {
    /// `per_address`: count by address at all.
    #[must_use]
    pub fn new(per_address: bool) -> Self {
        Self {
            per_address,
            addresses: Counters::new(),
            clients: Counters::new(),
            client_addresses: Counters::new(),
            rates: Mutex::new(unsync::Cache::new(REMEMBERED)),
            turns: Mutex::new(HashMap::new()),
        }
    }

    /// A try from this address, if it is looked at now. It counts as failed unless it is forgiven: so many tries at once
    /// are no more than many one after the other.
    #[must_use]
    pub fn try_address(&self, address: Option<IpAddr>, now: Ts) -> Option<Counted<Network>> {
        self.addresses.try_all(self.counted_networks(address), now)
    }

    /// The try from an address was no failure.
    pub fn forgive_address(&self, counted: &Counted<Network>) {
        self.addresses.take_back_all(counted);
    }

    /// Is a chosen secret of this client, known or not, from this address looked at now? `client`: what stands for its
    /// id. It counts as failed unless it is forgiven. People's sign-ins are counted apart.
    #[must_use]
    pub fn try_client(&self, client: [u8; 32], address: Option<IpAddr>, now: Ts) -> Option<CountedSecret> {
        let client = self.clients.try_all(vec![(client, FREE_TRIES)], now)?;
        let from = self.client_addresses.try_all(self.counted_networks(address), now);
        if from.is_none() {
            self.clients.take_back_all(&client);
        }
        Some(CountedSecret { client, from: from? })
    }

    /// The try of a client's secret was no failure.
    pub fn forgive_client(&self, counted: &CountedSecret) {
        self.clients.take_back_all(&counted.client);
        self.client_addresses.take_back_all(&counted.from);
    }

    /// Where this address belongs, if that counts.
    #[must_use]
    pub fn counted_site(&self, address: Option<IpAddr>) -> Option<IpAddr> {
        address.filter(|_| self.per_address).map(site)
    }

    /// May this session be answered without a page once more?
    #[must_use]
    pub fn may_be_silent(&self, session: Id, now: Ts) -> bool {
        self.is_within(Rated::Silent(session), SILENT_A_MINUTE, now)
    }

    /// May one more device begin (RFC 8628 §5.2)? For a client it writes a row, and anybody can name a public client.
    #[must_use]
    pub fn may_begin_device(&self, address: Option<IpAddr>, client_id: &str, now: Ts) -> bool {
        self.is_within_from(address, Rated::DeviceFrom, DEVICES_A_MINUTE / 10, now)
            && self.is_within(Rated::DeviceOf(client_id.to_owned()), DEVICES_A_MINUTE, now)
            && self.is_within(Rated::Device, ALL_DEVICES_A_MINUTE, now)
    }

    /// May this person type in one more user code, a right one perhaps?
    #[must_use]
    pub fn may_enter_user_code(&self, user: i64, now: Ts) -> bool {
        self.is_within(Rated::UserCodeOf(user), OWN_USER_CODES_A_MINUTE, now)
    }

    /// May one more user code be looked at, whoever has typed it (RFC 8628 §5.1)? Persons and addresses are counted as
    /// well; this is for many of them at once. It counts as wrong unless it is forgiven.
    #[must_use]
    pub fn may_try_user_code(&self, now: Ts) -> bool {
        self.is_within(Rated::UserCode, USER_CODES_A_MINUTE, now)
    }

    /// The user code was right, or was not looked at.
    pub fn forgive_user_code(&self) {
        self.take_back(&Rated::UserCode);
    }

    /// May one more app register itself from this address in this minute? Those who came with a token are counted apart:
    /// strangers use nothing up of what they have.
    #[must_use]
    pub fn may_register(&self, address: Option<IpAddr>, by: RegisteredBy, most: u32, now: Ts) -> bool {
        self.is_within_from(address, |network| Rated::Registration(by, network), most, now)
            && self.is_within(Rated::AnyRegistration(by), ALL_REGISTRATIONS_A_MINUTE, now)
    }

    /// Is one more initial access token from this address looked up? It counts as unknown unless it is forgiven.
    #[must_use]
    pub fn try_initial_token(&self, address: Option<IpAddr>, now: Ts) -> bool {
        self.is_within_from(address, Rated::UnknownToken, UNKNOWN_TOKENS_A_MINUTE, now)
    }

    /// The initial access token from this address was a good one.
    pub fn forgive_initial_token(&self, address: Option<IpAddr>) {
        self.take_back_from(address, Rated::UnknownToken);
    }

    /// May this app, which has shown that it is it, change its registration once more in this minute? `most`: from one
    /// address, whatever app it is.
    #[must_use]
    pub fn may_change_registration(&self, address: Option<IpAddr>, client_id: &str, most: u32, now: Ts) -> bool {
        self.is_within(Rated::ChangeOf(client_id.to_owned()), CHANGES_A_MINUTE, now)
            && self.is_within_from(address, Rated::ChangeFrom, most, now)
    }

    /// May one more account be made from this address in this minute? Each costs a slow hash and a row that stays.
    #[must_use]
    pub fn may_sign_up(&self, address: Option<IpAddr>, now: Ts) -> bool {
        self.is_within_from(address, Rated::SignUp, SIGN_UPS_A_MINUTE, now)
            && self.is_within(Rated::AnySignUp, ALL_SIGN_UPS_A_MINUTE, now)
    }

    /// Is a token from this address looked at? It counts as none of ours unless it is forgiven.
    #[must_use]
    pub fn try_token(&self, address: Option<IpAddr>, now: Ts) -> bool {
        self.is_within_from(address, Rated::InventedToken, INVENTED_TOKENS_A_MINUTE, now)
    }

    /// The token from this address is one of ours, or was: honest ones that have ended come by right.
    pub fn forgive_token(&self, address: Option<IpAddr>) {
        self.take_back_from(address, Rated::InventedToken);
    }

    /// Is this app's use to be written down? Once a minute is often enough.
    #[must_use]
    pub fn may_note_use(&self, client_id: &str, now: Ts) -> bool {
        self.is_within(Rated::UseOf(client_id.to_owned()), 1, now)
    }

    /// Has every network that this address belongs to done it no more than `most` times, and a site of many networks
    /// three times that?
    fn is_within_from(&self, address: Option<IpAddr>, what: impl Fn(Network) -> Rated, most: u32, now: Ts) -> bool {
        self.counted_networks(address).into_iter().all(|(network, _)| {
            let networks = if network.1 == 48 { NETWORKS_OF_A_SITE } else { 1 };
            self.is_within(what(network), most.saturating_mul(networks), now)
        })
    }

    fn is_within(&self, what: Rated, most: u32, now: Ts) -> bool {
        let mut rates = self.rates.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, count) = rates.get(&what).copied().unwrap_or((now, 0));
        let (since, count) = if is_same_minute(since, now) { (since, count.saturating_add(1)) } else { (now, 1) };
        rates.insert(what, (since, count));
        count <= most
    }

    fn take_back_from(&self, address: Option<IpAddr>, what: impl Fn(Network) -> Rated) {
        for (network, _) in self.counted_networks(address) {
            self.take_back(&what(network));
        }
    }

    /// It was none of what is counted.
    fn take_back(&self, what: &Rated) {
        let mut rates = self.rates.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((since, count)) = rates.get(what).copied() {
            rates.insert(what.clone(), (since, count.saturating_sub(1)));
        }
    }

    /// May this app, by what stands for its id, look up a token once more?
    #[must_use]
    pub fn may_look_up(&self, client: [u8; 32], now: Ts) -> bool {
        self.is_within(Rated::LookUp(client), LOOK_UPS_A_MINUTE, now)
    }

    /// Waits for this account's turn.
    pub async fn turn(&self, account: [u8; 32]) -> Turn<'_> {
        self.wait_for_turn(account, Duration::MAX).await.0
    }

    /// The same where a hash is what is waited for, of which one account gets no more than others, and for which nobody
    /// shall wait longer than `limit`, for long.
    ///
    /// # Errors
    /// [`Fault::HashQueueFull`] in an overload, for whoever has waited too long.
    pub async fn turn_in_time(&self, account: [u8; 32], limit: Duration) -> Result<Turn<'_>> {
        let asked = Instant::now();
        let (turn, patience) = self.wait_for_turn(account, limit).await;
        if patience.is_late(asked.elapsed(), Instant::now()) {
            return Err(Fault::HashQueueFull.into());
        }
        Ok(turn)
    }

    async fn wait_for_turn(&self, account: [u8; 32], limit: Duration) -> (Turn<'_>, Arc<Patience>) {
        let new = || (Arc::default(), Arc::new(Patience::untold().of(limit)));
        let (lock, patience) = self.held_turns().entry(account).or_insert_with(new).clone();
        // made before it is waited for: whoever gives up waiting leaves nothing behind
        let mut turn = Turn { limits: self, account, held: None };
        turn.held = Some(lock.lock_owned().await);
        (turn, patience)
    }

    /// How many accounts somebody is trying, or waits to try, at this moment.
    #[must_use]
    pub fn turns(&self) -> usize {
        self.held_turns().len()
    }

    fn held_turns(&self) -> MutexGuard<'_, Turns> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn counted_networks(&self, address: Option<IpAddr>) -> Vec<(Network, i64)> {
        address.filter(|_| self.per_address).map(networks).unwrap_or_default()
    }
}

/// What may happen so often in a minute.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Rated {
    /// This session is answered without a page.
    Silent(Id),
    /// A device begins, from here.
    DeviceFrom(Network),
    /// A device of this client begins.
    DeviceOf(String),
    /// A device begins.
    Device,
    /// A user code is typed in.
    UserCode,
    /// This person types a user code in.
    UserCodeOf(i64),
    /// An app, by what stands for its id, looks a token up.
    LookUp([u8; 32]),
    /// A token that is none of ours is presented, from here.
    InventedToken(Network),
    /// An app registers itself, in this way, from here.
    Registration(RegisteredBy, Network),
    /// An app registers itself, in this way.
    AnyRegistration(RegisteredBy),
    /// An initial access token is none, from here.
    UnknownToken(Network),
    /// This app changes its registration.
    ChangeOf(String),
    /// An app changes its registration, from here.
    ChangeFrom(Network),
    /// Somebody makes an account, from here.
    SignUp(Network),
    /// Somebody makes an account.
    AnySignUp,
    /// An app that registered itself is used.
    UseOf(String),
}

/// The right to evaluate one try of an account.
pub struct Turn<'a> {
    limits: &'a Limits,
    account: [u8; 32],
    held: Option<OwnedMutexGuard<()>>,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.held = None;
        let mut turns = self.limits.held_turns();
        if turns.get(&self.account).is_some_and(|(lock, _)| Arc::strong_count(lock) == 1) {
            turns.remove(&self.account);
        }
    }
}

/// A try that was counted beforehand: under each key, what was there before and what is there with it.
pub struct Counted<K>(Vec<(K, Fading, Fading)>);

/// The same for a client's chosen secret.
pub struct CountedSecret {
    client: Counted<[u8; 32]>,
    from: Counted<Network>,
}

/// Failures by key, a bounded number of keys. Each change is one step.
struct Counters<K>(Mutex<unsync::Cache<K, Fading>>);

impl<K: Eq + Hash + Clone> Counters<K> {
    fn new() -> Self {
        Self(Mutex::new(unsync::Cache::new(REMEMBERED)))
    }

    /// Counts a failure beforehand under every key, if none of them has to wait. Each key with its free tries.
    fn try_all(&self, keys: Vec<(K, i64)>, now: Ts) -> Option<Counted<K>> {
        let mut held = self.held();
        let mut counted = Vec::with_capacity(keys.len());
        for (key, free) in keys {
            let before = held.get(&key).copied().unwrap_or_default();
            if before.wait_seconds(free, now) > 0 {
                return None;
            }
            counted.push((key, before, before.after_another(free, now)));
        }
        for (key, _, with_it) in &counted {
            held.insert(key.clone(), *with_it);
        }
        Some(Counted(counted))
    }

    /// It was no failure: all is as it was before, so that nobody waits anew for it, unless there was another since.
    fn take_back_all(&self, counted: &Counted<K>) {
        let mut held = self.held();
        for (key, before, with_it) in &counted.0 {
            if let Some(failures) = held.get(key).copied() {
                held.insert(key.clone(), if failures == *with_it { *before } else { failures.without_one() });
            }
        }
    }

    fn held(&self) -> MutexGuard<'_, unsync::Cache<K, Fading>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A network and its prefix length.
type Network = (IpAddr, u8);

fn is_same_minute(since: Ts, now: Ts) -> bool {
    (0..60).contains(&now.seconds_since(since))
}

/// Where an address belongs, widely: itself, or an IPv6 /48.
#[must_use]
pub fn site(address: IpAddr) -> IpAddr {
    networks(address).last().map_or(address, |((network, _), _)| *network)
}

/// One household or machine, with its free tries: an IPv4 address, an IPv6 /64; and for IPv6 the site it belongs to, /48
/// (PROTOCOL R-g1).
fn networks(address: IpAddr) -> Vec<(Network, i64)> {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            let (household, site) = (Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0), Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0));
            vec![((household.into(), 64), FREE_TRIES_PER_ADDRESS), ((site.into(), 48), FREE_TRIES_PER_SITE)]
        }
        v4 @ IpAddr::V4(_) => vec![((v4, 32), FREE_TRIES_PER_ADDRESS)],
    }
}

#[cfg(test)]
mod tests;
