use super::*;

#[test]
fn an_address_is_an_ip_or_localhost_and_a_port() {
    for (text, places) in [
        ("127.0.0.1:8080", "127.0.0.1:8080"),
        ("[::1]:0", "[::1]:0"),
        ("0.0.0.0:443", "0.0.0.0:443"),
        ("localhost:9000", "127.0.0.1:9000 [::1]:9000"),
    ] {
        let shown: Vec<String> = Listen::parse(text).unwrap().iter().map(ToString::to_string).collect();
        assert_eq!(shown.join(" "), places);
    }
    for text in
        ["", "8080", ":8080", "localhost", "localhost:", "example.com:80", "127.0.0.1", "::1", "127.0.0.1:65536"]
    {
        assert_eq!(Listen::parse(text), None, "{text}");
    }
}

#[test]
fn what_is_nearly_an_address_is_answered_with_the_address() {
    for (text, answer) in [
        ("8080", "write \"localhost:8080\", or \"0.0.0.0:8080\" for every address of this machine"),
        (":8080", "write \"localhost:8080\", or \"0.0.0.0:8080\" for every address of this machine"),
        ("::1", "write \"[::1]:8080\""),
        ("localhost", "write \"localhost:8080\""),
        ("a,b", "write a list: [\"127.0.0.1:8080\", \"[::1]:8080\"]"),
    ] {
        assert_eq!(remedy(text), answer);
    }
}
