//! What is sent: requests that are HTTP and mean harm.

use base64::{Engine, engine::general_purpose::STANDARD as B64};

use super::{
    known::Known,
    message::{Draft, MARK, Message, Rules, encoded},
    words::{GRANTS, METHODS, NAMES, PATHS, PIECES, TYPES},
};
use crate::support::{Dice, VERIFIER};

/// Any one of them.
pub(super) fn any(dice: &mut Dice, known: &Known) -> Message {
    let mut draft = match dice.below(20) {
        0..=3 => wild(dice, known),
        4..=7 => authorization(dice, known),
        8..=10 => token(dice, known),
        11 | 12 => json(dice, known),
        13..=15 => forged_token(dice, known),
        16 | 17 => cookies(dice, known),
        18 => basic(dice, known),
        _ => form_of_a_page(dice, known),
    };
    if dice.once_in(4) {
        odd_headers(dice, &mut draft);
    }
    draft.chunked = dice.once_in(6);
    draft.written(&known.host, dice)
}

/// Text that somebody might choke on.
fn text(dice: &mut Dice) -> String {
    match dice.below(10) {
        0 => String::new(),
        1 => MARK.to_owned(),
        2 => format!("';DROP TABLE users;--{MARK}"),
        3 => "\u{202e}\u{0}\r\nSet-Cookie: a=b\r\n\r\n".to_owned(),
        4 => String::from_utf8_lossy(&dice.bytes(40)).into_owned(),
        5 => {
            (0..dice.below(60)).filter_map(|_| char::from_u32(u32::try_from(dice.below(0x11_0000)).unwrap())).collect()
        }
        6 => "9".repeat(dice.below(400)),
        7 => "https://evil.example/".to_owned() + MARK,
        8 => "x".repeat(dice.below(5000)),
        _ => format!("-1e999 {MARK}"),
    }
}

fn pairs(dice: &mut Dice, most: usize) -> Vec<(String, String)> {
    let name = |dice: &mut Dice| if dice.once_in(8) { text(dice) } else { dice.one_of(NAMES).to_owned() };
    (0..dice.below(most + 1)).map(|_| (name(dice), text(dice))).collect()
}

/// Anything anywhere.
fn wild(dice: &mut Dice, known: &Known) -> Draft {
    let mut target = dice.one_of(PATHS).to_owned();
    for _ in 0..dice.below(4) {
        if dice.once_in(2) {
            target.push('/');
        }
        target.push_str(dice.one_of(PIECES));
    }
    if dice.once_in(3) {
        target = format!("{target}?{}", encoded(&pairs(dice, 5)));
    }
    if dice.once_in(12) {
        target.push_str(&"a".repeat(dice.below(20_000)));
    }
    // what may stand in a request line and nothing else
    let target: String =
        target.chars().filter(|c| c.is_ascii_graphic() && !matches!(c, '"' | '<' | '>' | '{' | '}')).collect();
    let method = dice.one_of(METHODS);
    let target = match dice.below(30) {
        0 => format!("http://{}{target}", known.host),
        1 if method == "OPTIONS" => "*".to_owned(),
        _ => target,
    };
    let draft = Draft::new(method, target);
    match dice.below(6) {
        0 => draft.body(dice.one_of(TYPES), dice.bytes(300)),
        1 => draft.form(&pairs(dice, 8)),
        2 if dice.once_in(20) => draft.body(dice.one_of(TYPES), vec![b'a'; dice.below(90_000)]),
        _ => draft,
    }
}

