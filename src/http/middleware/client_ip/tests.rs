use actix_web::test::TestRequest;
use proptest::prelude::*;

use super::*;

fn found(headers: &[(&'static str, &str)]) -> Option<String> {
    let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
    found_in_bytes(&headers)
}

fn found_in_bytes(headers: &[(&'static str, &[u8])]) -> Option<String> {
    let mut request = TestRequest::default().peer_addr("10.0.0.1:80".parse().unwrap());
    for (name, value) in headers {
        request = request.append_header((*name, *value));
    }
    let trusted = ["10.0.0.0/8".parse().unwrap()];
    find(&request.to_srv_request(), &trusted).map(|address| address.to_string())
}

#[test]
fn the_right_most_address_that_no_trusted_proxy_has_is_whose_it_is() {
    for (headers, expected) in [
        (vec![], "10.0.0.1"),
        (vec![("x-forwarded-for", "203.0.113.9")], "203.0.113.9"),
        (vec![("x-forwarded-for", "1.1.1.1, 203.0.113.9, 10.2.2.2")], "203.0.113.9"),
        (vec![("x-forwarded-for", "1.1.1.1"), ("x-forwarded-for", "203.0.113.9")], "203.0.113.9"),
        (vec![("x-forwarded-for", "1.1.1.1, nonsense")], "10.0.0.1"),
        (vec![("x-forwarded-for", "203.0.113.9:4711")], "203.0.113.9"),
        (vec![("forwarded", "for=\"[2001:db8::1]:80\";by=x")], "2001:db8::1"),
        (vec![("forwarded", "for=1.1.1.1, for=unknown")], "10.0.0.1"),
        (vec![("forwarded", "for=1.1.1.1"), ("x-forwarded-for", "203.0.113.9")], "203.0.113.9"),
    ] {
        assert_eq!(found(&headers).as_deref(), Some(expected), "{headers:?}");
    }
}

#[test]
fn a_claim_that_is_no_text_ends_the_chain_and_does_not_make_room_for_a_strangers_other_header() {
    for (claim, expected) in [
        (&b"\xff"[..], "10.0.0.1"),
        (b"1.1.1.1, \xe4", "10.0.0.1"),
        (b"\xe4, 203.0.113.9", "203.0.113.9"),
        (b"1.1.1.1, \xe4, 203.0.113.9, 10.2.2.2", "203.0.113.9"),
    ] {
        let headers = [("x-forwarded-for", claim), ("forwarded", b"for=198.51.100.1")];
        assert_eq!(found_in_bytes(&headers).as_deref(), Some(expected), "{claim:?}");
    }
    assert_eq!(found_in_bytes(&[("forwarded", b"for=1.1.1.1, for=\"\xff\"")]).as_deref(), Some("10.0.0.1"));
}

proptest! {
    #[test]
    fn any_claim_is_read_or_ends_the_chain(claim in "[ -~]{0,60}") {
        prop_assert!(found(&[("x-forwarded-for", &claim)]).is_some());
        prop_assert!(found(&[("forwarded", &claim)]).is_some());
    }
}
