//! A server's front door, wherever the server runs.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::{Browser, Reply, encode};

/// Where a server is, by its name and by its address.
pub(crate) struct Door {
    /// Where it really listens.
    pub(crate) address: String,
    /// Other instances behind the same name: each request goes to the next one.
    others: Vec<String>,
    turn: AtomicUsize,
    /// The issuer.
    pub(crate) issuer: String,
    http: reqwest::Client,
}

impl Door {
    pub(crate) fn new(address: String, issuer: String) -> Self {
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap();
        Self { address, others: Vec::new(), turn: AtomicUsize::new(0), issuer, http }
    }

    /// In front of several instances, as a balancer that sends each request to the next one.
    pub(crate) fn before<'a>(instances: impl IntoIterator<Item = &'a Self>) -> Self {
        let mut instances = instances.into_iter();
        let first = instances.next().unwrap();
        let others = instances.map(|door| door.address.clone()).collect();
        Self { others, ..Self::new(first.address.clone(), first.issuer.clone()) }
    }

    /// Whose turn is next: 0 is the first instance's.
    pub(crate) fn begin_at(&self, instance: usize) {
        self.turn.store(instance, Ordering::Relaxed);
    }

    pub(crate) fn url(&self, path: &str) -> String {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed) % (self.others.len() + 1);
        let address = turn.checked_sub(1).map_or(&self.address, |other| &self.others[other]);
        format!("{address}{path}")
    }

    /// A plain request; `Host` is the issuer's.
    pub(crate) fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let host = url::Url::parse(&self.issuer).unwrap();
        let host = match host.port() {
            Some(port) => format!("{}:{port}", host.host_str().unwrap()),
            None => host.host_str().unwrap().to_owned(),
        };
        self.http.request(method, self.url(path)).header("host", host)
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        Reply::of(self.request("GET", path).send().await.unwrap()).await
    }

    pub(crate) async fn post(&self, path: &str, pairs: &[(&str, &str)]) -> Reply {
        self.post_form(path, encode(pairs)).await
    }

    /// A form as a program wrote it, byte for byte.
    pub(crate) async fn post_form(&self, path: &str, body: String) -> Reply {
        let request = self.request("POST", path).header("content-type", "application/x-www-form-urlencoded");
        Reply::of(request.body(body).send().await.unwrap()).await
    }

    pub(crate) async fn get_with(&self, path: &str, name: &str, value: &str) -> Reply {
        Reply::of(self.request("GET", path).header(name, value).send().await.unwrap()).await
    }

    /// The protected resource, by header.
    pub(crate) async fn resource(&self, token: &str) -> Reply {
        self.get_with("/api/verify", "authorization", &format!("Bearer {token}")).await
    }

    /// The token is alive at the protected resource, or refused there as a dead one. Any other answer says neither.
    pub(crate) async fn opens(&self, token: &str) -> bool {
        let reply = self.resource(token).await;
        if reply.status != 200 {
            reply.has_status(401).refused("invalid_token");
        }
        reply.status == 200
    }

    pub(crate) fn browser(&self) -> Browser<'_> {
        Browser::new(self)
    }
}
