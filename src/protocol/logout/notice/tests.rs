use super::*;

#[test]
fn twelve_tries_come_within_a_day_and_none_after_them() {
    let pauses: Vec<i64> = (1..).map_while(pause_seconds).collect();
    assert_eq!(pauses.len() + 1, 12);
    assert!(pauses.iter().sum::<i64>() <= 24 * 3600);
    assert!(pauses.is_sorted());
    assert_eq!(
        (pause_seconds(0), pause_seconds(12), pause_seconds(-1), pause_seconds(i64::MAX)),
        (None, None, None, None)
    );
}

#[test]
fn the_event_is_named_as_the_specification_has_it() {
    let events = serde_json::to_value(Events::default()).unwrap();
    assert_eq!(events, serde_json::json!({"http://schemas.openid.net/event/backchannel-logout": {}}));
}

#[test]
fn the_outbox_reads_the_same_document_as_everybody() {
    use crate::protocol::client_metadata::ClientMetadata;
    let mut client = ClientMetadata::default();
    assert!(!is_wanted(&serde_json::to_string(&client).unwrap()));
    client.backchannel_logout_uri = Some("https://app.example/bc".to_owned());
    assert!(is_wanted(&serde_json::to_string(&client).unwrap()));
    assert!(!is_wanted("no document"));
}
