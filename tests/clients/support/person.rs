//! Somebody with a browser too small to need one: a cookie jar that reads forms and sends them.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use reqwest::header::LOCATION;
use reqwest::{Client, Response, StatusCode, Url, redirect};
use serde_json::Value;

pub(crate) struct Person {
    http: Client,
    username: String,
    password: String,
}

impl Person {
    pub(crate) fn new(username: &str, password: &str) -> Result<Self> {
        let http = Client::builder().cookie_store(true).redirect(redirect::Policy::none()).timeout(PATIENCE).build()?;
        Ok(Self { http, username: username.to_owned(), password: password.to_owned() })
    }

    /// Follows an app's link, signs in, allows what is asked, and gives the address the app gets back.
    pub(crate) async fn sign_in_and_allow(&self, url: &Url) -> Result<Url> {
        let sign_in = page(self.http.get(url.clone()).send().await?).await?;
        let mut fields = hidden_fields(&sign_in, "login")?;
        fields.push(("username".to_owned(), self.username.clone()));
        fields.push(("password".to_owned(), self.password.clone()));
        let on = location(&self.http.post(url.join("/login")?).form(&fields).send().await?)?;
        let consent = page(self.http.get(on).send().await?).await?;
        let mut fields = hidden_fields(&consent, "consent")?;
        fields.push(("decision".to_owned(), "allow".to_owned()));
        location(&self.http.post(url.join("/oauth2/authorize")?).form(&fields).send().await?)
    }

    /// Follows an app's link for signing out, says yes, and gives the address that leads back to the app.
    pub(crate) async fn sign_out(&self, url: &Url) -> Result<Url> {
        let question = page(self.http.get(url.clone()).send().await?).await?;
        let mut fields = hidden_fields(&question, "logout")?;
        fields.push(("logout".to_owned(), "yes".to_owned()));
        location(&self.http.post(url.join(&action(&question, "logout")?)?).form(&fields).send().await?)
    }

    /// Where a link leads that must be answered without a page.
    pub(crate) async fn ask_silently(&self, url: &Url) -> Result<Url> {
        let answer = self.http.get(url.clone()).send().await?;
        ensure!(answer.status() == StatusCode::FOUND, "{} at {url}", answer.status());
        leads_to(&answer)
    }

    /// Follows a link as a browser does, to the page where no more is asked: signs in where that is asked, and allows.
    pub(crate) async fn visit(&self, url: &str) -> Result<Arrived> {
        self.answer(url, "", |fields| fields.push(("decision".to_owned(), "allow".to_owned()))).await
    }

    /// Opens the page that a device names, types the code that it shows, and allows what it asks for.
    pub(crate) async fn connect(&self, page: &str, user_code: &str) -> Result<Arrived> {
        self.answer(page, user_code, |fields| fields.push(("decision".to_owned(), "allow".to_owned()))).await
    }

    /// The same, with Cancel instead of Allow.
    pub(crate) async fn visit_and_refuse(&self, url: &str) -> Result<Arrived> {
        self.answer(url, "", |fields| fields.push(("decision".to_owned(), "deny".to_owned()))).await
    }

    /// The same with Allow; of the permissions that may be skipped, only these stay ticked.
    pub(crate) async fn visit_and_allow_only(&self, url: &str, scopes: &[&str]) -> Result<Arrived> {
        let answer = |fields: &mut Vec<(String, String)>| {
            fields.extend(scopes.iter().map(|scope| ("scope".to_owned(), (*scope).to_owned())));
            fields.push(("decision".to_owned(), "allow".to_owned()));
        };
        self.answer(url, "", answer).await
    }

