//! JSON at the token endpoint (PROTOCOL P32).

use countersign::protocol::params::{Params, Repeatable};
use serde_json::Value;

/// What is read is a flat object of strings to any other reader as well, and means the same as the form.
pub fn holds(data: &[u8]) {
    let Ok(params) = Params::from_json(data) else { return };
    let Ok(Value::Object(members)) = serde_json::from_slice(data) else { panic!("it is no object") };
    for (name, value) in &members {
        let all: Vec<&str> = match value {
            Value::String(text) => vec![text],
            Value::Array(texts) if matches!(name.as_str(), "resource" | "audience") => {
                texts.iter().map(|text| text.as_str().unwrap()).collect()
            }
            other => panic!("{name} is {other}"),
        };
        let found: Vec<&str> = params.all(name).collect();
        // the other reader keeps the last of a repeated member, ours all of those that may be repeated
        let kept = all.iter().filter(|text| !text.is_empty()).all(|text| found.contains(text));
        assert!(kept, "{name}: {all:?}, {found:?}");
    }
    assert_eq!(Params::from_form(params.to_form().as_bytes(), Repeatable::Protocol), Ok(params));
}
