use proptest::prelude::*;

use super::*;
use crate::protocol::params::Repeatable;

fn params(text: &str) -> Params {
    Params::from_form(text.as_bytes(), Repeatable::Protocol).unwrap()
}

fn basic(pair: &(impl AsRef<[u8]> + ?Sized)) -> String {
    format!("Basic {}", B64.encode(pair))
}

#[test]
fn header_and_form_name_the_same_client_in_one_way_only() {
    let parse = |header: Option<&str>, form: &str| PresentedCredentials::parse(header, &params(form));
    let header = basic("app:s3cret");
    let presented = parse(Some(&header), "client_id=app").unwrap();
    assert_eq!(presented.client_id, "app");
    assert_eq!(presented.secret.unwrap().secret.expose(), "s3cret");
    assert_eq!(parse(Some(&header), "client_id=other").unwrap_err(), Refusal::CredentialsConflict);
    assert_eq!(parse(Some(&header), "client_secret=s3cret").unwrap_err(), Refusal::CredentialsTwice);
    assert_eq!(parse(None, "a=b").unwrap_err(), Refusal::ClientMissing);
    assert!(parse(None, "client_id=app").unwrap().secret.is_none());
    for assertion in ["client_id=app&client_assertion=e30", "client_assertion_type=x"] {
        assert_eq!(parse(None, assertion).unwrap_err(), Refusal::AssertionMalformed);
        assert_eq!(parse(Some(&header), assertion).unwrap_err(), Refusal::CredentialsTwice);
        let posted = format!("client_secret=s3cret&{assertion}");
        assert_eq!(parse(None, &posted).unwrap_err(), Refusal::CredentialsTwice);
    }
    assert!(parse(Some(&basic("app:")), "").unwrap().secret.is_none(), "an empty secret is no secret");
}

#[test]
fn a_percent_encoded_header_means_the_same_and_a_raw_one_is_kept_beside() {
    let parse = |header: &str| PresentedCredentials::parse(Some(header), &params("")).unwrap();
    let encoded = parse(&basic("%61pp:a%2Bb"));
    assert_eq!((encoded.client_id.as_str(), encoded.secret.as_ref().unwrap().secret.expose()), ("app", "a+b"));
    let raw = parse(&basic("app:a+b%")).secret.unwrap();
    assert_eq!((raw.secret.expose(), raw.raw), ("a+b%", Some(Secret::presented("a+b%"))));
    assert!(parse(&basic("app:plain")).secret.unwrap().raw.is_none());
    let lower = basic("app:x").replace("Basic", "bAsIc");
    assert_eq!(parse(&lower).client_id, "app");
}

#[test]
fn a_header_that_is_no_utf_8_is_read_as_latin_1() {
    let secret = |header: &str| PresentedCredentials::parse(Some(header), &params("")).unwrap().secret.unwrap();
    for pair in [&b"app:caf\xe9"[..], "app:café".as_bytes()] {
        assert_eq!(secret(&basic(pair)).secret.expose(), "café");
    }
    let both = secret(&basic(b"app:caf\xe9+%21"));
    assert_eq!((both.secret.expose(), both.raw), ("café !", Some(Secret::presented("café+%21"))));
}

#[test]
fn a_client_is_served_only_by_its_registered_method() {
    let of = |method| ClientMetadata { token_endpoint_auth_method: method, ..ClientMetadata::default() };
    let by = |form: &str, header: Option<&str>| PresentedCredentials::parse(header, &params(form)).unwrap();
    let (posted, sent) = (by("client_id=a&client_secret=s", None), by("", Some(&basic("a:s"))));
    let bare = by("client_id=a", None);
    assert!(check_method(&posted, &of(AuthMethod::AnySecret)).is_ok());
    assert!(check_method(&sent, &of(AuthMethod::AnySecret)).is_ok());
    assert!(check_method(&posted, &of(AuthMethod::ClientSecretPost)).is_ok());
    assert!(check_method(&bare, &of(AuthMethod::None)).is_ok());
    assert!(matches!(check_method(&sent, &of(AuthMethod::ClientSecretPost)), Err(Refusal::MethodNotRegistered(..))));
    assert!(matches!(check_method(&posted, &of(AuthMethod::ClientSecretBasic)), Err(Refusal::MethodNotRegistered(..))));
    assert!(matches!(check_method(&posted, &of(AuthMethod::None)), Err(Refusal::MethodNotRegistered(..))));
    for method in [AuthMethod::AnySecret, AuthMethod::ClientSecretBasic, AuthMethod::ClientSecretPost] {
        assert_eq!(check_method(&bare, &of(method)), Err(Refusal::SecretMissing));
    }
}

proptest! {
    #[test]
    fn any_header_is_read_or_refused(header in "\\PC{0,60}", pair in "\\PC{0,40}") {
        let _read = PresentedCredentials::parse(Some(&header), &params(""));
        let _read = PresentedCredentials::parse(Some(&basic(&pair)), &params(""));
    }
}
