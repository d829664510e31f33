use super::{SslMode, Target};

#[test]
fn only_a_server_on_this_machine_is_spoken_to_in_the_clear_wherever_its_name_stands() {
    for (url, mode) in [
        ("postgres://u:p@localhost/db", SslMode::Disable),
        ("postgres://u:p@127.0.0.1:5433/db", SslMode::Disable),
        ("postgres://u:p@[::1]/db", SslMode::Disable),
        ("postgres://u@%2Frun%2Fpostgresql/db", SslMode::Disable),
        ("postgres:///db?host=/run/postgresql", SslMode::Disable),
        ("postgres://u:p@db.example/db", SslMode::Require),
        ("postgres:///db?user=u&host=db.example", SslMode::Require),
        ("postgres:///db?host=/run/postgresql&host=db.example", SslMode::Require),
        ("postgres://u:p@localhost/db?hostaddr=10.0.0.5", SslMode::Require),
        ("postgres://u:p@localhost,db.example/db", SslMode::Require),
        ("postgres://u:p@db.example/db?sslmode=disable", SslMode::Disable),
        ("postgres://u:p@localhost/db?sslmode=verify-full", SslMode::Require),
    ] {
        assert_eq!(Target::parse(url).unwrap().config.get_ssl_mode(), mode, "{url}");
    }
}
