use std::{sync::atomic::AtomicUsize, time::Instant};

use futures_util::future::join_all;

use super::{writer::stood_in_line, *};

async fn names(store: &Sqlite) -> Vec<String> {
    let all = store.list(async |conn: &mut Conn| queries::scope::list_scopes(conn).await).await;
    all.unwrap().into_iter().map(|scope| scope.name).collect()
}

fn insert(name: &str) -> String {
    let columns = "name, description, implies, danger, published, ordinal";
    format!("INSERT INTO scopes ({columns}) VALUES ('{name}', '', '', 0, 0, 0)")
}

async fn make(store: &Sqlite, name: &'static str) -> Result<()> {
    let text = insert(name);
    store.write(async move |conn: &mut Conn| conn.batch_execute(&text)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operation_that_panics_fails_alone_and_undoes_what_it_did() {
    let folder = tempfile::tempdir().unwrap();
    let store = Sqlite::open(&folder.path().join("it.db"), Migrate::Yes).unwrap();
    for _ in 0..3 {
        let panicking = store.write(async |conn: &mut Conn| -> QueryResult<()> {
            conn.batch_execute(&insert("undone"))?;
            panic!("as it was told to");
        });
        let (before, panicked, after) = tokio::join!(make(&store, "before"), panicking, make(&store, "after"));
        before.unwrap();
        assert!(matches!(panicked, Err(Error::Unavailable(_))));
        after.unwrap();
        assert_eq!(names(&store).await, ["after", "before"]);
        store.write(async |conn: &mut Conn| conn.batch_execute("DELETE FROM scopes")).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_queued_is_written_before_it_is_closed_and_nothing_after() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("it.db");
    let store = Sqlite::open(&path, Migrate::Yes).unwrap();
    let looking = store.clone();
    tokio::task::spawn_blocking(move || drop(looking.new_reader())).await.unwrap();
    names(&store).await;
    make(&store, "written").await.unwrap();
    store.close();
    assert!(make(&store, "late").await.is_err());
    assert!(store.read(async |conn: &mut Conn| queries::scope::list_scopes(conn).await).await.is_err());
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["it.db"], "the log went into the file");
    assert_eq!(names(&Sqlite::open(&path, Migrate::No).unwrap()).await, ["written"]);
}

#[test]
fn who_waited_for_the_disk_alone_did_not_stand_in_line() {
    let start = Instant::now();
    let at = |millis| start + Duration::from_millis(millis);
    let stood = |queued, now| stood_in_line(at(queued), at(now), (at(100), at(400))).as_millis();
    assert_eq!(stood(100, 400), 0);
    assert_eq!(stood(300, 400), 0);
    assert_eq!(stood(300, 410), 10, "others were written since");
    assert_eq!(stood(70, 400), 30, "there was no room in the group");
    assert_eq!(stood(70, 410), 40);
    assert_eq!(stood(500, 520), 20);
}

/// Each takes two milliseconds, so that two seconds of waiting are there however fast the machine is.
#[tokio::test(flavor = "multi_thread")]
async fn in_an_overload_a_change_that_waited_too_long_is_refused_without_being_made() {
    let folder = tempfile::tempdir().unwrap();
    let store = Sqlite::open(&folder.path().join("it.db"), Migrate::Yes).unwrap();
    store.condition().patience.set_limit(Duration::from_millis(1));
    let made = Arc::new(AtomicUsize::new(0));
    let all = join_all((0..1_500).map(|n| {
        let made = Arc::clone(&made);
        store.write(async move |conn: &mut Conn| {
            thread::sleep(Duration::from_millis(2));
            made.fetch_add(1, Ordering::Relaxed);
            conn.batch_execute(&insert(&format!("number{n}")))
        })
    }))
    .await;
    let refused = all.iter().filter(|outcome| matches!(outcome, Err(Error::Full))).count();
    let done = all.iter().filter(|outcome| outcome.is_ok()).count();
    assert!(refused > 0 && done > 0 && done + refused == all.len(), "{done} {refused}");
    assert_eq!((made.load(Ordering::Relaxed), names(&store).await.len()), (done, done));
    // it is over by itself
    while make(&store, "afterwards").await.is_err() {}
}
