//! Scopes (RFC 6749 §3.3).

use countersign::protocol::{
    client_metadata::AuthMethod,
    scope::{Scope, is_builtin},
};

use super::world;

/// What is read is written and read again as the same; what follows from what settles; nobody gets what he may not.
pub fn holds(data: &[u8]) {
    let [first, second] = super::lines::<2>(data).map(|text| Scope::parse(&text));
    let Ok(scope) = first else { return };
    assert_eq!(Scope::parse(&scope.to_string()).as_ref(), Ok(&scope));
    let mut names: Vec<&str> = scope.iter().collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), scope.iter().count(), "a name comes once");
    assert!(scope.covers(&scope) && scope.union(&scope) == scope);
    let table = world::scopes();
    let expanded = table.expand(&scope);
    assert_eq!(table.expand(&expanded), expanded);
    let client = world::client(&[], AuthMethod::AnySecret);
    let allowed = table.expand(&client.metadata.all_scopes());
    if let Ok(granted) = table.resolve(Some(&scope), &client) {
        assert!(granted.covers(&scope), "all that was asked, or a refusal");
        assert!(granted.iter().all(|name| allowed.has(name) || is_builtin(name)) && !granted.has("admin"));
    }
    if let Ok(granted) = table.resolve_for_client(Some(&scope), &client) {
        assert!(granted.iter().all(|name| allowed.has(name) && !is_builtin(name)));
    }
    if let Ok(other) = second {
        let both = scope.union(&other);
        assert!(both.covers(&scope) && both.covers(&other));
        assert!(both.iter().all(|name| scope.has(name) || other.has(name)));
    }
}
