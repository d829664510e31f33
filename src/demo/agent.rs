//! A browser that does what the made-up person would do: it opens the server's own pages, signs in, and agrees or not.

use url::Url;

use super::{
    stage::{Halt, Outcome, Stage, Why},
    step::Actor,
    wire::Sent,
};

/// What the person says on the consent page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Decision {
    /// Allow.
    #[default]
    Allow,
    /// Allow, with these boxes ticked.
    Tick(&'static [&'static str]),
    /// Cancel.
    Deny,
}

/// Pages and redirects at most until the browser is back at the app.
const MOST_PAGES: usize = 12;

/// From an address of the server to the address of the app at which the browser ends; `None` when a page of the server
/// refuses to go on.
///
/// # Errors
/// [`Halt`] when a page is neither of these.
pub(crate) async fn walk(stage: &mut Stage, url: &str, why: Why<'_>, decision: Decision) -> Outcome<Option<String>> {
    match browse(stage, url, why, decision, None).await? {
        End::App(address) => Ok(Some(address)),
        End::Page { status: 400, .. } => Ok(None),
        End::Page { at, .. } => Err(Halt::Unexpected(format!("no form at {at}"))),
    }
}

/// The person enters a device's code at this address of the server, and decides.
///
/// # Errors
/// [`Halt`] when that does not end on a page of the server.
pub(crate) async fn enter_code(stage: &mut Stage, url: &str, code: &str, decision: Decision) -> Outcome {
    let why = Why(
        "The person opens the page",
        "On a telephone, for example: the address was on the device’s screen, or in a picture to photograph.",
    );
    match browse(stage, url, why, decision, Some(code)).await? {
        End::Page { status: 200, .. } => Ok(()),
        End::Page { at, status } => Err(Halt::Unexpected(format!("{at} answers {status}"))),
        End::App(address) => Err(Halt::Unexpected(format!("the browser was sent to {address}"))),
    }
}

/// Where the browser ends.
enum End {
    /// At an address that is not the server's.
    App(String),
    /// At a page of the server without a form that it knows.
    Page { at: String, status: u16 },
}

async fn browse(
    stage: &mut Stage,
    url: &str,
    why: Why<'_>,
    decision: Decision,
    user_code: Option<&str>,
) -> Outcome<End> {
    let mut cookies = Vec::new();
    let mut why = why;
    let mut request = Sent::get(url);
    for _ in 0..MOST_PAGES {
        let at = request.url.clone();
        if !cookies.is_empty() {
            request = request.with("Cookie", jar(&cookies));
        }
        let reply = stage.send(Actor::Browser, why, request.with("Accept", "text/html")).await?;
        remember(&mut cookies, &reply.headers);
        if let Some(to) = reply.header("location") {
            let to = Url::parse(&at).and_then(|at| at.join(to)).map_err(|error| Halt::Unexpected(error.to_string()))?;
            if !to.as_str().starts_with(&stage.cast.issuer) {
                return Ok(End::App(to.to_string()));
            }
            request = Sent::get(to);
            let words = match user_code {
                Some(_) => "The code travels along.",
                None => "The sealed request travels along; the server has stored nothing of it yet.",
            };
            why = Why("The browser follows", words);
            continue;
        }
        let Some(form) = ["login", "consent", "device"].into_iter().find_map(|id| form(&reply.body, id)) else {
            return Ok(End::Page { at, status: reply.status });
        };
        let mut fields = form.fields;
        if form.id == "login" {
            fields.push(("username".to_owned(), stage.cast.person.username.clone()));
            fields.push(("password".to_owned(), stage.cast.person.password.clone()));
            why = Why(
                "Sign in",
                "The person fills in the server's own form. The app is not part of this and never sees the password.",
            );
        } else if form.id == "device" {
            fields.push(("user_code".to_owned(), user_code.unwrap_or_default().to_owned()));
            why = Why("The code", "The person types what the device shows.");
        } else {
            let (word, said) = match decision {
                Decision::Allow => {
                    ("allow", Why("Consent: Allow", "The person reads what the app may do, and allows it."))
                }
                Decision::Tick(boxes) => {
                    fields.extend(boxes.iter().map(|name| ("scope".to_owned(), (*name).to_owned())));
                    (
                        "allow",
                        Why(
                            "Consent: Allow, but for one",
                            "The person ticks what the app may have, and skips the rest.",
                        ),
                    )
                }
                Decision::Deny => {
                    ("deny", Why("Consent: Cancel", "The person reads what the app may do, and says no."))
                }
            };
            fields.push(("decision".to_owned(), word.to_owned()));
            why = said;
        }
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        request = Sent::post(origin_of(&at) + &form.action, &fields).with("Origin", origin_of(&at));
    }
    Err(Halt::Unexpected("the browser was sent in circles".to_owned()))
}

fn origin_of(url: &str) -> String {
    Url::parse(url).map(|url| url.origin().ascii_serialization()).unwrap_or_default()
}

fn jar(cookies: &[(String, String)]) -> String {
    cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
}

fn remember(cookies: &mut Vec<(String, String)>, headers: &[(String, String)]) {
    for (_, cookie) in headers.iter().filter(|(name, _)| name == "set-cookie") {
        let Some((name, value)) = cookie.split(';').next().and_then(|pair| pair.split_once('=')) else { continue };
        cookies.retain(|(known, _)| known != name);
        if !cookie.contains("Max-Age=0") {
            cookies.push((name.to_owned(), value.to_owned()));
        }
    }
}

/// A form of one of the server's pages.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Form {
    /// Its id.
    pub(crate) id: String,
    /// Where it goes.
    pub(crate) action: String,
    /// What it sends without anybody typing.
    pub(crate) fields: Vec<(String, String)>,
}

/// Finds a form by its id in a page of ours.
pub(crate) fn form(html: &str, id: &str) -> Option<Form> {
    let found = html.split("<form").skip(1).map(|rest| rest.split("</form>").next().unwrap_or_default());
    let form = found.into_iter().find(|form| attribute(form, "id").as_deref() == Some(id))?;
    let inputs = form.split("<input").skip(1).filter(|input| attribute(input, "type").as_deref() == Some("hidden"));
    let fields =
        inputs.filter_map(|input| Some((attribute(input, "name")?, attribute(input, "value").unwrap_or_default())));
    Some(Form { id: id.to_owned(), action: attribute(form, "action").unwrap_or_default(), fields: fields.collect() })
}

/// An attribute of the tag that this text begins in.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let tag = tag.split('>').next()?;
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    let value = rest.split('"').next()?;
    let plain = [("&#34;", "\""), ("&quot;", "\""), ("&#39;", "'"), ("&#60;", "<"), ("&lt;", "<"), ("&#62;", ">")];
    let value = plain.iter().fold(value.to_owned(), |value, (entity, c)| value.replace(entity, c));
    Some(value.replace("&gt;", ">").replace("&#38;", "&").replace("&amp;", "&"))
}

#[cfg(test)]
mod tests;
