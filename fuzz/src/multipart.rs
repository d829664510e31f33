//! Forms of parts (RFC 7578), of a content type in the first line.

use countersign::protocol::{
    dialect::github::multipart::{boundary, read},
    params::Params,
};

/// What is read stands in the body, and written as parts it is read again as the same.
pub fn holds(data: &[u8]) {
    let mut halves = data.splitn(2, |byte| *byte == b'\n');
    let content_type = String::from_utf8_lossy(halves.next().unwrap_or_default());
    let body = halves.next().unwrap_or_default();
    let Some(boundary) = boundary(&content_type) else { return };
    assert!((1..=70).contains(&boundary.len()) && content_type.contains(boundary), "{boundary}");
    let Ok(params) = read(body, boundary) else { return };
    for text in params.iter().flat_map(|(name, value)| [name, value]) {
        assert!(text.is_empty() || body.windows(text.len()).any(|found| found == text.as_bytes()), "{text}");
    }
    let form = written(&params, boundary);
    assert_eq!(read(form.as_bytes(), boundary), Ok(params), "{form}");
}

fn written(params: &Params, boundary: &str) -> String {
    let mut form = String::new();
    for (name, value) in params.iter() {
        let disposition = format!("Content-Disposition: form-data; name=\"{name}\"");
        form.extend(["--", boundary, "\r\n", &disposition, "\r\n\r\n", value, "\r\n"]);
    }
    form + "--" + boundary + "--"
}
