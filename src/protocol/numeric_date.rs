//! Instants in JWTs (RFC 7519 §2, `NumericDate`).

use serde_json::Number;

/// In whole seconds; `None` for one that no clock will ever show.
pub(super) fn seconds(number: &Number) -> Option<i64> {
    #[expect(clippy::cast_possible_truncation, reason = "within the bounds just before")]
    let whole = |float: f64| (float.abs() < 1e15).then(|| float.floor() as i64);
    number.as_i64().filter(|seconds| seconds.abs() < 1_000_000_000_000_000).or_else(|| number.as_f64().and_then(whole))
}
