use super::*;
use crate::protocol::{client_metadata::ClientMetadata, scope::ScopeDefinition};

const ISSUER: &str = "https://id.example";
const NOTES: &str = "https://notes.example/api";
const FILES: &str = "https://files.example/api";

fn scopes() -> ScopeTable {
    let own = |name: &str, resource: Option<&str>| ScopeDefinition {
        name: name.into(),
        description: String::new(),
        group: String::new(),
        implies: vec![],
        danger: false,
        published: false,
        resource: resource.map(str::to_owned),
        claims: Vec::new(),
        builtin: false,
    };
    ScopeTable::new(vec![own("notes", Some(NOTES)), own("files", Some(FILES)), own("plain", None)])
}

fn client(resources: &[&str]) -> Client {
    let resources = resources.iter().map(ToString::to_string).collect();
    Client { metadata: ClientMetadata { resources, ..ClientMetadata::default() }, ..Client::default() }
}

type Settled = Result<(Vec<String>, String), Refusal>;

fn own(list: &[&str]) -> Vec<String> {
    list.iter().map(ToString::to_string).collect()
}

fn settle(asked: &[&str], authorized: &[&str], scope: &str, client: &Client) -> Settled {
    settle_part(asked, authorized, scope, scope, client)
}

/// Of everything that was granted, a token is to hold a part.
fn settle_part(asked: &[&str], authorized: &[&str], granted: &str, part: &str, client: &Client) -> Settled {
    let (granted, part) = (Scope::parse(granted).unwrap(), Scope::parse(part).unwrap());
    let authorized = Authorized { resources: &own(authorized), scope: &granted };
    audience(&own(asked), Some(authorized), &part, client, &scopes(), ISSUER)
        .map(|audience| (audience.resources, audience.scope.to_string()))
}

#[test]
fn nothing_named_means_the_scopes_resource_then_the_default_then_the_issuer() {
    let of = |uris: &[&str], scope: &str| Ok((uris.iter().map(ToString::to_string).collect(), scope.to_owned()));
    assert_eq!(settle(&[], &[], "plain", &client(&[])), of(&[ISSUER], "plain"));
    assert_eq!(settle(&[], &[], "notes plain", &client(&[])), of(&[NOTES], "notes plain"));
    assert_eq!(settle(&[], &[], "plain", &client(&[FILES])), of(&[FILES], "plain"));
    assert_eq!(settle(&[], &[], "notes plain", &client(&[FILES])), of(&[NOTES], "notes plain"));
    assert_eq!(settle(&[], &[], "openid notes", &client(&[])), of(&[NOTES, ISSUER], "openid notes"));
    assert_eq!(settle(&[], &[], "notes files", &client(&[])), Err(Refusal::ScopesOfSeveralResources));
}

#[test]
fn a_named_resource_gets_its_own_scopes_and_only_what_was_authorized() {
    let of = |uris: &[&str], scope: &str| Ok((uris.iter().map(ToString::to_string).collect(), scope.to_owned()));
    let client = client(&[NOTES, FILES]);
    assert_eq!(settle(&[NOTES], &[NOTES, FILES], "openid notes files", &client), of(&[NOTES], "notes"));
    assert_eq!(settle(&[], &[NOTES], "openid notes", &client), of(&[NOTES], "notes"));
    assert_eq!(settle(&[ISSUER], &[NOTES], "openid notes", &client), of(&[ISSUER], "openid"));
    assert_eq!(settle(&[], &[NOTES, FILES], "notes files", &client), Err(Refusal::ResourceAmbiguous));
    assert_eq!(settle(&[FILES], &[NOTES], "notes", &client), Err(Refusal::ResourceNotAllowed(FILES.into())));
    assert_eq!(settle(&[ISSUER], &[NOTES], "notes", &client), Err(Refusal::ResourceNotAllowed(ISSUER.into())));
}

#[test]
fn where_nothing_was_named_a_token_is_good_where_the_whole_scope_is_and_nowhere_else() {
    let of = |uris: &[&str], scope: &str| Ok((own(uris), scope.to_owned()));
    let client = client(&[FILES, NOTES]);
    let granted = "openid notes plain";
    assert_eq!(settle(&[NOTES], &[], granted, &client), of(&[NOTES], "notes"));
    assert_eq!(settle(&[ISSUER], &[], granted, &client), of(&[ISSUER], "openid plain"));
    assert_eq!(settle(&[FILES], &[], granted, &client), Err(Refusal::ResourceNotAllowed(FILES.into())));
    assert_eq!(settle(&[NOTES, FILES], &[], granted, &client), Err(Refusal::ResourceNotAllowed(FILES.into())));
    assert_eq!(settle(&[ISSUER], &[], "notes", &client), Err(Refusal::ResourceNotAllowed(ISSUER.into())));
    // the client's default is no way out
    assert_eq!(settle_part(&[], &[], granted, "openid", &client), of(&[ISSUER], "openid"));
    assert_eq!(settle_part(&[], &[], granted, "notes", &client), of(&[NOTES], "notes"));
    assert_eq!(settle_part(&[], &[], "notes plain", "plain", &client), of(&[NOTES], "plain"));
    assert_eq!(settle_part(&[FILES], &[], granted, "openid", &client), Err(Refusal::ResourceNotAllowed(FILES.into())));
}

#[test]
fn a_token_that_nobody_has_agreed_to_is_for_whatever_the_client_may_name() {
    let scope = Scope::parse("notes files").unwrap();
    let settle = |asked: &[&str], scope: &Scope| {
        audience(&own(asked), None, scope, &client(&[FILES, NOTES]), &scopes(), ISSUER).map(|found| found.resources)
    };
    assert_eq!(settle(&[FILES], &scope), Ok(own(&[FILES])));
    assert_eq!(settle(&[NOTES, FILES], &scope), Ok(own(&[NOTES, FILES])));
    assert_eq!(settle(&[], &scope), Err(Refusal::ScopesOfSeveralResources));
    assert_eq!(settle(&[], &Scope::default()), Ok(own(&[FILES])));
}

#[test]
fn spelling_that_means_the_same_is_the_same_and_no_other() {
    assert!(same("https://host.example", "HTTPS://Host.example:443/"));
    assert!(!same("https://host.example/a", "https://host.example/a/"));
    assert!(!same("https://host.example", "http://host.example"));
    assert!(!same("urn:a", "urn:A"));
    let client = client(&["https://host.example"]);
    let asked = ["https://host.example/".to_owned(), "https://HOST.example".to_owned()];
    assert_eq!(allowed(&asked, &client, ISSUER).unwrap(), ["https://host.example"]);
    assert!(allowed(&["https://other.example".to_owned()], &client, ISSUER).is_err());
}
