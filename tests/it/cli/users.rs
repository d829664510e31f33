//! `countersign user …`.

use super::Shell;

#[tokio::test]
async fn an_administrator_is_warned_of_a_short_password_and_not_refused() {
    let shell = Shell::new().await;
    let said = shell.run_with("apitester\n", &["user", "create", "apitester", "--password-stdin"]).done();
    assert!(said.err.contains("shorter than the 12 characters"), "{}", said.err);
    let user = shell.run(&["user", "show", "apitester", "--json"]).json();
    assert_eq!(user["has_password"], true);
    assert_eq!(user["admin"], false);
    let said =
        shell.run_with("long enough for anybody", &["user", "set-password", "apitester", "--password-stdin"]).done();
    assert_eq!(said.err, "");
}

#[tokio::test]
async fn a_password_is_never_an_argument_and_never_printed() {
    let shell = Shell::new().await;
    shell.run(&["user", "create", "ada", "--password", "hunter2"]).failed(2, "--password");
    let file = shell.database.dir.path().join("password");
    std::fs::write(&file, "a password from a file\r\n").unwrap();
    let said = shell.run(&["user", "create", "ada", "--password-file", file.to_str().unwrap()]).done();
    assert!(!format!("{}{}", said.out, said.err).contains("from a file"));
    std::fs::write(&file, "two\nlines\n").unwrap();
    shell
        .run(&["user", "set-password", "ada", "--password-file", file.to_str().unwrap()])
        .failed(1, "more than one line");
    shell.run_with("\n", &["user", "set-password", "ada", "--password-stdin"]).failed(1, "is empty");
    shell.run(&["user", "set-password", "ada"]).failed(2, "--password-stdin");
}

#[tokio::test]
async fn without_a_password_a_person_gets_a_link_to_choose_one() {
    let shell = Shell::new().await.with("COUNTERSIGN_ISSUER", "https://id.example.com");
    let args = ["user", "create", "ada", "--email", "Ada@Example.com", "--name", "Ada Lovelace", "--json"];
    let made = shell.run(&args).json();
    assert_eq!(made["email_verified"], true, "an administrator vouches for it");
    assert_eq!(made["has_password"], false);
    let link = made["setup_link"].as_str().unwrap();
    assert!(link.starts_with("https://id.example.com/setup?t=csln_"), "{link}");
    let id = made["id"].as_i64().unwrap();
    assert!((1..1 << 31).contains(&id), "{id} fits a dialect's integer");
    let again = shell.run(&["user", "setup-link", "ada@example.com", "--json"]).json();
    assert_ne!(again["setup_link"], link);
    let unverified = ["user", "create", "grace", "--email", "grace@example.com", "--email-unverified", "--json"];
    assert_eq!(shell.run(&unverified).json()["email_verified"], false);
}

#[tokio::test]
async fn names_and_addresses_belong_to_one_person_in_any_spelling() {
    let shell = Shell::new().await;
    shell.run(&["user", "create", "ada", "--email", "ada@example.com"]).done();
    shell.run(&["user", "create", "Ada"]).failed(6, "exists already");
    shell.run(&["user", "create", "grace", "--email", "ADA@example.com"]).failed(6, "email address");
    shell.run(&["user", "create", "ada@example.com"]).failed(6, "exists already");
    shell.run(&["user", "create", ""]).failed(1, "cannot be a user name");
    shell.run(&["user", "create", "grace", "--email", "grace"]).failed(1, "no email address");
}

#[tokio::test]
async fn the_first_administrator_is_made_once_and_never_again() {
    let shell = Shell::new().await;
    let link = shell.run(&["user", "setup-link", "--json"]).json();
    assert!(link["setup_link"].as_str().unwrap().contains("/setup?t=csln_"));
    shell.run(&["user", "create", "root", "--admin"]).done();
    shell.run(&["user", "setup-link"]).failed(1, "countersign user create NAME --admin");
    let said = shell.run(&["user", "delete", "root", "--yes"]).done();
    assert!(said.err.contains("the last administrator"), "{}", said.err);
    shell.run(&["user", "setup-link"]).failed(1, "there has been an administrator");
}

#[tokio::test]
async fn a_person_is_locked_unlocked_and_deleted() {
    let shell = Shell::new().await;
    shell.run(&["user", "create", "ada"]).done();
    assert_eq!(shell.run(&["user", "lock", "ADA", "--json"]).json()["locked"], true);
    assert!(shell.run(&["user", "list"]).done().out.contains("locked"));
    assert_eq!(shell.run(&["user", "unlock", "ada", "--json"]).json()["locked"], false);
    shell.run(&["user", "delete", "ada"]).done();
    shell.run(&["user", "show", "ada"]).failed(5, "no user \"ada\"");
    shell.run(&["user", "delete", "ada"]).failed(5, "no user \"ada\"");
}

#[tokio::test]
async fn everybody_is_listed_by_name_so_many_at_a_time() {
    let shell = Shell::new().await;
    assert!(shell.run(&["user", "list"]).done().out.contains("nobody yet"));
    for name in ["carol", "Ada", "bob"] {
        shell.run(&["user", "create", name]).done();
    }
    let names = |flags: &[&str]| {
        let people = shell.run(&[&["user", "list", "--json"], flags].concat()).json();
        let names: Vec<_> =
            people.as_array().unwrap().iter().map(|person| person["username"].as_str().unwrap()).collect();
        names.join(" ")
    };
    assert_eq!(names(&[]), "Ada bob carol");
    assert_eq!(names(&["--limit", "2"]), "Ada bob");
    assert_eq!(names(&["--after", "BOB"]), "carol");
    let said = |flags: &[&str]| shell.run(&[&["user", "list"], flags].concat()).done().err;
    assert!(said(&["--limit", "2"]).contains("--after bob goes on"));
    assert!(said(&["--limit", "2", "--json"]).contains("--after bob goes on"), "a program is not told");
    assert_eq!(said(&["--limit", "4"]), "");
    assert!(shell.run(&["user", "list", "--after", "carol"]).done().out.contains("after that"));
    shell.run(&["user", "list", "--limit", "0"]).failed(2, "--limit");
}
