//! Asking who somebody is: `OpenID` Connect Core §5.3.

use serde_json::{Map, Value};

use super::{
    Failure, Outcome, object, send,
    wire::{Sent, Wire},
};

/// The claims that an access token opens.
///
/// # Errors
/// [`Failure`], also when they are somebody else's than the ID token's (`OpenID` Connect Core §5.3.2).
pub(crate) async fn ask(wire: &Wire, endpoint: &str, access_token: &str, sub: &str) -> Outcome<Map<String, Value>> {
    let request = Sent::get(endpoint).with("Authorization", format!("Bearer {access_token}"));
    let request = request.with("Accept", "application/json");
    let claims = object(&request, &send(wire, &request).await?)?;
    if claims.get("sub").and_then(Value::as_str) != Some(sub) {
        return Failure::unfit("the userinfo is not used: its sub is not the ID token’s");
    }
    Ok(claims)
}
