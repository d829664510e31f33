use super::*;

#[test]
fn only_clients_that_somebody_vouches_for_have_a_logo_on_pages() {
    let uri = "https://app.example/logo.png";
    for (verified, first_party, logo_uri, shown) in [
        (true, false, Some(uri), true),
        (false, true, Some(uri), true),
        (true, true, None, false),
        (false, false, Some(uri), false),
    ] {
        let logo_uri = logo_uri.map(str::to_owned);
        let client = ClientMetadata { first_party, verified, logo_uri, ..ClientMetadata::default() };
        let document = serde_json::to_string(&client).unwrap();
        assert_eq!(wanted(&document).as_deref(), shown.then_some(uri), "{document}");
    }
    assert_eq!(wanted("{"), None);
}

#[test]
fn tries_are_few_and_their_pauses_grow() {
    let pauses: Vec<i64> = (1..).map_while(pause_seconds).collect();
    assert_eq!(pauses.len(), 4);
    assert!(pauses.is_sorted() && pauses.iter().sum::<i64>() < 24 * 3600);
    assert_eq!((pause_seconds(0), pause_seconds(-1)), (None, None));
}
