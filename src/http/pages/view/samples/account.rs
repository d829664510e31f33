//! What a person sees of their own account.

use super::{Frame, HttpsUrl, IPHONE, LOGO, LONG, NASTY, NOW, Pages, RTL, Standing, add};
use crate::{
    clock::Ts,
    http::pages::view::{
        account::{ConnectedApp, ConnectedApps, Overview, SessionLine, SessionList, SessionsDone, TheftLine},
        profile::{FormError as Wrong, Item, Profile},
    },
    protocol::claims::{Field as Claim, Unfit},
};

pub(super) fn account(page: Frame<'_>, pages: &mut Pages<'_>) {
    let overview = Overview {
        page,
        name: Some("Ada Lovelace"),
        username: "ada",
        email: Some("ada@example.com"),
        last_sign_in: Some(NOW),
        apps: 3,
        thefts: vec![TheftLine { app: "Photo Printer", at: NOW }],
    };
    add(pages, "account", &overview);
    let bare = Overview {
        name: None,
        username: LONG,
        email: Some(LONG),
        last_sign_in: None,
        apps: 0,
        thefts: vec![TheftLine { app: LONG, at: NOW }],
        ..overview
    };
    add(pages, "account-nasty", &bare);
    let app = |name, host, standing, scopes: &[&str], ago: Option<i64>| ConnectedApp {
        client_id: "k7Qm",
        name,
        logo: LOGO.filter(|_| standing == Standing::Verified),
        host,
        is_local: host.is_none(),
        start: host.and_then(|_| HttpsUrl::parse("https://notes.example.com/start?iss=https%3A%2F%2Fid.example.com")),
        standing,
        scopes: scopes.iter().map(|&words| words.to_owned()).collect(),
        is_allowed: standing != Standing::FirstParty,
        since: Ts::from_unix_seconds(1_793_700_000),
        last_used: ago.map(|seconds| NOW.plus_seconds(-seconds)),
    };
    let many: Vec<String> = (0..40).map(|n| format!("Read and change the things of project {n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let usual = ["Know who you are", "See your email address", "Change your notes"];
    let apps = vec![
        app("Notes", Some("notes.example.com"), Standing::Verified, &usual, Some(7300)),
        app("Living-room TV", None, Standing::AddedBy("you"), &["Know who you are"], Some(90_000)),
        app("photo-cli", None, Standing::NotVerified, &["See your photos"], None),
        app(NASTY, Some(LONG), Standing::FirstParty, &many, Some(9_000_000)),
        app(RTL, Some("xn--mgbh0fb.example"), Standing::AddedByAdministrator, &[RTL, LONG], Some(130)),
    ];
    add(pages, "account-apps", &ConnectedApps { page, apps, removed: Some("Notes"), csrf: "c" });
    add(pages, "account-apps-empty", &ConnectedApps { page, apps: Vec::new(), removed: None, csrf: "c" });
    let session = |id, user_agent, address, ago: i64| SessionLine {
        id,
        user_agent,
        address,
        signed_in: Ts::from_unix_seconds(1_795_000_000),
        last_seen: NOW.plus_seconds(-ago),
        this_browser: id == "1",
    };
    let sessions = vec![
        session("1", Some("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"), "192.0.2.7", 1),
        session("2", Some(IPHONE), "2001:db8:85a3:8d3:1319:8a2e:370:7348", 4000),
        session("3", Some("curl/8.5.0"), "127.0.0.1", 200_000),
        session("4", None, "127.0.0.1", 900_000),
    ];
    let alone = sessions.first().copied().into_iter().collect();
    add(pages, "account-sessions", &SessionList { page, sessions, done: Some(SessionsDone::One), csrf: "c" });
    let done = Some(SessionsDone::Others);
    add(pages, "account-sessions-alone", &SessionList { page, sessions: alone, done, csrf: "c" });
}

pub(super) fn own_profile(page: Frame<'_>, pages: &mut Pages<'_>) {
    let values = |text: &str| {
        let value =
            |item| if item == Item::Field(Claim::StreetAddress) { "1 Way\nFlat 2".to_owned() } else { text.to_owned() };
        Item::all().map(|item| (item, value(item))).collect::<Vec<_>>()
    };
    let phone = Item::Field(Claim::PhoneNumber);
    let empty = || Profile {
        page,
        values: Vec::new(),
        shown: Vec::new(),
        unverified: Vec::new(),
        errors: Vec::new(),
        saved: false,
        person: "p",
        csrf: "c",
    };
    add(pages, "account-profile", &Profile { unverified: vec![Item::Email, phone], saved: true, ..empty() });
    let field = |field, unfit| Wrong::Field(field, unfit);
    let errors = vec![
        Wrong::Expired,
        Wrong::Name,
        Wrong::Email,
        Wrong::EmailTaken,
        field(Claim::GivenName, Unfit::Text(80)),
        field(Claim::Website, Unfit::Url),
        field(Claim::Birthdate, Unfit::Birthdate),
        field(Claim::Zoneinfo, Unfit::Zoneinfo),
        field(Claim::Locale, Unfit::Locale),
        field(Claim::PhoneNumber, Unfit::PhoneNumber),
    ];
    let shown = values(NASTY).into_iter().map(|(item, text)| (format!("shown.{}", item.name()), text)).collect();
    add(pages, "account-profile-errors", &Profile { values: values(NASTY), shown, errors, ..empty() });
}
