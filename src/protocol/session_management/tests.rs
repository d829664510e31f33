use super::session_state;

#[test]
fn it_is_a_hash_of_client_origin_state_and_salt_and_the_salt() {
    // printf 'c https://app.example s salt' | sha256sum
    let hash = "159e72df1b78fb45dfc745d10389b4702a7ffd9c01d953926e77fc8a2c11a5a8.salt";
    for redirect_uri in ["https://app.example/cb", "https://app.example:443/other?x=y", "https://APP.example/"] {
        assert_eq!(session_state("c", redirect_uri, "s", "salt").as_deref(), Some(hash), "{redirect_uri}");
    }
    for (client, redirect_uri, state, salt) in [
        ("d", "https://app.example/cb", "s", "salt"),
        ("c", "https://app.example:8443/cb", "s", "salt"),
        ("c", "https://app.example/cb", "t", "salt"),
        ("c", "https://app.example/cb", "s", "other"),
    ] {
        assert_ne!(session_state(client, redirect_uri, state, salt).as_deref(), Some(hash));
    }
    assert_eq!(session_state("c", "com.example.app:/cb", "s", "salt"), None);
}