/// A good authorization request with additions, repetitions and changes.
fn authorization(dice: &mut Dice, known: &Known) -> Draft {
    let mut all = known.authorization();
    for _ in 0..dice.below(4) {
        let name = if dice.once_in(6) { text(dice) } else { dice.one_of(NAMES).to_owned() };
        let at = all.iter().position(|(found, _)| *found == name);
        let value = match (at, dice.below(5)) {
            (Some(at), 0..=2) => String::from_utf8_lossy(&dice.changed(all[at].1.as_bytes())).into_owned(),
            (_, 3) => dice
                .one_of(&["none", "login", "consent", "code", "token", "query", "form_post", "openid", "0"])
                .to_owned(),
            _ => text(dice),
        };
        match at {
            Some(at) if dice.once_in(2) => all[at].1 = value,
            _ => all.insert(dice.below(all.len() + 1), (name, value)),
        }
    }
    let mut query = encoded(&all);
    if dice.once_in(5) {
        query = dice
            .changed(query.as_bytes())
            .iter()
            .filter(|b| b.is_ascii_graphic() && !b"\"<>#".contains(b))
            .map(|b| char::from(*b))
            .collect();
    }
    let draft = if dice.once_in(5) {
        Draft::new("POST", "/oauth2/authorize").body("application/x-www-form-urlencoded", query)
    } else {
        Draft::new(dice.one_of(&["GET", "GET", "GET", "HEAD"]), format!("/oauth2/authorize?{query}"))
    };
    if dice.once_in(3) { draft.header("Cookie", known.cookie_header()) } else { draft }
}

/// Good credentials, and behind them anything.
fn token(dice: &mut Dice, known: &Known) -> Draft {
    let mut all = vec![("grant_type".to_owned(), dice.one_of(GRANTS).to_owned())];
    let forged = forged(dice, &known.refresh_token);
    for (name, value) in [
        ("code", forged.clone()),
        ("refresh_token", forged),
        ("redirect_uri", known.redirect_uri.clone()),
        ("code_verifier", VERIFIER.to_owned()),
        ("scope", "openid profile".to_owned()),
        ("username", "ada".to_owned()),
        ("password", text(dice)),
        ("token", text(dice)),
    ] {
        if dice.once_in(2) {
            all.push((name.to_owned(), value));
        }
    }
    all.extend(pairs(dice, 3).into_iter().filter(|(name, _)| name != "refresh_token"));
    let path = dice.one_of(&["/oauth2/access_token", "/oauth2/access_token", "/oauth2/introspect", "/oauth2/revoke"]);
    if dice.once_in(2) {
        all.push(("client_id".to_owned(), known.client_id.clone()));
        all.push(("client_secret".to_owned(), known.secret.clone()));
        return Draft::new("POST", path).form(&all);
    }
    Draft::new("POST", path).form(&all).header("Authorization", known.basic())
}

/// JSON of every shape, at the one door that takes any and at those that do not.
fn json(dice: &mut Dice, known: &Known) -> Draft {
    fn value(dice: &mut Dice, depth: usize) -> String {
        match dice.below(if depth == 0 { 6 } else { 9 }) {
            0 => "null".to_owned(),
            1 => "true".to_owned(),
            2 => format!("{}", dice.next()),
            3 => "-1e400".to_owned(),
            4 => "\"\\ud800\"".to_owned(),
            5 => serde_json::to_string(&text(dice)).unwrap(),
            6 => format!("[{}]", (0..dice.below(4)).map(|_| value(dice, depth - 1)).collect::<Vec<_>>().join(",")),
            _ => object(dice, depth - 1),
        }
    }
    fn object(dice: &mut Dice, depth: usize) -> String {
        let member = |dice: &mut Dice| format!("\"{}\":{}", dice.one_of(NAMES), value(dice, depth));
        format!("{{{}}}", (0..dice.below(5)).map(|_| member(dice)).collect::<Vec<_>>().join(","))
    }
    let body = match dice.below(6) {
        0 => "[".repeat(dice.below(30_000)),
        1 => format!("{{\"a\":{}", "{\"a\":".repeat(dice.below(5000))),
        2 => value(dice, 4),
        3 => {
            let object = object(dice, 3);
            String::from_utf8_lossy(&dice.changed(object.as_bytes())).into_owned()
        }
        _ => {
            let grant = dice.one_of(GRANTS);
            let rest = object(dice, 1);
            format!(
                "{{\"client_id\":\"{}\",\"client_secret\":\"{}\",\"grant_type\":\"{grant}\",{}",
                known.client_id,
                known.secret,
                &rest[1..]
            )
        }
    };
    let path = dice.one_of(&["/oauth2/access_token", "/oauth2/access_token", "/oauth2/introspect", "/login"]);
    Draft::new("POST", path).body("application/json", body)
}

