//! Look-ups are sent to `PostgreSQL` together, on one connection.

use futures_util::future::join_all;

use super::sweep::instance;
use crate::support::has_sessions;

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_look_something_up_at_once_each_gets_their_own_answer_also_when_the_connection_dies() {
    let (database, ctx) = instance().await;
    let now = ctx.now();
    for known in 0..40 {
        ctx.store.record_failure(vec![known], now).await.unwrap();
    }
    let look = async || {
        let keys = (0..400_u16).map(|n| u8::try_from(n % 50).unwrap());
        let found = join_all(keys.clone().map(|key| ctx.store.find_failures(vec![key]))).await;
        for (key, found) in keys.zip(found) {
            assert_eq!(found.unwrap().map(|found| found.id), (key < 40).then(|| vec![key]));
        }
    };
    look().await;
    if !has_sessions() {
        return;
    }
    let (client, connection) = tokio_postgres::connect(&database.url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    let open = client.query_one(&format!("SELECT count(*) {others}"), &[]).await.unwrap().get::<_, i64>(0);
    assert!(open <= 3, "{open} connections");
    let end_all = format!("SELECT pg_terminate_backend(pid) {others}");
    for _ in 0..20 {
        // there is one again
        look().await;
        let (ended, ()) = tokio::join!(client.query(&end_all, &[]), look());
        assert!(!ended.unwrap().is_empty(), "there was none to end");
    }
}
