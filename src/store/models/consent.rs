//! Rows of `consents`.

use diesel::prelude::*;

use crate::{clock::Ts, store::schema::consents};

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

    /// What is to be remembered where there was one before. Agreeing to more adds to it (PROTOCOL P18), for the same host;
    /// another host begins anew. A password is no consent: it changes nothing of what was agreed to on a page. What was
    /// skipped stays skipped until it is agreed to, and what is skipped now is not agreed to any more. What was given on
    /// the one before may outlive what is given now.
    #[must_use]
    pub fn after(self, before: Self) -> Self {
        let now = self.updated_at;
        let (holds, lives) = (before.holds(now), before.ends_at > now);
        let ends_at = self.ends_at.max(before.ends_at);
        let declined = without(&joined(&before.declined, &self.declined), &self.scope);
        match (before.by_password, self.by_password) {
            // its own time stays as it is, also where it was its end
            (false, true) if lives => {
                Self { holds_until: before.holds_until.or(Some(before.ends_at)), ends_at, ..before }
            }
            (was, is) if holds && was == is && before.redirect_host == self.redirect_host => Self {
                scope: without(&joined(&before.scope, &self.scope), &self.declined),
                resources: joined(&before.resources, &self.resources),
                claims: joined(&before.claims, &self.claims),
                created_at: before.created_at,
                declined,
                ends_at,
                ..self
            },
            (was, is) if lives && was == is => Self { created_at: before.created_at, declined, ends_at, ..self },
            _ => Self { ends_at, ..self },
        }
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

/// The names that are not among the others.
fn without(names: &str, others: &str) -> String {
    let others: Vec<&str> = others.split(' ').collect();
    names.split(' ').filter(|name| !others.contains(name)).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
