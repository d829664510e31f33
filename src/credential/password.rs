//! Passwords and other secrets that somebody chose: Argon2id (RFC 9106), hashed again when the parameters change.

use std::cell::RefCell;

use argon2::{
    Algorithm, Argon2, Block, Params, Version,
    password_hash::phc::{Output, ParamsString, PasswordHash, Salt},
};
use subtle::ConstantTimeEq;

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
    params(cost).map(drop)
}

/// Hashes with a random salt; gives the PHC text that is stored. Takes as long as `cost` asks: call it off the
/// request's thread.
///
/// # Errors
/// [`HashError`] for parameters Argon2 refuses.
pub fn hash(password: &str, cost: Cost) -> Result<String, HashError> {
    let (params, salt) = (params(cost)?, Salt::generate());
    let mut output = [0; Params::DEFAULT_OUTPUT_LEN];
    fill(&mut output, password, &salt, (Algorithm::Argon2id, Version::V0x13, params.clone()))?;
    let hashed = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(&params).map_err(unfit)?,
        salt: Some(salt),
        hash: Some(Output::new(&output).map_err(unfit)?),
    };
    Ok(hashed.to_string())
}

/// Compares, in the time of the stored hash's own parameters.
///
/// # Errors
/// [`HashError`] when the stored text is no hash.
pub fn verify(password: &str, stored: &str, cost: Cost) -> Result<Verdict, HashError> {
    let parsed = PasswordHash::new(stored).map_err(unfit)?;
    if password.len() > MAX_BYTES || !is_right(password, &parsed) {
        return Ok(Verdict::Wrong);
    }
    Ok(if is_current(&parsed, cost) { Verdict::Right } else { Verdict::RightButOutdated })
}

/// Compares in constant time. A hash that Argon2 cannot make again is nobody's.
fn is_right(password: &str, stored: &PasswordHash) -> bool {
    let (Some(salt), Some(expected)) = (&stored.salt, &stored.hash) else { return false };
    let made_with = || {
        let algorithm = Algorithm::try_from(stored.algorithm.as_str()).ok()?;
        let version = stored.version.map_or(Ok(Version::default()), Version::try_from).ok()?;
        Some((algorithm, version, Params::try_from(stored).ok()?))
    };
    let Some(made_with) = made_with() else { return false };
    let mut output = vec![0; expected.len()];
    fill(&mut output, password, salt, made_with).is_ok() && output.as_slice().ct_eq(expected.as_bytes()).into()
}

fn is_current(stored: &PasswordHash, cost: Cost) -> bool {
    stored.algorithm == Algorithm::Argon2id.ident()
        && Params::try_from(stored).is_ok_and(|params| {
            (params.m_cost(), params.t_cost(), params.p_cost()) == (cost.memory, cost.iterations, cost.parallelism)
        })
}

fn params(cost: Cost) -> Result<Params, HashError> {
    Params::new(cost.memory, cost.iterations, cost.parallelism, None).map_err(unfit)
}

thread_local! {
    /// What the last hash of this thread was made in. Kept: the allocator would hold on to several of these a thread.
    static MEMORY: RefCell<Vec<Block>> = const { RefCell::new(Vec::new()) };
}

fn fill(
    output: &mut [u8],
    password: &str,
    salt: &[u8],
    (algorithm, version, params): (Algorithm, Version, Params),
) -> Result<(), HashError> {
    MEMORY.with_borrow_mut(|memory| {
        if memory.len() != params.block_count() {
            // the old one goes first
            *memory = Vec::new();
            *memory = vec![Block::new(); params.block_count()];
        }
        let argon2 = Argon2::new(algorithm, version, params);
        argon2.hash_password_into_with_memory(password.as_bytes(), salt, output, memory).map_err(unfit)
    })
}

fn unfit(error: impl std::fmt::Display) -> HashError {
    HashError(error.to_string())
}

#[cfg(test)]
mod tests;
