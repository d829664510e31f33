use proptest::prelude::*;

use super::*;
use crate::protocol::params::Repeatable;

fn params(text: &str) -> Params {
    Params::from_form(text.as_bytes(), Repeatable::Protocol).unwrap()
}

const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

#[test]
fn the_example_of_rfc_7636_appendix_b_holds() {
    let kept = CodeChallenge::from_stored(CHALLENGE).unwrap();
    let sent = CodeVerifier::parse(&params(&format!("code_verifier={VERIFIER}"))).unwrap().unwrap();
    assert_eq!(check(Some(&kept), Some(&sent)), Ok(()));
    assert_eq!(check(Some(&kept), None), Err(Refusal::VerifierMissing));
    assert_eq!(check(None, Some(&sent)), Err(Refusal::VerifierUnasked));
    let other = CodeVerifier("x".repeat(43));
    assert_eq!(check(Some(&kept), Some(&other)), Err(Refusal::VerifierWrong));
}

#[test]
fn only_s256_is_taken_and_a_method_alone_is_not() {
    let asked = |text: &str| CodeChallenge::parse(&params(text), false);
    assert!(asked(&format!("code_challenge={CHALLENGE}&code_challenge_method=S256")).unwrap().is_some());
    for bad in [
        format!("code_challenge={CHALLENGE}"),
        format!("code_challenge={CHALLENGE}&code_challenge_method=plain"),
        format!("code_challenge={CHALLENGE}&code_challenge_method=s256"),
        "code_challenge_method=S256".to_owned(),
        "code_challenge=short&code_challenge_method=S256".to_owned(),
        format!("code_challenge={CHALLENGE}x&code_challenge_method=S256"),
        format!("code_challenge={}&code_challenge_method=S256", "%2B".repeat(43)),
    ] {
        assert!(asked(&bad).is_err(), "{bad}");
    }
    assert_eq!(CodeChallenge::parse(&params("a=b"), true), Err(Refusal::ChallengeMissing));
    assert_eq!(CodeChallenge::parse(&params("a=b"), false), Ok(None));
}

proptest! {
    #[test]
    fn a_verifier_opens_its_own_challenge_and_no_other(mine in "[A-Za-z0-9._~-]{43,128}", other in "[A-Za-z0-9._~-]{43,128}") {
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, mine.as_bytes());
        let kept = CodeChallenge::from_stored(&B64.encode(digest)).unwrap();
        prop_assert!(check(Some(&kept), Some(&CodeVerifier(mine.clone()))).is_ok());
        prop_assert_eq!(check(Some(&kept), Some(&CodeVerifier(other.clone()))).is_ok(), mine == other);
    }
}
