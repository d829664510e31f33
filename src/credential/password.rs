//! Passwords and other secrets that somebody chose: Argon2id (RFC 9106), hashed again when the parameters change.

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};

/// Longest password that is looked at, in bytes: a huge one must cost nothing.
pub const MAX_BYTES: usize = 1024;

/// The cost of a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Memory, in KiB.
    pub memory: u32,
    /// Passes over it.
    pub iterations: u32,
    /// Lanes.
    pub parallelism: u32,
}

/// Parameters Argon2 does not take, or a stored hash it cannot read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("argon2: {0}")]
pub struct HashError(String);

/// What came of comparing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Right, and hashed with today's parameters.
    Right,
    /// Right, but hashed with others: hash it again and store that.
    RightButOutdated,
    /// Wrong.
    Wrong,
}

/// Are these parameters Argon2 takes?
///
/// # Errors
/// [`HashError`] when not.
pub fn check_cost(cost: Cost) -> Result<(), HashError> {
    hasher(cost).map(drop)
}

/// Hashes with a random salt; gives the PHC text that is stored. Takes as long as `cost` asks: call it off the
/// request's thread.
///
/// # Errors
/// [`HashError`] for parameters Argon2 refuses.
pub fn hash(password: &str, cost: Cost) -> Result<String, HashError> {
    let hashed: PasswordHash =
        hasher(cost)?.hash_password(password.as_bytes()).map_err(|error| HashError(error.to_string()))?;
    Ok(hashed.to_string())
}

/// Compares, in the time of the stored hash's own parameters.
///
/// # Errors
/// [`HashError`] when the stored text is no hash.
pub fn verify(password: &str, stored: &str, cost: Cost) -> Result<Verdict, HashError> {
    let parsed = PasswordHash::new(stored).map_err(|error| HashError(error.to_string()))?;
    if password.len() > MAX_BYTES || hasher(cost)?.verify_password(password.as_bytes(), &parsed).is_err() {
        return Ok(Verdict::Wrong);
    }
    Ok(if is_current(&parsed, cost) { Verdict::Right } else { Verdict::RightButOutdated })
}

fn is_current(stored: &PasswordHash, cost: Cost) -> bool {
    stored.algorithm == Algorithm::Argon2id.ident()
        && Params::try_from(stored).is_ok_and(|params| {
            (params.m_cost(), params.t_cost(), params.p_cost()) == (cost.memory, cost.iterations, cost.parallelism)
        })
}

fn hasher(cost: Cost) -> Result<Argon2<'static>, HashError> {
    let params = Params::new(cost.memory, cost.iterations, cost.parallelism, None);
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params.map_err(|error| HashError(error.to_string()))?))
}

#[cfg(test)]
mod tests;
