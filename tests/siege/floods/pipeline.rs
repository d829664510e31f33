//! Many requests on one connection, sent without waiting for an answer.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{
    MIB, all_is_as_before,
    line::{Line, get},
    memory_stayed_below, serve, shell_with,
};
use crate::effort::{alone, effort};

#[tokio::test(flavor = "multi_thread")]
async fn many_requests_on_one_connection_are_answered_one_after_the_other() {
    let _alone = alone().await;
    let shell = shell_with(&["ada"], &[]).await;
    let server = serve(&shell);
    let rounds = 1_000 * effort();
    let paths = ["/health/live", "/nothing", "/.well-known/openid-configuration", "/account"];
    let mut asking = Vec::new();
    for n in 0..8 {
        let (mut reader, mut writer) = Line::open(&server, n).await.stream.into_split();
        let all: String = paths.iter().map(|path| get(path)).collect::<String>().repeat(rounds);
        asking.push(tokio::spawn(async move {
            let last = "GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
            let sending = async {
                writer.write_all(all.as_bytes()).await.unwrap();
                writer.write_all(last.as_bytes()).await.unwrap();
            };
            let mut answers = Vec::new();
            let (read, ()) = tokio::join!(reader.read_to_end(&mut answers), sending);
            read.unwrap();
            String::from_utf8(answers).unwrap()
        }));
    }
    for asked in asking {
        let answers = asked.await.unwrap();
        let statuses: Vec<&str> =
            answers.split("HTTP/1.1 ").skip(1).map(|answer| answer.split(' ').next().unwrap()).collect();
        let expected = ["200", "404", "200", "303"].repeat(rounds);
        assert_eq!(statuses.len(), expected.len() + 1);
        assert_eq!(statuses[..expected.len()], expected[..]);
    }
    all_is_as_before(&server, "ada").await;
    memory_stayed_below(&server, 256 * MIB);
}