/// The genuine token with something changed, so that it is another one.
fn forged(dice: &mut Dice, genuine: &str) -> String {
    loop {
        let changed = String::from_utf8_lossy(&dice.changed(genuine.as_bytes())).into_owned();
        // space round a token is none of it
        if changed.trim() != genuine {
            return changed;
        }
    }
}

/// A changed JWT, or one put together anew, wherever one is read.
fn forged_token(dice: &mut Dice, known: &Known) -> Draft {
    let genuine = if dice.once_in(4) { &known.id_token } else { &known.access_token };
    let parts: Vec<&str> = genuine.split('.').collect();
    let url = base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let token = match dice.below(6) {
        0 => {
            let kid =
                serde_json::from_slice::<serde_json::Value>(&url.decode(parts[0]).unwrap()).unwrap()["kid"].clone();
            let alg = dice.one_of(&["none", "None", "HS256", "HS512", "ES256", "RS256", "PS256", "EdDSA", ""]);
            let header = serde_json::json!({"alg": alg, "typ": "at+jwt", "kid": kid, "jku": "http://127.0.0.1:9/k",
                "jwk": {"kty": "oct", "k": "AA"}, "crit": ["exp"]});
            let signature = dice.one_of(&["", parts[2], "AA"]);
            format!("{}.{}.{signature}", url.encode(header.to_string()), parts[1])
        }
        1 => {
            let claims = url.decode(parts[1]).unwrap();
            format!("{}.{}.{}", parts[0], url.encode(dice.changed(&claims)), parts[2])
        }
        2 => format!("{}.{}", parts[0], parts[1]),
        3 => ".".repeat(dice.below(2000)),
        _ => forged(dice, genuine),
    };
    let token = if token == known.access_token { "x".to_owned() } else { token };
    let pair = |name: &str| [(name.to_owned(), token.clone())];
    match dice.below(7) {
        0 | 1 => {
            Draft::new("GET", "/api/verify").header("Authorization", format!("Bearer {token}")).rules(Rules::Forged)
        }
        2 => Draft::new("GET", "/oauth2/userinfo")
            .header("Authorization", format!("Bearer {token}"))
            .rules(Rules::Forged),
        3 => Draft::new("POST", "/oauth2/userinfo").form(&pair("access_token")).rules(Rules::Forged),
        4 => {
            let draft = Draft::new("POST", "/oauth2/introspect").form(&pair("token"));
            draft.header("Authorization", known.basic()).rules(Rules::ForgedInquiry)
        }
        5 => Draft::new("POST", "/oauth2/revoke").form(&pair("token")).header("Authorization", known.basic()),
        _ => {
            let mut all = known.authorization();
            all.push((dice.one_of(&["id_token_hint", "request"]).to_owned(), token));
            Draft::new("GET", format!("/oauth2/authorize?{}", encoded(&all)))
        }
    }
}

/// Cookies that are changed, doubled, or somebody else's.
fn cookies(dice: &mut Dice, known: &Known) -> Draft {
    let mut all: Vec<String> = known
        .cookies
        .iter()
        .map(|(name, value)| {
            format!(
                "{name}={}",
                if name.ends_with("session") { forged(dice, value).replace(';', "A") } else { value.clone() }
            )
        })
        .collect();
    match dice.below(4) {
        0 => all.push(format!("countersign_session={}", text(dice))),
        1 => all.push(String::from_utf8_lossy(&dice.bytes(40)).into_owned()),
        2 => all.reverse(),
        _ => all.push(";;==; =x; countersign_browser".to_owned()),
    }
    let path = dice.one_of(&["/account", "/account/apps", "/account/sessions"]);
    Draft::new("GET", path).header("Cookie", all.join("; ")).rules(Rules::Forged)
}

