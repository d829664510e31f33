use super::*;

#[test]
fn a_description_is_plain_ascii_whatever_was_sent() {
    let nasty = Refusal::RedirectUriUnregistered("https://x/\"\\\r\nSet-Cookie: é\u{202e}".repeat(40));
    let text = nasty.description();
    assert!(text.bytes().all(|b| (0x20..0x7f).contains(&b) && b != b'"' && b != b'\\'), "{text}");
    assert!(text.len() <= 300);
}

#[test]
fn an_unknown_client_and_a_wrong_secret_read_alike() {
    assert_eq!(Refusal::ClientUnknown.description(), Refusal::SecretWrong.description());
    assert_eq!(Refusal::ClientUnknown.code(), Refusal::SecretWrong.code());
}

#[test]
fn docs_errors_md_explains_every_refusal() {
    let docs = include_str!("../../../docs/errors.md");
    for name in Refusal::NAMES {
        assert!(docs.contains(&format!("`{name}`")), "docs/errors.md lacks {name}");
    }
}
