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

fn reach<'a>(client: &'a Client, scopes: &'a ScopeTable) -> Reach<'a> {
    Reach { client, scopes, issuer: ISSUER }
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
    let (scopes, named) = (scopes(), authorized.join(" "));
    let reach = reach(client, &scopes);
    // a row that has kept nothing of a page
    let authorized = reach.authorized(&named, None, &granted)?;
    reach
        .audience(&own(asked), Some(&authorized), &part)
        .map(|audience| (audience.resources, audience.scope.to_string()))
}

/// The same of a grant that has kept what its page showed.
fn settle_shown(asked: &[&str], shown: &[&str], granted: &str, part: &str, client: &Client) -> Settled {
    let (granted, part) = (Scope::parse(granted).unwrap(), Scope::parse(part).unwrap());
    let authorized = Authorized { resources: own(shown), named: false, scope: &granted };
    reach(client, &scopes())
        .audience(&own(asked), Some(&authorized), &part)
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
fn what_a_page_showed_holds_whatever_is_registered_since() {
    let of = |uris: &[&str], scope: &str| Ok((own(uris), scope.to_owned()));
    // the app has got an API, or other ones; scopes have come to one, to another, to several
    for client in [client(&[]), client(&[FILES]), client(&[FILES, NOTES])] {
        for (shown, granted) in [
            (&[ISSUER] as &[&str], "plain"),
            (&[ISSUER], "openid notes"),
            (&[NOTES], "files"),
            (&[NOTES, ISSUER], "openid plain"),
            (&[NOTES], "notes files"),
        ] {
            assert_eq!(settle_shown(&[], shown, granted, granted, &client), of(shown, granted));
        }
    }
    let client = client(&[FILES, NOTES]);
    let part = |shown: &[&str], granted: &str, part: &str| settle_shown(&[], shown, granted, part, &client);
    assert_eq!(part(&[NOTES, ISSUER], "openid notes", "openid"), of(&[ISSUER], "openid"));
    assert_eq!(part(&[ISSUER], "notes plain", "notes"), of(&[ISSUER], "notes"));
    assert_eq!(part(&[NOTES, ISSUER], "openid notes files", "notes files"), of(&[NOTES, ISSUER], "notes files"));
    let named = |uri: &str, shown: &[&str], granted: &str| settle_shown(&[uri], shown, granted, granted, &client);
    assert_eq!(named(NOTES, &[NOTES, ISSUER], "openid notes plain"), of(&[NOTES], "notes"));
    assert_eq!(named(FILES, &[NOTES, ISSUER], "openid files"), Err(Refusal::ResourceNotAllowed(FILES.into())));
    assert_eq!(named(ISSUER, &[NOTES], "plain"), Err(Refusal::ResourceNotAllowed(ISSUER.into())));
}

fn subsets<'a>(all: &[&'a str]) -> Vec<Vec<&'a str>> {
    let mut found: Vec<Vec<&'a str>> = vec![Vec::new()];
    for one in all {
        let more: Vec<_> = found.iter().map(|some| [some.as_slice(), &[*one]].concat()).collect();
        found.extend(more);
    }
    found
}

#[test]
fn no_token_of_a_grant_is_good_where_its_page_did_not_show() {
    let (uris, scopes) = (subsets(&[NOTES, FILES, ISSUER]), scopes());
    for registered in &uris {
        let client = client(registered);
        for shown in uris.iter().filter(|shown| !shown.is_empty()) {
            let shown = own(shown);
            for granted in subsets(&["openid", "notes", "files", "plain"]) {
                let whole: Scope = granted.iter().copied().collect();
                let authorized = Authorized { resources: shown.clone(), named: false, scope: &whole };
                for part in subsets(&granted) {
                    let part: Scope = part.into_iter().collect();
                    for asked in &uris {
                        let found = reach(&client, &scopes).audience(&own(asked), Some(&authorized), &part);
                        let Ok(Audience { resources, scope }) = found else { continue };
                        let may = |uri: &String| shown.contains(uri) || (part.has("openid") && uri == ISSUER);
                        assert!(!resources.is_empty() && resources.iter().all(may), "{resources:?} of {authorized:?}");
                        assert!(part.covers(&scope));
                    }
                }
            }
        }
    }
}

