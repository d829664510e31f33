//! How an access token is presented (RFC 6750 §2).

use countersign::protocol::{
    bearer::Presented,
    params::{Params, Repeatable},
};

/// One token in one way, which is what was sent, or a refusal.
pub fn holds(data: &[u8]) {
    let [header, form] = super::lines(data);
    let form = Params::from_form(form.as_bytes(), Repeatable::Protocol).unwrap_or_default();
    for authorization in [None, Some(header.as_str())] {
        match Presented::parse(authorization, &form, "token") {
            Ok(Presented::Header(token)) => {
                assert!(form.find("token").is_none());
                assert!(!token.is_empty() && token == token.trim() && header.contains(token));
                assert!(header.trim().get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case("bearer")));
            }
            Ok(Presented::Form(token)) => assert!(authorization.is_none() && form.find("token") == Some(token)),
            Err(_) => assert!(authorization.is_some() || form.find("token").is_none()),
        }
    }
}
