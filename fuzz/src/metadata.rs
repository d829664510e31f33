//! A client's registered document (RFC 7591 §2).

use countersign::protocol::client_metadata::ClientMetadata;

/// What is read is written and read again as the same.
pub fn holds(data: &[u8]) {
    let Ok(metadata) = serde_json::from_slice::<ClientMetadata>(data) else { return };
    let written = serde_json::to_string(&metadata).unwrap();
    assert_eq!(serde_json::from_str::<ClientMetadata>(&written).unwrap(), metadata, "{written}");
    for uri in &metadata.redirect_uris {
        let _any = metadata.is_provable(uri, true) || metadata.is_provable(uri, false);
    }
    assert!(metadata.all_scopes().covers(&metadata.scope) && metadata.all_scopes().covers(&metadata.optional_scope));
    assert!(metadata.any_port() || !metadata.is_public());
}
