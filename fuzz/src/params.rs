//! Forms and queries (RFC 6749 §3.1, appendix B).

use countersign::protocol::params::{MAX_VALUE_BYTES, Params, Repeatable, decode};

/// What is read is written and read again as the same; nothing comes twice, nothing is empty, nothing is hidden.
pub fn holds(data: &[u8]) {
    for repeatable in [Repeatable::Protocol, Repeatable::ConsentForm] {
        let Ok(params) = Params::from_form(data, repeatable) else { continue };
        let form = params.to_form();
        assert_eq!(Params::from_form(form.as_bytes(), repeatable).as_ref(), Ok(&params), "{form}");
        for (name, value) in url::form_urlencoded::parse(form.as_bytes()) {
            assert!(!value.is_empty() && value.len() <= MAX_VALUE_BYTES);
            assert!(!name.contains('\0') && !value.contains('\0'));
            let all = params.all(&name).count();
            let scopes = name == "scope" && repeatable == Repeatable::ConsentForm;
            assert!(all == 1 || matches!(&*name, "resource" | "audience") || scopes, "{name} comes {all} times");
            assert_eq!(params.find(&name), params.all(&name).next());
        }
        assert!(params.only(&[]).is_empty());
    }
    if let Some(text) = decode(data) {
        let encoded: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
        assert_eq!(decode(encoded.as_bytes()), Some(text));
    }
}
