//! Somebody with a browser too small to need one: a cookie jar that reads forms and sends them.

use anyhow::{Context, Result, ensure};
use reqwest::header::LOCATION;
use reqwest::{Client, Response, StatusCode, Url, redirect};

pub(crate) struct Person {
    http: Client,
    username: String,
    password: String,
}

impl Person {
    pub(crate) fn new(username: &str, password: &str) -> Result<Self> {
        let http = Client::builder().cookie_store(true).redirect(redirect::Policy::none()).build()?;
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
}

async fn page(answer: Response) -> Result<String> {
    let (status, url) = (answer.status(), answer.url().clone());
    let text = answer.text().await?;
    ensure!(status == StatusCode::OK, "{status} at {url}: {text}");
    Ok(text)
}

fn location(answer: &Response) -> Result<Url> {
    ensure!(answer.status() == StatusCode::SEE_OTHER, "{} at {}", answer.status(), answer.url());
    let to = answer.headers().get(LOCATION).context("a 303 says where")?.to_str()?;
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

fn attribute(tag: &str, name: &str) -> Option<String> {
    let rest = tag.split(&format!("{name}=\"")).nth(1)?;
    rest.split('"').next().map(str::to_owned)
}
