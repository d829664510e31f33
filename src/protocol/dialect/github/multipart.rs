//! A form of parts (`multipart/form-data`, RFC 7578, RFC 2046 §5.1.1), as far as parameters need it: names and texts,
//! no files, and nothing in front of the first part or behind the last.

use crate::protocol::{
    Refusal,
    params::{Params, Repeatable},
};

/// The boundary that the `Content-Type` of such a form names; `None` for every other type, and where there is none or
/// one that is too long.
#[must_use]
pub fn boundary(content_type: &str) -> Option<&str> {
    let (media, parameters) = content_type.split_once(';')?;
    let boundary = parameters.split(';').find_map(|parameter| value(parameter, "boundary"))?;
    let is_form = media.trim().eq_ignore_ascii_case("multipart/form-data");
    (is_form && (1..=MAX_BOUNDARY_BYTES).contains(&boundary.len())).then_some(boundary)
}

/// The parameters in a body with this boundary.
///
/// # Errors
/// [`Refusal::BodyMalformed`] for anything but parts with a name and a text in UTF-8; the others as for
/// [`Params::from_form`].
pub fn read(body: &[u8], boundary: &str) -> Result<Params, Refusal> {
    let pairs = pairs(body, format!("\r\n--{boundary}").as_bytes());
    let pairs = pairs.ok_or(Refusal::BodyMalformed("is no multipart/form-data of names and texts in UTF-8"))?;
    Params::from_pairs(pairs, Repeatable::Protocol)
}

/// The parts. The line break in a delimiter is none of the text in front of it; the first delimiter has none, because
/// nothing is in front of it.
fn pairs(body: &[u8], delimiter: &[u8]) -> Option<Vec<(String, String)>> {
    let mut rest = body.strip_prefix(delimiter.strip_prefix(b"\r\n")?)?;
    let mut pairs = Vec::new();
    while let Some(parts) = rest.strip_prefix(b"\r\n") {
        let (part, others) = split_once(parts, delimiter)?;
        pairs.push(pair(part)?);
        rest = others;
    }
    matches!(rest, b"--" | b"--\r\n").then_some(pairs)
}

/// A part's name and text. What else its headers say changes nothing.
fn pair(part: &[u8]) -> Option<(String, String)> {
    let (headers, text) = split_once(part, b"\r\n\r\n")?;
    let mut dispositions = std::str::from_utf8(headers).ok()?.split("\r\n").filter_map(|header| {
        let (name, content) = header.split_once(':')?;
        name.eq_ignore_ascii_case("content-disposition").then_some(content)
    });
    let (Some(disposition), None) = (dispositions.next(), dispositions.next()) else { return None };
    // nothing but a name: with one of a file it would be a file
    let (kind, parameter) = disposition.split_once(';')?;
    let name = value(parameter, "name").filter(|_| kind.trim().eq_ignore_ascii_case("form-data"))?;
    Some((name.to_owned(), std::str::from_utf8(text).ok()?.to_owned()))
}

/// The value of the one parameter `name=value` of a header, in quotes or without. What is escaped in it is not read:
/// each escapes in a way of their own, and no name or boundary needs it.
fn value<'a>(parameter: &'a str, name: &str) -> Option<&'a str> {
    let (found, value) = parameter.trim().split_once('=')?;
    let value = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(value);
    (found.eq_ignore_ascii_case(name) && !value.contains(['"', '\\', ';'])).then_some(value)
}

/// What is in front of the first `separator`, and what is behind it.
fn split_once<'a>(text: &'a [u8], separator: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = text.windows(separator.len()).position(|found| found == separator)?;
    Some((text.get(..at)?, text.get(at + separator.len()..)?))
}

/// RFC 2046 §5.1.1.
const MAX_BOUNDARY_BYTES: usize = 70;

#[cfg(test)]
mod tests;
