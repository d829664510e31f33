//! Where the server listens.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

use super::{
    table::{Key, Kind},
    value::{Plain, Problem, Setting},
};

/// One place to listen on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listen {
    /// An address and a port; the system chooses the port when it is 0.
    Tcp(SocketAddr),
}

impl Listen {
    /// `127.0.0.1:8080`, `[::1]:8080`; `localhost:8080` is both. `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Vec<Self>> {
        match text.strip_prefix("localhost:") {
            Some(port) => {
                let port: u16 = port.parse().ok()?;
                let both = [IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST)];
                Some(both.map(|address| Self::Tcp(SocketAddr::new(address, port))).to_vec())
            }
            None => text.parse().ok().map(|address| vec![Self::Tcp(address)]),
        }
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
        }
    }
}

/// The addresses of `listen`: at least one, each once.
pub(super) type Addresses = Vec<Listen>;

impl Setting for Addresses {
    const KIND: Kind = Kind::Addresses;

    fn parse(value: &Plain, key: &Key) -> Result<Self, Problem> {
        let mut all = Self::new();
        for (at, text) in value.texts(key)?.into_iter().enumerate() {
            let wrong = || Problem::new(format!("has `{text}`, which is not an address and a port")).item(at);
            let places = Listen::parse(text).ok_or_else(|| wrong().remedy(remedy(text)))?;
            for place in places {
                if !all.contains(&place) {
                    all.push(place);
                }
            }
        }
        if all.is_empty() {
            return Err(Problem::new("must name an address").remedy("write \"127.0.0.1:8080\""));
        }
        Ok(all)
    }
}

fn remedy(text: &str) -> String {
    if text.contains(',') {
        return "write a list: [\"127.0.0.1:8080\", \"[::1]:8080\"]".to_owned();
    }
    if text.parse::<IpAddr>().is_ok_and(|address| address.is_ipv6()) {
        return format!("write \"[{text}]:8080\"");
    }
    if text.parse::<IpAddr>().is_ok() || text == "localhost" {
        return format!("write \"{text}:8080\"");
    }
    match text.trim_start_matches(':').parse::<u16>() {
        Ok(port) => format!("write \"localhost:{port}\", or \"0.0.0.0:{port}\" for every address of this machine"),
        Err(_) => "write an IP address or localhost, a colon and a port, as in \"127.0.0.1:8080\"".to_owned(),
    }
}

#[cfg(test)]
mod tests;
