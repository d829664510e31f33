use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;

const BOUNDARY: &str = "----WebKitFormBoundary7MA4YWxkTrZu0gW";

/// As browsers write it, and PHP.
fn written<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut body = String::new();
    for (name, text) in pairs {
        write!(body, "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n").unwrap();
    }
    body + "--" + BOUNDARY + "--\r\n"
}

/// One part with these headers and this text.
fn part(headers: &str, text: &str) -> String {
    format!("--{BOUNDARY}\r\n{headers}\r\n\r\n{text}\r\n--{BOUNDARY}--\r\n")
}

fn of(body: &str) -> Result<Params, Refusal> {
    read(body.as_bytes(), BOUNDARY)
}

#[test]
fn a_boundary_is_that_of_a_form_of_parts_in_quotes_or_without() {
    let longest = "b".repeat(70);
    for (content_type, found) in [
        ("multipart/form-data; boundary=x", Some("x")),
        ("Multipart/Form-Data;Boundary=\"x y\"", Some("x y")),
        ("multipart/form-data; charset=utf-8; boundary=----x=", Some("----x=")),
        ("multipart/form-data; boundary=x; charset=utf-8", Some("x")),
        (&format!("multipart/form-data; boundary={longest}"), Some(&*longest)),
        (&format!("multipart/form-data; boundary={longest}b"), None),
        ("multipart/form-data; boundary=", None),
        ("multipart/form-data; boundary=\"\"", None),
        ("multipart/form-data; boundary=\"x", None),
        ("multipart/form-data", None),
        ("multipart/mixed; boundary=x", None),
        ("application/json; boundary=x", None),
        ("", None),
    ] {
        assert_eq!(boundary(content_type), found, "{content_type}");
    }
}

#[test]
fn names_and_texts_are_read_whatever_else_a_parts_headers_say() {
    let params =
        of(&written([("client_id", "a"), ("code", "b\r\n--c\r\n\r\nd"), ("scope", "é"), ("state", "")])).unwrap();
    let read: Vec<_> = params.iter().collect();
    assert_eq!(read, [("client_id", "a"), ("code", "b\r\n--c\r\n\r\nd"), ("scope", "é")]);
    for headers in [
        "Content-Disposition: form-data; name=code",
        "content-disposition:FORM-DATA;NAME=\"code\"",
        "Content-Type: text/plain; charset=utf-8\r\nContent-Length: 1\r\nContent-Disposition: form-data; name=\"code\"",
    ] {
        assert_eq!(of(&part(headers, "b")).unwrap().find("code"), Some("b"), "{headers}");
    }
    assert!(of(&written([])).unwrap().is_empty());
    assert!(of(written([]).trim_end()).unwrap().is_empty());
}

#[test]
fn files_and_whatever_is_not_whole_are_no_body() {
    let whole = written([("code", "b")]);
    let cut = (0..whole.len() - 2).map(|end| whole[..end].to_owned());
    let headers = [
        "Content-Disposition: form-data; name=\"code\"; filename=\"b\"",
        "Content-Disposition: form-data; name=code; filename=b",
        "Content-Disposition: form-data; filename=\"b\"; name=\"code\"",
        "Content-Disposition: form-data; name=\"code",
        "Content-Disposition: form-data; name=\"co\\\"de\"",
        "Content-Disposition: form-data; name",
        "Content-Disposition: form-data",
        "Content-Disposition: attachment; name=\"code\"",
        "Content-Disposition: form-data; name=\"code\"\r\nContent-Disposition: form-data; name=\"code\"",
        "Content-Disposition",
        "Content-Type: text/plain",
        "",
    ];
    let others = [
        String::new(),
        "code=b".to_owned(),
        format!("\r\n{whole}"),
        format!("{whole}\r\n"),
        whole.replace("\r\n", "\n"),
        whole.replace(BOUNDARY, "another"),
        whole.replace("\r\n\r\n", "\r\n"),
        whole.replacen(BOUNDARY, &format!("{BOUNDARY}x"), 1),
    ];
    for body in cut.chain(headers.map(|all| part(all, "b"))).chain(others) {
        assert!(matches!(of(&body), Err(Refusal::BodyMalformed(_))), "{body:?}");
    }
    let mut latin = part("Content-Disposition: form-data; name=code", "!").into_bytes();
    latin.iter_mut().filter(|byte| **byte == b'!').for_each(|byte| *byte = 0xe9);
    assert!(matches!(read(&latin, BOUNDARY), Err(Refusal::BodyMalformed(_))));
}

#[test]
fn what_holds_of_any_form_holds_of_one_of_parts() {
    assert_eq!(of(&written([("a", "1"), ("a", "2")])), Err(Refusal::ParameterRepeated("a".into())));
    assert_eq!(of(&written([("a", "1"), ("a", "")])), Err(Refusal::ParameterRepeated("a".into())));
    assert_eq!(of(&written([("resource", "x"), ("resource", "y")])).unwrap().all("resource").count(), 2);
    assert_eq!(of(&written([("a", "x\0")])), Err(Refusal::ParameterUnreadable("a".into())));
    let long = "n".repeat(200);
    assert!(matches!(of(&written([(&*long, "x")])), Err(Refusal::BodyMalformed(_))));
}

proptest! {
    #[test]
    fn pairs_that_are_written_as_parts_come_back(
        pairs in proptest::collection::btree_map("[^\0\"\\\\;\r\n]{0,20}", "[^\0]{1,40}", 0..8)
    ) {
        let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        let params = of(&written(pairs.iter().copied())).unwrap();
        prop_assert_eq!(params.iter().collect::<Vec<_>>(), pairs);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300), kind in ".{0,80}") {
        let _boundary = boundary(&kind);
        let _whole = read(&bytes, "x");
        let part = [&b"--x\r\n"[..], bytes.as_slice(), b"\r\n--x--"].concat();
        let _part = read(&part, "x");
    }
}
