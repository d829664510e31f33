//! TLS by the server itself.

use std::{fs, io::Write, net::TcpStream};

use crate::support::{Served, Shell, eventually, tls_file};

/// Trusts this certificate and nothing else, and finds the name of the server at this address.
fn client(certificate: &str, address: &str) -> reqwest::Client {
    let pem = fs::read(tls_file(certificate)).unwrap();
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .pool_max_idle_per_host(0)
        .tls_certs_only(reqwest::Certificate::from_pem_bundle(&pem).unwrap())
        .resolve("id.example.test", address.parse().unwrap())
        .build()
        .unwrap()
}

fn address(served: &Served) -> &str {
    served.door.address.strip_prefix("http://").unwrap()
}

#[tokio::test]
async fn a_server_without_a_proxy_speaks_tls_and_nothing_else() {
    let shell = Shell::new().await;
    let (certificate, key) = (tls_file("first-cert.pem"), tls_file("first-key.pem"));
    let tls = ["--tls-cert", &certificate, "--tls-key", &key, "--issuer", "https://id.example.test"];
    let served = Served::start(&shell, &[&["--listen", "127.0.0.1:0"][..], &tls].concat());
    let client = client("first-cert.pem", address(&served));
    let metadata = client.get("https://id.example.test/.well-known/openid-configuration").send().await.unwrap();
    assert_eq!(metadata.status(), 200);
    assert!(metadata.headers()["strict-transport-security"].to_str().unwrap().starts_with("max-age="));
    let page = client.get("https://id.example.test/login").send().await.unwrap();
    let cookies: Vec<_> = page.headers().get_all("set-cookie").iter().map(|value| value.to_str().unwrap()).collect();
    assert!(!cookies.is_empty());
    assert!(cookies.iter().all(|cookie| cookie.starts_with("__Host-") && cookie.contains("Secure")), "{cookies:?}");
    shell.run(&["healthcheck"]).done();
    // plain http is no request here, and who only opens connections hinders nobody
    let mut plain = TcpStream::connect(address(&served)).unwrap();
    plain.write_all(b"GET /login HTTP/1.1\r\nHost: id.example.test\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    let _reset = std::io::Read::read_to_end(&mut plain, &mut answer);
    assert!(!answer.starts_with(b"HTTP"), "{}", answer.escape_ascii());
    let half_open: Vec<_> = (0..200).map(|_| TcpStream::connect(address(&served)).unwrap()).collect();
    for mut stream in &half_open {
        stream.write_all(b"\x16\x03\x01\x02\x00\x01").unwrap();
    }
    assert_eq!(client.get("https://id.example.test/health/ready").send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_renewed_certificate_is_taken_and_a_broken_one_is_not() {
    let shell = Shell::new().await;
    let folder = shell.database.dir.path();
    let (certificate, key) = (folder.join("cert.pem"), folder.join("key.pem"));
    let put = |name: &str| {
        fs::copy(tls_file(&format!("{name}-key.pem")), &key).unwrap();
        fs::copy(tls_file(&format!("{name}-cert.pem")), &certificate).unwrap();
    };
    put("first");
    let files = [certificate.to_str().unwrap(), key.to_str().unwrap()];
    let tls = ["--tls-cert", files[0], "--tls-key", files[1], "--issuer", "https://id.example.test"];
    let served = Served::start(&shell, &[&["--listen", "127.0.0.1:0"][..], &tls].concat());
    let trusts = async |name: &str| {
        let client = client(&format!("{name}-cert.pem"), address(&served));
        client.get("https://id.example.test/health/live").send().await.is_ok()
    };
    assert!(trusts("first").await && !trusts("second").await);
    fs::write(&certificate, "nothing\n").unwrap();
    let log = || fs::read_to_string(folder.join("log")).unwrap();
    eventually(async || trusts("first").await && log().contains("the former certificate stays in use")).await;
    put("second");
    eventually(async || trusts("second").await).await;
    assert!(!trusts("first").await);
}

#[tokio::test]
async fn what_cannot_be_served_over_tls_is_said_before_anything_is_opened() {
    let shell = Shell::new().await;
    let names = ["first-cert.pem", "first-key.pem", "second-key.pem", "nothing.pem"].map(tls_file);
    let [certificate, key, other, missing] = names.each_ref().map(String::as_str);
    let https = "https://id.example.test";
    for (tls, words) in [
        (vec!["--tls-cert", certificate, "--tls-key", other, "--issuer", https], "do not belong together"),
        (vec!["--tls-cert", missing, "--tls-key", key, "--issuer", https], "nothing.pem"),
        (vec!["--tls-cert", key, "--tls-key", key, "--issuer", https], "no certificate in"),
        (vec!["--tls-cert", certificate, "--tls-key", certificate, "--issuer", https], "first-cert.pem"),
        (vec!["--tls-cert", certificate, "--issuer", https], "server.tls_key must be given as well"),
        (vec!["--tls-key", key, "--issuer", https], "server.tls_cert must be given as well"),
        (vec!["--tls-cert", certificate, "--tls-key", key], "issuer must be https"),
    ] {
        let args = [&["serve", "--listen", "127.0.0.1:0"][..], &tls].concat();
        shell.run(&args).failed(3, words);
    }
}

#[tokio::test]
async fn a_client_in_the_terminal_speaks_tls_and_trusts_only_whom_the_system_trusts() {
    let shell = Shell::new().await;
    let (certificate, key) = (tls_file("first-cert.pem"), tls_file("first-key.pem"));
    // the issuer names the port, so one that is free has to be found before; another program may be faster
    let served = (0..10).find_map(|_| {
        let port = std::net::TcpListener::bind("127.0.0.1:0").ok()?.local_addr().ok()?.port();
        let (listen, issuer) = (format!("127.0.0.1:{port}"), format!("https://localhost:{port}"));
        let tls = ["--tls-cert", &certificate, "--tls-key", &key, "--issuer", &issuer, "--listen", &listen];
        Some((Served::try_start(&shell, &tls).ok()?, issuer))
    });
    let (_served, issuer) = served.unwrap();
    let args = ["try", "client-credentials", "--json"];
    shell.run(&args).failed(1, "does not answer");
    let trusting = shell.with("SSL_CERT_FILE", &certificate);
    assert_eq!(trusting.run(&args).json()["issuer"], issuer);
}
