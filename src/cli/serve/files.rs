//! How many files may be open: every connection is one, and shells give out as few as 1024.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Below this it is said aloud: ten thousand idle connections (SECURITY.md), and what the server itself has open.
const ENOUGH: u64 = 10_240;

/// Raises the limit to what the system lets this process have.
pub(super) fn allow_many() {
    let before = getrlimit(Resource::Nofile);
    if before.current != before.maximum {
        let all = Rlimit { current: before.maximum, maximum: before.maximum };
        if let Err(error) = setrlimit(Resource::Nofile, all) {
            tracing::debug!(%error, "the limit of open files was not raised");
        }
    }
    if let Some(limit) = getrlimit(Resource::Nofile).current.filter(|limit| *limit < ENOUGH) {
        tracing::warn!(limit, "few files may be open, and each connection is one: raise LimitNOFILE (ulimit -Hn)");
    }
}
