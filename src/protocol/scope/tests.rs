use proptest::prelude::*;

use super::*;
use crate::protocol::client_metadata::ClientMetadata;

fn own(name: &str, implies: &[&str]) -> ScopeDefinition {
    ScopeDefinition {
        name: name.into(),
        description: String::new(),
        group: String::new(),
        implies: implies.iter().map(ToString::to_string).collect(),
        danger: name == "delete",
        published: false,
        resource: None,
        claims: Vec::new(),
        builtin: false,
    }
}

fn table() -> ScopeTable {
    ScopeTable::new(vec![own("read", &[]), own("write", &["read"]), own("admin", &["write"]), own("delete", &[])])
}

fn client(scope: &str) -> Client {
    let metadata = ClientMetadata { scope: Scope::parse(scope).unwrap(), ..ClientMetadata::default() };
    Client { metadata, ..Client::default() }
}

#[test]
fn what_follows_is_listed_in_the_order_of_creation_and_otherwise_the_request_is_repeated() {
    let expand = |text: &str| table().expand(&Scope::parse(text).unwrap()).to_string();
    assert_eq!(expand("write"), "read write");
    assert_eq!(expand("admin openid"), "openid read write admin");
    assert_eq!(expand("profile openid profile"), "profile openid");
    assert_eq!(expand("unknown read"), "unknown read");
}

#[test]
fn scopes_that_imply_each_other_do_not_go_round_for_ever() {
    let table = ScopeTable::new(vec![own("a", &["b"]), own("b", &["a"])]);
    assert_eq!(table.expand(&Scope::parse("b").unwrap()).to_string(), "a b");
}

#[test]
fn a_client_never_gets_a_scope_it_is_not_registered_for() {
    let ask = |text: &str, client: &Client| table().resolve(Some(&Scope::parse(text).unwrap()), client);
    assert_eq!(ask("read", &client("read")).unwrap().to_string(), "read");
    assert_eq!(ask("read", &client("write")).unwrap().to_string(), "read");
    assert_eq!(ask("openid email", &client("")).unwrap().to_string(), "openid email");
    for bad in ["write", "READ", "nothing", "read write"] {
        assert!(matches!(ask(bad, &client("read")), Err(Refusal::ScopeNotAllowed(_))), "{bad}");
    }
}

#[test]
fn what_a_client_may_ask_without_being_registered_for_it_is_told_apart() {
    let ask = |text: &str| {
        let client = client("openid write");
        let scope = table().resolve(Some(&Scope::parse(text).unwrap()), &client).unwrap();
        table().unregistered(&scope, &client).to_string()
    };
    assert_eq!(ask("openid read write"), "", "what follows from a registered scope is registered");
    assert_eq!(ask("openid email read offline_access"), "email offline_access");
}

#[test]
fn without_scope_a_client_gets_its_harmless_ones_or_is_told() {
    let table = table();
    let default = table.resolve(None, &client("openid profile write delete offline_access")).unwrap();
    assert_eq!(default.to_string(), "profile read write");
    assert_eq!(table.resolve(None, &client("openid")), Err(Refusal::ScopeMissing));
}

#[test]
fn a_scope_that_brings_a_dangerous_one_along_is_as_dangerous_and_never_a_default() {
    let own = [own("delete", &[]), own("manage", &["delete", "manage"]), own("all", &["manage"]), own("read", &[])];
    let table = ScopeTable::new(own.into());
    for (name, dangerous) in [("delete", true), ("manage", true), ("all", true), ("read", false), ("unknown", false)] {
        assert_eq!(table.is_dangerous(name), dangerous, "{name}");
    }
    let client = client("profile all manage read unknown");
    assert_eq!(table.resolve(None, &client).unwrap().to_string(), "profile read");
    assert_eq!(table.resolve_for_client(None, &client).unwrap().to_string(), "read");
}

#[test]
fn what_comes_only_with_an_optional_scope_is_optional_and_comes_with_its_box_where_it_has_none() {
    let table = ScopeTable::new(vec![own("read", &[]), own("label", &[]), own("write", &["read", "label", "openid"])]);
    let metadata = ClientMetadata {
        scope: Scope::parse("read").unwrap(),
        optional_scope: Scope::parse("write").unwrap(),
        ..ClientMetadata::default()
    };
    let client = Client { metadata, ..Client::default() };
    let scope = table.expand(&Scope::parse("write email").unwrap());
    let optional = table.optional(&scope, &client);
    assert_eq!(scope.to_string(), "openid email read label write");
    assert_eq!(optional.to_string(), "label write");
    for (ticked, in_dialect, given) in [
        ("", false, "openid email read"),
        ("", true, "openid email read"),
        ("write", false, "openid email read write"),
        ("write", true, "openid email read label write"),
        ("label", true, "openid email read label"),
        ("phone", false, "openid email read"),
    ] {
        let ticked = Scope::parse(ticked).unwrap();
        let granted = table.granted(&scope, &optional, &ticked, in_dialect);
        assert_eq!(granted.to_string(), given, "{ticked}, {in_dialect}");
    }
}

#[test]
fn a_client_by_itself_never_gets_the_scopes_of_openid_connect() {
    let (table, client) = (table(), client("openid profile write"));
    assert_eq!(table.resolve_for_client(None, &client).unwrap().to_string(), "read write");
    let openid = Scope::parse("openid").unwrap();
    assert_eq!(table.resolve_for_client(Some(&openid), &client), Err(Refusal::ScopeNotAllowed("openid".into())));
}

proptest! {
    #[test]
    fn a_printed_scope_parses_back(names in proptest::collection::vec("[!#-\\[\\]-~]{1,12}", 0..20)) {
        let scope: Scope = names.iter().map(String::as_str).collect();
        prop_assert_eq!(Scope::parse(&scope.to_string()).unwrap(), scope);
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,80}") {
        if let Ok(scope) = Scope::parse(&text) {
            prop_assert!(scope.iter().all(is_name));
        }
    }
}

#[test]
fn a_ready_set_names_each_scope_once_and_implies_only_its_own() {
    for set in ScopeSet::ALL {
        let names: Vec<_> = set.scopes().iter().map(|scope| scope.name).collect();
        for (n, scope) in set.scopes().iter().enumerate() {
            assert!(is_name(scope.name) && !is_builtin(scope.name), "{}", scope.name);
            assert!(!scope.description.is_empty(), "{} says nothing on the consent page", scope.name);
            assert_eq!(names.iter().position(|name| *name == scope.name), Some(n), "{} comes twice", scope.name);
            for implied in scope.implies.split_terminator(' ') {
                assert!(names.contains(&implied) && implied != scope.name, "{} implies {implied}", scope.name);
            }
        }
    }
}
