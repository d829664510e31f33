use proptest::prelude::*;

use super::*;
use crate::protocol::params::Repeatable;

fn form(text: &str) -> Params {
    Params::from_form(text.as_bytes(), Repeatable::Protocol).unwrap()
}

#[test]
fn a_token_comes_in_the_header_or_in_the_form_and_not_in_both() {
    let (none, one) = (Params::default(), form("token=t"));
    assert_eq!(Presented::parse(Some("Bearer t"), &none, "token"), Ok(Presented::Header("t")));
    assert_eq!(Presented::parse(Some("bEARER  t "), &none, "token"), Ok(Presented::Header("t")));
    assert_eq!(Presented::parse(None, &one, "token"), Ok(Presented::Form("t")));
    assert_eq!(Presented::parse(None, &one, "access_token"), Err(Refusal::TokenMissing));
    assert_eq!(Presented::parse(Some("Bearer t"), &one, "token"), Err(Refusal::TokenTwice));
    for other in ["", "Bearer", "Bearer ", "Basic dDp0", "token t"] {
        assert_eq!(Presented::parse(Some(other), &none, "token"), Err(Refusal::TokenMissing), "{other}");
    }
}

proptest! {
    #[test]
    fn any_header_is_read_or_refused(header in "\\PC{0,60}") {
        let none = Params::default();
        if let Ok(presented) = Presented::parse(Some(&header), &none, "token") {
            prop_assert!(header.contains(presented.text()) && !presented.text().is_empty());
        }
    }
}
