//! Rows of `users`.

use diesel::prelude::*;

use crate::{clock::Ts, store::schema::users};

/// A person.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = users, primary_key(id), treat_none_as_default_value = false)]
#[expect(missing_docs, reason = "the columns are explained in docs/architecture.md")]
pub struct User {
    pub id: i64,
    pub sub: String,
    pub username: String,
    pub username_key: String,
    pub email: Option<String>,
    pub email_key: Option<String>,
    pub email_verified: bool,
    pub name: Option<String>,
    pub password_hash: Option<String>,
    pub admin: bool,
    pub locked: bool,
    pub tokens_invalid_before: Ts,
    pub created_at: Ts,
    pub updated_at: Ts,
    pub last_sign_in_at: Option<Ts>,
    pub claims: String,
}

/// What may be changed of a person.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, AsChangeset)]
#[diesel(table_name = users, treat_none_as_null = true)]
#[expect(missing_docs, reason = "the columns are explained in docs/architecture.md")]
pub struct PersonDetails {
    pub name: Option<String>,
    pub email: Option<String>,
    pub email_key: Option<String>,
    pub email_verified: bool,
    pub claims: String,
}

impl PersonDetails {
    /// What is known of this person.
    #[must_use]
    pub fn of(user: &User) -> Self {
        Self {
            name: user.name.clone(),
            email: user.email.clone(),
            email_key: user.email_key.clone(),
            email_verified: user.email_verified,
            claims: user.claims.clone(),
        }
    }

    /// The person with these details, since this instant.
    #[must_use]
    pub fn onto(self, user: User, now: Ts) -> User {
        User {
            name: self.name,
            email: self.email,
            email_key: self.email_key,
            email_verified: self.email_verified,
            claims: self.claims,
            updated_at: now,
            ..user
        }
    }
}
