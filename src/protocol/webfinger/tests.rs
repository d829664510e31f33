use super::*;

#[test]
fn everybody_of_this_host_has_this_issuer_and_nobody_else() {
    let issuer = "https://id.example.com/auth";
    let found = |query: &str| answer(query, issuer).map(|found| found.map(|found| found["links"].clone()));
    let link = json!([{"rel": ISSUER, "href": issuer}]);
    for query in [
        "resource=acct%3Aada%40id.example.com",
        "resource=acct:ada@ID.example.com&rel=http%3A%2F%2Fopenid.net%2Fspecs%2Fconnect%2F1.0%2Fissuer",
        "resource=acct:juliet%2540capulet.example@id.example.com&rel=a&rel=http://openid.net/specs/connect/1.0/issuer",
        "resource=https%3A%2F%2Fid.example.com%2Fada",
    ] {
        assert_eq!(found(query), Ok(Some(link.clone())), "{query}");
    }
    assert_eq!(found("resource=acct:ada@id.example.com&rel=avatar"), Ok(Some(json!([]))));
    for query in [
        "resource=acct:ada@example.com",
        "resource=acct:@id.example.com",
        "resource=acct:ada",
        "resource=http://id.example.com/ada",
        "resource=https://id.example.com:8443/ada",
        "resource=https://evil.example/@id.example.com",
        "resource=mailto:ada@id.example.com",
    ] {
        assert_eq!(found(query), Ok(None), "{query}");
    }
    for query in [
        "",
        "resource=",
        "rel=x",
        "resource=acct:a@b&resource=acct:a@b",
        "resource=acct:a%00@id.example.com",
        "resource=x",
        "resource=ada@id.example.com",
    ] {
        assert!(found(query).is_err(), "{query}");
    }
    assert!(found(&format!("resource=acct:{}@id.example.com", "x".repeat(2000))).is_err());
}