/// A form of one of our pages, with its hidden values changed.
fn form_of_a_page(dice: &mut Dice, known: &Known) -> Draft {
    let (path, mut all) = if dice.once_in(2) {
        ("/login", vec![("username", "ada"), ("password", "wrong"), ("csrf", &known.login_csrf)])
    } else {
        ("/oauth2/authorize", vec![("decision", "allow"), ("csrf", &known.csrf)])
    };
    all.push(("interaction", &known.interaction));
    let mut all: Vec<(String, String)> =
        all.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let at = dice.below(all.len());
    all[at].1 = match dice.below(3) {
        0 => text(dice),
        _ => forged(dice, &all[at].1.clone()),
    };
    let draft = Draft::new("POST", path).form(&all);
    if dice.once_in(2) { draft.header("Cookie", known.cookie_header()) } else { draft }
}

/// Credentials in a header, unreadable or wrong.
fn basic(dice: &mut Dice, known: &Known) -> Draft {
    let pair = match dice.below(5) {
        0 => B64.encode(dice.bytes(60)),
        1 => String::from_utf8_lossy(&dice.changed(B64.encode("a:b").as_bytes())).into_owned(),
        2 => B64.encode(format!("{}:{}", known.client_id, text(dice))),
        3 => B64.encode(format!("{}:{}", text(dice), known.secret)),
        _ => B64.encode(format!("{}:{}", known.client_id, forged(dice, &known.secret))),
    };
    let scheme = dice.one_of(&["Basic", "basic", "BASIC  ", "Bearer", "Negotiate", "", "DPoP"]);
    let form = [("grant_type".to_owned(), "client_credentials".to_owned())];
    let path = dice.one_of(&["/oauth2/access_token", "/oauth2/introspect", "/oauth2/revoke"]);
    Draft::new("POST", path).form(&form).header("Authorization", format!("{scheme} {pair}")).rules(Rules::Forged)
}

/// Headers that change nothing, or should not.
fn odd_headers(dice: &mut Dice, draft: &mut Draft) {
    for _ in 0..=dice.below(3) {
        let value = match dice.below(3) {
            0 => dice.bytes(60),
            1 => text(dice).into_bytes(),
            _ => b"evil.example".to_vec(),
        };
        let name = dice.one_of(&[
            "X-Forwarded-For",
            "X-Forwarded-Host",
            "X-Forwarded-Proto",
            "Forwarded",
            "X-Real-IP",
            "X-Original-URL",
            "X-HTTP-Method-Override",
            "Origin",
            "Referer",
            "Accept",
            "Accept-Language",
            "Accept-Encoding",
            "Cookie",
            "Range",
            "If-None-Match",
            "If-Modified-Since",
            "User-Agent",
            "X-Request-Id",
            "Sec-Fetch-Site",
            "Sec-Fetch-Dest",
            "Sec-Fetch-Mode",
            "Sec-Purpose",
            "DPoP",
            "TE",
            "Via",
            "Proxy-Authorization",
            "Access-Control-Request-Method",
        ]);
        draft.headers.push((name.to_owned(), value));
    }
    match dice.below(20) {
        0 => draft.headers.push(("Content-Encoding".to_owned(), b"gzip".to_vec())),
        1 => draft.headers.extend((0..dice.below(80)).map(|n| (format!("X-{n}"), b"y".to_vec()))),
        2 => draft.headers.push(("X-Large".to_owned(), vec![b'z'; dice.below(60_000)])),
        3 => draft.headers.push(("Expect".to_owned(), b"100-continue".to_vec())),
        4 => draft.headers.push(("Connection".to_owned(), b"close".to_vec())),
        5 => draft.headers.push(("Authorization".to_owned(), b"Bearer x".to_vec())),
        _ => {}
    }
}
