use super::samples::{self, NASTY};
use super::*;

#[test]
fn every_page_has_one_headline_and_a_title_and_the_way_it_looks_and_nothing_inline() {
    let pages = samples::all();
    samples::write(&pages);
    for (name, html) in pages {
        assert_eq!(html.matches("<h1").count(), 1, "{name}");
        assert!(html.contains("<html lang=\"en\" dir=\"ltr\">"), "{name}");
        assert!(html.contains("href=\"/auth/assets/0123456789abcdef/style.css\""), "{name}");
        let title = html.split("<title>").nth(1).and_then(|rest| rest.split("</title>").next()).expect("a title");
        assert!(title.ends_with(" · Example ID") && title.len() > 15 && !title.contains('<'), "{name}: {title}");
        assert_eq!(html.matches("<main").count(), 1, "{name}");
        let own = "<script src=\"/auth/assets/0123456789abcdef/submit.js\"></script>";
        let sends_itself = name.starts_with("continue") || name.starts_with("form-post");
        assert_eq!(html.matches(own).count(), usize::from(sends_itself), "{name}");
        let html = html.replace(own, "");
        for forbidden in [" style=", "<style", "<script", " onclick", "javascript:", "&lt;bdi", "&#60;bdi", "&amp;lt;"]
        {
            assert!(!html.contains(forbidden), "{name} has {forbidden}");
        }
    }
}

#[test]
fn every_link_and_form_of_ours_keeps_the_path_of_the_issuer() {
    for (name, html) in samples::all() {
        for place in ["href=\"/", "action=\"/", "src=\"/"] {
            for (at, _) in html.match_indices(place) {
                assert!(html[at + place.len()..].starts_with("auth/"), "{name}: {}", &html[at..at + 40]);
            }
        }
    }
}

#[test]
fn a_logo_is_ours_and_has_its_size_and_says_nothing_beside_the_name() {
    let mut shown = Vec::new();
    for (name, html) in samples::all() {
        let pictures: Vec<&str> = html.split("<img").skip(1).filter_map(|rest| rest.split('>').next()).collect();
        for picture in &pictures {
            assert_eq!(attribute(picture, "src"), Some("/auth/assets/logo/k7Qm/AbCdEfGh01234567"), "{name}");
            let size = (attribute(picture, "width"), attribute(picture, "height"), attribute(picture, "alt"));
            assert_eq!(size, (Some("52"), Some("52"), Some("")), "{name}");
        }
        if !pictures.is_empty() {
            assert_eq!(pictures.len(), 1, "{name}");
            shown.push(name);
        }
    }
    for name in ["login", "choose-account", "consent", "device-confirm", "account-apps", "logout"] {
        assert!(shown.iter().any(|shown| shown == name), "{name}: {shown:?}");
    }
    assert!(!shown.iter().any(|name| name.ends_with("-nasty")), "{shown:?}");
}

#[test]
fn every_form_that_changes_something_has_its_token() {
    for (name, html) in samples::all() {
        for form in html.split("<form").skip(1) {
            let form = form.split("</form>").next().expect("a form");
            assert!(form.contains("method=\"post\""), "{name}");
            assert!(form.contains("name=\"csrf\"") || is_of_no_person(&name), "{name}: {form}");
        }
    }
}

/// Forms that carry what was sealed or decided before, and change nothing by themselves.
fn is_of_no_person(name: &str) -> bool {
    name.starts_with("continue") || name.starts_with("form-post") || name == "logout-leaving-waits"
}

#[test]
fn every_field_has_a_label_and_what_describes_it_exists() {
    for (name, html) in samples::all() {
        for (at, _) in html.match_indices("<input") {
            let input = html[at..].split('>').next().expect("an input");
            if input.contains("type=\"hidden\"") || input.contains("aria-hidden") || input.contains("\"remember\"") {
                continue; // no label needed, or it stands in its label
            }
            let id = attribute(input, "id").unwrap_or_else(|| panic!("{name}: {input}"));
            assert!(html.contains(&format!("<label for=\"{id}\"")), "{name}: {id}");
            for described in attribute(input, "aria-describedby").unwrap_or_default().split_whitespace() {
                assert!(html.contains(&format!("id=\"{described}\"")), "{name}: {described}");
            }
        }
        let mut ids: Vec<&str> =
            html.match_indices(" id=\"").filter_map(|(at, _)| attribute(&html[at..], "id")).collect();
        let all = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), all, "{name} has an id twice");
    }
}

#[test]
fn what_strangers_chose_is_never_markup_and_never_turns_the_text_around() {
    for (name, html) in samples::all() {
        assert!(!html.contains("<b>"), "{name}");
        let shown = html.replace(&format!("value=\"{}\"", "a&#34;b&#60;c&#62;"), "");
        if let Some(at) = shown.find('\u{202e}') {
            // only what goes back as it came: a typed username, or the received value in its own <code dir>
            let before = &shown[..at];
            assert!(before.ends_with("&#38;amp;"), "{name}");
            assert!(
                before.rfind("value=\"") > before.rfind('>')
                    || before.rfind("<code dir=\"ltr\">") >= before.rfind("<b"),
                "{name}"
            );
        }
        assert!(!shown.contains(NASTY), "{name}");
    }
}

#[test]
fn a_page_is_small() {
    let most = 20 * 1024 - 4 * 1024; // the stylesheet has the rest, compressed
    for (name, html) in samples::all() {
        assert!(html.len() < most, "{name}: {}", html.len());
    }
}

#[test]
fn an_optional_scope_is_never_ticked_and_no_key_allows_by_itself() {
    let consents = samples::all().into_iter().filter(|(name, _)| name.starts_with("consent"));
    for (name, html) in consents {
        assert!(!html.contains(" checked>"), "{name}");
        let own = html.split("<button").skip(1).find(|button| !button.contains("form=\"switch\"")).expect("a button");
        assert!(own.starts_with(" name=\"decision\" value=\"deny\">"), "{name}: Enter would press {own}");
        let cancel = html.find("value=\"deny\"").expect("Cancel");
        assert!(cancel < html.find("value=\"allow\"").expect("Allow"), "{name}");
        let mild = html.find("<ul class=\"scopes\">").unwrap_or_default();
        assert!(html.find("scopes danger").is_none_or(|danger| mild < danger), "{name}");
    }
}

#[test]
fn only_https_becomes_a_link() {
    for (url, good) in [
        ("https://app.example/privacy", true),
        ("HTTPS://app.example", true),
        ("http://app.example/", false),
        ("javascript:alert(1)", false),
        ("data:text/html,x", false),
        ("//app.example/", false),
        ("https:", false),
        ("", false),
    ] {
        assert_eq!(HttpsUrl::parse(url).is_some(), good, "{url}");
    }
}

#[test]
fn a_browser_is_known_by_its_user_agent() {
    use super::user_agent::Device;
    for (user_agent, browser, system) in [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", Some("Firefox"), Some("Linux")),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 \
             Safari/537.36 Edg/141.0.0.0",
            Some("Edge"),
            Some("Windows"),
        ),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 \
             Safari/605.1.15",
            Some("Safari"),
            Some("macOS"),
        ),
        (
            "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile \
             Safari/537.36",
            Some("Chrome"),
            Some("Android"),
        ),
        ("<script>", None, None),
        ("", None, None),
    ] {
        assert_eq!(Device::from_user_agent(user_agent), Device { browser, system }, "{user_agent}");
    }
}

fn attribute<'h>(tag: &'h str, name: &str) -> Option<&'h str> {
    tag.split(&format!(" {name}=\"")).nth(1)?.split('"').next()
}
