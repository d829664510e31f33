use super::*;

fn registered(uris: &[&str], sector_identifier_uri: Option<&str>) -> ClientMetadata {
    ClientMetadata {
        redirect_uris: uris.iter().map(ToString::to_string).collect(),
        sector_identifier_uri: sector_identifier_uri.map(str::to_owned),
        ..ClientMetadata::default()
    }
}

#[test]
fn the_sector_is_the_host_of_its_document_or_the_one_host_of_all_redirects() {
    for (uris, document, expected) in [
        (&["https://a.example/cb", "https://a.example:8443/other"][..], None, Some("a.example")),
        (&["https://a.example/cb", "https://b.example/cb"], None, None),
        (
            &["https://a.example/cb", "https://b.example/cb"],
            Some("https://group.example/all.json"),
            Some("group.example"),
        ),
        (&["http://127.0.0.1/cb"], None, None),
        (&["com.example.app:/cb"], None, None),
        (&["https://a.example/cb", "com.example.app:/cb"], None, None),
        (&[], None, None),
        (&[], Some("https://group.example/"), Some("group.example")),
    ] {
        assert_eq!(sector(&registered(uris, document)).as_deref(), expected, "{uris:?} {document:?}");
    }
}

#[test]
fn a_pairwise_subject_is_one_for_each_key_person_and_sector() {
    let (key, other) = ([7; 32], [8; 32]);
    let subject = pairwise(&key, "a.example", "ada");
    assert_eq!(subject, pairwise(&key, "a.example", "ada"));
    for another in [
        pairwise(&other, "a.example", "ada"),
        pairwise(&key, "b.example", "ada"),
        pairwise(&key, "a.example", "bob"),
        pairwise(&key, "a.example a", "da"),
        pairwise(&key, "a.exampl", "eada"),
    ] {
        assert_ne!(subject, another);
    }
    assert!(subject.len() > 40 && subject.len() <= 255 && subject.is_ascii(), "{subject}");
}
