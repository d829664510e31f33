//! A browser without JavaScript: keeps cookies, follows what it is told to.

use super::{App, Door, Lost, Reply, encode, server::PASSWORD};

#[derive(Clone)]
pub(crate) struct Browser<'a> {
    pub(crate) server: &'a Door,
    pub(crate) cookies: Vec<(String, String)>,
    /// Sent with every request.
    pub(crate) headers: Vec<(&'static str, String)>,
}

impl<'a> Browser<'a> {
    pub(crate) fn new(server: &'a Door) -> Self {
        Self { server, cookies: Vec::new(), headers: Vec::new() }
    }

    pub(crate) async fn send(&mut self, request: reqwest::RequestBuilder) -> Reply {
        self.try_send(request).await.unwrap()
    }

    /// As [`Browser::send`], to a server that may end before it has answered.
    pub(crate) async fn try_send(&mut self, request: reqwest::RequestBuilder) -> Result<Reply, Lost> {
        let jar = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ");
        let mut request = if jar.is_empty() { request } else { request.header("cookie", jar) };
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let reply = Reply::try_of(request).await?;
        for cookie in reply.headers.get_all("set-cookie") {
            let cookie = cookie.to_str().unwrap();
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            self.cookies.retain(|(known, _)| known != name);
            if !cookie.contains("Max-Age=0") {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
        Ok(reply)
    }

    pub(crate) async fn get(&mut self, path: &str) -> Reply {
        self.try_get(path).await.unwrap()
    }

    pub(crate) async fn try_get(&mut self, path: &str) -> Result<Reply, Lost> {
        let path = path.strip_prefix(&self.server.issuer).unwrap_or(path).to_owned();
        self.try_send(self.server.request("GET", &path)).await
    }

    pub(crate) async fn post(&mut self, path: &str, pairs: &[(&str, &str)]) -> Reply {
        self.try_post(path, pairs).await.unwrap()
    }

    pub(crate) async fn try_post(&mut self, path: &str, pairs: &[(&str, &str)]) -> Result<Reply, Lost> {
        let request = self.server.request("POST", path).header("content-type", "application/x-www-form-urlencoded");
        self.try_send(request.body(encode(pairs))).await
    }

    /// The value of a cookie of ours.
    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.iter().find(|(known, _)| known.ends_with(name)).map(|(_, value)| value.clone())
    }

    /// Signs in at the account's own page.
    pub(crate) async fn sign_in(&mut self, username: &str) -> Reply {
        self.try_to_sign_in(username, PASSWORD).await
    }

    pub(crate) async fn try_to_sign_in(&mut self, username: &str, password: &str) -> Reply {
        let page = self.get("/login").await;
        if page.status.is_redirection() {
            return page;
        }
        self.post("/login", &[("username", username), ("password", password), ("csrf", &page.field("csrf"))]).await
    }

    /// Is anybody signed in here? The account's page comes, or leads to the sign-in page. Anything else says neither.
    pub(crate) async fn is_signed_in(&mut self) -> bool {
        let page = self.get("/account").await;
        if page.status != 200 {
            assert_eq!(page.has_status(303).location(), "/login");
        }
        page.status == 200
    }

    /// Opens an app's authorization request.
    pub(crate) async fn authorize(&mut self, app: &App<'_>, more: &[(&str, &str)]) -> Reply {
        self.get(&app.authorize_path(more)).await
    }

    /// Answers the sign-in page of a waiting app and goes on to what follows.
    pub(crate) async fn sign_in_here(&mut self, page: &Reply, username: &str) -> Reply {
        let fields = [
            ("username", username),
            ("password", PASSWORD),
            ("csrf", &page.field("csrf")),
            ("interaction", &page.field("interaction")),
        ];
        let next = self.post("/login", &fields).await;
        next.has_status(303);
        self.get(next.location()).await
    }

    /// Presses a button of the consent page.
    pub(crate) async fn decide(&mut self, page: &Reply, decision: &str, ticked: &[&str]) -> Reply {
        let (csrf, interaction) = (page.field("csrf"), page.field("interaction"));
        let mut fields = vec![("csrf", csrf.as_str()), ("interaction", &interaction), ("decision", decision)];
        fields.extend(ticked.iter().map(|scope| ("scope", *scope)));
        self.post("/oauth2/authorize", &fields).await
    }

    /// A code for an app: whatever page comes is answered with yes.
    pub(crate) async fn allow(&mut self, app: &App<'_>, more: &[(&str, &str)]) -> String {
        let mut reply = self.authorize(app, more).await;
        if reply.status == 200 && reply.body.contains("id=\"login\"") {
            reply = self.sign_in_here(&reply, "ada").await;
        }
        if reply.status == 200 {
            reply = self.decide(&reply, "allow", &[]).await;
        }
        reply
            .redirected()
            .remove("code")
            .unwrap_or_else(|| panic!("no code: {} {}", reply.status, reply.header("location")))
    }
}
