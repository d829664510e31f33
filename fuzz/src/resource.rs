//! Resource indicators (RFC 8707).

use countersign::protocol::{
    client_metadata::AuthMethod,
    params::{Params, Repeatable},
    resource::{Reach, is_identifier, parse, same},
    scope::Scope,
};

use super::world;

/// A token is good only where its client may have one.
pub fn holds(data: &[u8]) {
    let [first, second, form] = super::lines(data);
    assert!(same(&first, &first));
    assert_eq!(same(&first, &second), same(&second, &first));
    if is_identifier(&first) {
        assert!(!first.contains(['#', ' ']) && url::Url::parse(&first).is_ok());
    }
    let Ok(params) = Params::from_form(form.as_bytes(), Repeatable::Protocol) else { return };
    let Ok(asked) = parse(&params) else { return };
    assert!(asked.len() <= 16 && asked.iter().all(|uri| is_identifier(uri)));
    let client = world::client(&[], AuthMethod::AnySecret);
    let (scope, scopes) = (Scope::parse("openid profile write read").unwrap(), world::scopes());
    let reach = Reach { client: &client, scopes: &scopes, issuer: world::ISSUER };
    let Ok(named) = reach.allowed(&asked, &scope) else { return };
    let is_home = |uri: &str| scope.iter().any(|name| scopes.find(name).unwrap().resource.as_deref() == Some(uri));
    let may = |uri: &String| client.metadata.resources.contains(uri) || uri == world::ISSUER || is_home(uri);
    assert!(named.iter().all(may));
    assert_eq!(reach.left(&named, &scope), named);
    // what was named, what a page showed, and a row that has kept neither
    let shown = [world::ISSUER.to_owned()];
    let kept = [reach.keep(&named, &shown, &scope), reach.keep(&[], &shown, &scope), (String::new(), None)];
    let authorized = kept.iter().map(|(named, shown)| reach.authorized(named, shown.as_deref(), &scope));
    for authorized in authorized.filter_map(Result::ok).map(Some).chain([None]) {
        let Ok(found) = reach.audience(&named, authorized.as_ref(), &scope) else { continue };
        assert!(!found.resources.is_empty() && scope.covers(&found.scope));
        assert!(found.resources.iter().all(may));
    }
}
