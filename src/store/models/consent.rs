//! Rows of `consents`.

use diesel::prelude::*;

use crate::{clock::Ts, store::schema::consents};

/// A consent is remembered for as many hosts at once.
const MAX_HOSTS: usize = 8;

/// What a person agreed to and we remember.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = consents, primary_key(user_id, client_id), treat_none_as_null = true)]
#[expect(missing_docs, reason = "the columns are explained in docs/architecture.md")]
pub struct Consent {
    pub user_id: i64,
    pub client_id: String,
    pub scope: String,
    pub resources: String,
    pub redirect_host: String,
    pub by_password: bool,
    pub created_at: Ts,
    pub updated_at: Ts,
    pub ends_at: Ts,
    pub declined: String,
    pub claims: String,
    pub holds_until: Option<Ts>,
}

impl Consent {
    /// Is an app that asks for no more than this answered without a question? Longer than that the row stays for as long
    /// as anything lives that was given on it.
    #[must_use]
    pub fn holds(&self, now: Ts) -> bool {
        self.holds_until.unwrap_or(self.ends_at) > now
    }

    /// What is to be remembered where there was one before. All of it is agreed to for each of its hosts: agreeing to
    /// more adds to it (PROTOCOL P18), for the same host and no other; another host joins those before where just the
    /// same is agreed to, and else begins anew. A password is no consent: it changes nothing of what was agreed to on a
    /// page. What was skipped stays skipped until it is agreed to, and what is skipped now is not agreed to any more.
    /// What was given on the one before may outlive what is given now.
    #[must_use]
    pub fn after(self, before: Self) -> Self {
        let now = self.updated_at;
        let (holds, lives) = (before.holds(now), before.ends_at > now);
        let ends_at = self.ends_at.max(before.ends_at);
        let declined = without(&joined(&before.declined, &self.declined), &self.scope);
        let is_same_host = before.redirect_host.split(' ').any(|host| host == self.redirect_host);
        let adds_nothing = self.is_within(&before);
        match (before.by_password, self.by_password) {
            // its own time stays as it is, also where it was its end
            (false, true) if lives => {
                Self { holds_until: before.holds_until.or(Some(before.ends_at)), ends_at, ..before }
            }
            (was, is) if holds && was == is && (is_same_host || (adds_nothing && before.is_within(&self))) => Self {
                scope: without(&joined(&before.scope, &self.scope), &self.declined),
                resources: joined(&before.resources, &self.resources),
                claims: joined(&before.claims, &self.claims),
                redirect_host: if adds_nothing {
                    latest_hosts(&joined(&before.redirect_host, &self.redirect_host))
                } else {
                    self.redirect_host
                },
                created_at: before.created_at,
                declined,
                ends_at,
                ..self
            },
            (was, is) if lives && was == is => Self { created_at: before.created_at, declined, ends_at, ..self },
            _ => Self { ends_at, ..self },
        }
    }

    /// Is all that is agreed to here agreed to there as well, whatever the hosts?
    fn is_within(&self, other: &Self) -> bool {
        let parts = [(&self.scope, &other.scope), (&self.resources, &other.resources), (&self.claims, &other.claims)];
        parts.iter().all(|(these, those)| without(these, those).is_empty())
    }

    /// The same, less one permission.
    #[must_use]
    pub fn less(self, name: &str) -> Self {
        Self { scope: without(&self.scope, name), declined: joined(&self.declined, name), ..self }
    }
}

/// Names with spaces between, each once.
fn joined(before: &str, more: &str) -> String {
    let mut all: Vec<&str> = Vec::new();
    for name in before.split(' ').chain(more.split(' ')).filter(|name| !name.is_empty()) {
        if !all.contains(&name) {
            all.push(name);
        }
    }
    all.join(" ")
}

/// Of too many hosts those that were agreed to first go.
fn latest_hosts(hosts: &str) -> String {
    let spare = hosts.split(' ').count().saturating_sub(MAX_HOSTS);
    hosts.split(' ').skip(spare).collect::<Vec<_>>().join(" ")
}

/// The names that are not among the others.
fn without(names: &str, others: &str) -> String {
    let others: Vec<&str> = others.split(' ').collect();
    names.split(' ').filter(|name| !others.contains(name)).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