    /// Follows a link to its end; `answer` puts into the consent page's form what the person decides. `user_code` is what
    /// a device shows.
    async fn answer(&self, url: &str, user_code: &str, answer: impl Fn(&mut Vec<(String, String)>)) -> Result<Arrived> {
        let mut way = Vec::new();
        let mut reply = self.http.get(url).send().await?;
        while way.len() < LONGEST_WAY {
            let (url, status) = (reply.url().clone(), reply.status());
            way.push(url.clone());
            if status.is_redirection() {
                let to = reply.headers().get(LOCATION).context("a redirect says where")?.to_str()?;
                reply = self.http.get(url.join(to)?).send().await?;
                continue;
            }
            let text = reply.text().await?;
            let (to, fields) = if let Ok(to) = action(&text, "login") {
                let mut fields = hidden_fields(&text, "login")?;
                fields.push(("username".to_owned(), self.username.clone()));
                fields.push(("password".to_owned(), self.password.clone()));
                (to, fields)
            } else if let Ok(to) = action(&text, "device") {
                let mut fields = hidden_fields(&text, "device")?;
                fields.push(("user_code".to_owned(), user_code.to_owned()));
                (to, fields)
            } else if let Ok(to) = action(&text, "consent") {
                let mut fields = hidden_fields(&text, "consent")?;
                answer(&mut fields);
                (to, fields)
            } else {
                return Ok(Arrived { status, text, way });
            };
            reply = self.http.post(url.join(&to)?).form(&fields).send().await?;
        }
        bail!("this goes round in circles: {way:?}")
    }
}

/// More than any app needs; a wrong password comes back to the same page for ever.
const LONGEST_WAY: usize = 20;
/// For one page; a program that never answers must not keep the tests for ever.
const PATIENCE: Duration = Duration::from_mins(2);

/// A page where a link led in the end.
#[derive(Debug)]
pub(crate) struct Arrived {
    pub(crate) status: StatusCode,
    pub(crate) text: String,
    /// Every address on the way here, the first and this one as well.
    pub(crate) way: Vec<Url>,
}

impl Arrived {
    /// What the app there says, as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.status, StatusCode::OK, "{self:?}");
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The last address on the way here that had this path.
    #[track_caller]
    pub(crate) fn passed(&self, path: &str) -> &Url {
        self.way.iter().rfind(|url| url.path() == path).unwrap_or_else(|| panic!("{path} is not in {:?}", self.way))
    }
}

async fn page(answer: Response) -> Result<String> {
    let (status, url) = (answer.status(), answer.url().clone());
    let text = answer.text().await?;
    ensure!(status == StatusCode::OK, "{status} at {url}: {text}");
    Ok(text)
}

fn location(answer: &Response) -> Result<Url> {
    ensure!(answer.status() == StatusCode::SEE_OTHER, "{} at {}", answer.status(), answer.url());
    leads_to(answer)
}

fn leads_to(answer: &Response) -> Result<Url> {
    let to = answer.headers().get(LOCATION).with_context(|| format!("{} leads on", answer.url()))?.to_str()?;
    Ok(answer.url().join(to)?)
}

/// The hidden fields of one form, by its id. Our values need no unescaping: they are base64url.
fn hidden_fields(page: &str, id: &str) -> Result<Vec<(String, String)>> {
    let start = page.find(&format!("id=\"{id}\"")).with_context(|| format!("no form {id} in {page}"))?;
    let form = page[start..].split("</form>").next().unwrap_or_default();
    Ok(form
        .split("<input ")
        .map(|input| input.split('>').next().unwrap_or_default())
        .filter(|input| input.contains("type=\"hidden\""))
        .filter_map(|input| Some((attribute(input, "name")?, attribute(input, "value")?)))
        .collect())
}

/// Where a form is sent to.
fn action(page: &str, id: &str) -> Result<String> {
    let tags = page.split("<form ").skip(1).map(|form| form.split('>').next().unwrap_or_default());
    let tag = tags.into_iter().find(|tag| tag.contains(&format!("id=\"{id}\""))).context("no such form")?;
    attribute(tag, "action").context("a form says where it goes")
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let rest = tag.split(&format!("{name}=\"")).nth(1)?;
    rest.split('"').next().map(str::to_owned)
}
