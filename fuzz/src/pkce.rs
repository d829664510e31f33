//! Proof Key for Code Exchange (RFC 7636).

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use countersign::protocol::{
    params::{Params, Repeatable},
    pkce::{CodeChallenge, CodeVerifier, check},
};

/// The right verifier opens, and nothing else does: no other one, none, nor one that nobody asked for.
pub fn holds(data: &[u8]) {
    let [challenge, method, verifier] = super::lines(data);
    let pairs = [("code_challenge", &challenge), ("code_challenge_method", &method), ("code_verifier", &verifier)];
    let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let Ok(params) = Params::from_form(form.as_bytes(), Repeatable::Protocol) else { return };
    let required = CodeChallenge::parse(&params, true);
    let kept = CodeChallenge::parse(&params, false);
    assert!(!matches!(required, Ok(None)), "a public client never goes without");
    if let Ok(Some(kept)) = &kept {
        assert!(method == "S256" && kept.as_str() == challenge);
        assert_eq!(B64.decode(&challenge).unwrap().len(), 32);
    }
    let sent = CodeVerifier::parse(&params);
    let (Ok(kept), Ok(sent)) = (kept, sent) else { return };
    let right = match (&kept, &sent) {
        (None, None) => true,
        (Some(_), Some(_)) => B64.encode(digest(&SHA256, verifier.as_bytes())) == challenge,
        _ => false,
    };
    assert_eq!(check(kept.as_ref(), sent.as_ref()).is_ok(), right);
    if let Some(sent) = &sent {
        let own = CodeChallenge::from_stored(&B64.encode(digest(&SHA256, verifier.as_bytes())));
        assert!(own.is_some() && check(own.as_ref(), Some(sent)).is_ok(), "its own challenge it answers");
        assert!(check(None, Some(sent)).is_err());
    }
}