/// What a grant keeps, and what it authorizes then.
fn keep(named: &[&str], shown: &[&str], granted: &str, client: &Client) -> (bool, Vec<String>, Option<String>) {
    let (granted, scopes) = (Scope::parse(granted).unwrap(), scopes());
    let reach = reach(client, &scopes);
    let (resources, audience) = reach.keep(&own(named), &own(shown), &granted);
    let again = reach.authorized(&resources, audience.as_deref(), &granted).unwrap();
    (again.named, again.resources, audience)
}

#[test]
fn a_grant_keeps_of_its_page_where_that_belongs_which_was_granted() {
    let keep = |shown: &[&str], granted: &str, client: &Client| {
        let (named, resources, text) = keep(&[], shown, granted, client);
        assert!(!named);
        (resources, text.unwrap())
    };
    let (none, both) = (client(&[]), client(&[FILES, NOTES]));
    assert_eq!(keep(&[ISSUER], "openid plain", &none), (own(&[ISSUER]), String::new()));
    assert_eq!(keep(&[NOTES], "notes plain", &none), (own(&[NOTES]), NOTES.to_owned()));
    assert_eq!(keep(&[NOTES, ISSUER], "openid notes", &none), (own(&[NOTES, ISSUER]), format!("{NOTES} ")));
    // a permission was left out: its API goes along, and the client's default does not come
    for client in [none, both] {
        assert_eq!(keep(&[NOTES, ISSUER], "openid", &client).0, own(&[ISSUER]));
        assert_eq!(keep(&[NOTES], "plain", &client).0, own(&[ISSUER]));
    }
}

#[test]
fn of_the_resources_that_were_named_a_grant_keeps_those_of_what_was_granted_and_of_the_client_itself() {
    let none = client(&[]);
    let named = |uris: &[&str]| (true, own(uris), None);
    assert_eq!(keep(&[NOTES, FILES], &[NOTES, FILES], "notes files", &none), named(&[NOTES, FILES]));
    assert_eq!(keep(&[NOTES, FILES], &[NOTES, FILES], "openid files", &none), named(&[FILES]));
    assert_eq!(keep(&[NOTES, ISSUER], &[NOTES, ISSUER], "openid", &none), named(&[ISSUER]));
    assert_eq!(keep(&[NOTES], &[NOTES], "openid", &client(&[NOTES])), named(&[NOTES]));
    // nothing of it is left: a token is good with us alone
    assert_eq!(keep(&[NOTES], &[NOTES], "openid", &none), (false, own(&[ISSUER]), Some(String::new())));
    assert_eq!(keep(&[NOTES], &[NOTES], "", &client(&[FILES])), (false, own(&[ISSUER]), Some(String::new())));
}

#[test]
fn of_a_grant_those_resources_are_left_that_the_client_may_name_or_has_a_scope_of() {
    let left = |uris: &[&str], scope: &str, client: &Client| {
        let mut client = client.clone();
        client.metadata.optional_scope = Scope::parse(scope).unwrap();
        reach(&client, &scopes()).still_allowed(&own(uris))
    };
    let all = [NOTES, FILES, ISSUER];
    assert_eq!(left(&all, "plain", &client(&[])), [ISSUER]);
    assert_eq!(left(&all, "plain", &client(&[FILES])), [FILES, ISSUER]);
    assert_eq!(left(&all, "notes", &client(&[])), [NOTES, ISSUER]);
    assert_eq!(left(&[NOTES], "plain", &client(&[FILES])), [""; 0]);
}

#[test]
fn a_token_that_nobody_has_agreed_to_is_for_whatever_the_client_may_name() {
    let scope = Scope::parse("notes files").unwrap();
    let settle = |asked: &[&str], scope: &Scope| {
        reach(&client(&[FILES, NOTES]), &scopes()).audience(&own(asked), None, scope).map(|found| found.resources)
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
    let allowed =
        |asked: &[String], scope: &str| reach(&client, &scopes()).allowed(asked, &Scope::parse(scope).unwrap());
    assert_eq!(allowed(&asked, "").unwrap(), ["https://host.example"]);
    assert!(allowed(&["https://other.example".to_owned()], "").is_err());
    let name = |scope: &str| allowed(&own(&[NOTES]), scope);
    assert_eq!(name("plain notes").unwrap(), [NOTES], "what a scope is for");
    assert!(name("plain files").is_err());
}
