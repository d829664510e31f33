//! What people agreed to, and what apps have of them.

use std::collections::{BTreeMap, HashSet};

use diesel::{dsl, prelude::*};

use super::{
    Conn, RunQueryDsl,
    grant::{ended, living, thin_out},
};
use crate::{
    clock::Ts,
    store::{
        ConnectedApp, Given, Progress,
        held::Held,
        leftover::Whose,
        models::{ClientRow, Consent, Grant},
        schema::{access_tokens, clients, consents, grants, instance, refresh_chains, users},
    },
};

pub(in crate::store) async fn find_consent(
    conn: &mut Conn,
    user: i64,
    client: String,
    now: Ts,
) -> QueryResult<Option<Consent>> {
    let live = consents::table.find((user, client)).filter(consents::ends_at.gt(now));
    live.select(Consent::as_select()).get_result(conn).await.optional()
}

/// Remembers it, together with what was remembered before. The row is held from the first statement on: of two who agree
/// at once both add, and nothing comes back that was taken away meanwhile.
pub(super) async fn record_consent(conn: &mut Conn, new: Consent) -> QueryResult<()> {
    diesel::insert_into(consents::table)
        .values(&new)
        .on_conflict((consents::user_id, consents::client_id))
        .do_update()
        .set(consents::ends_at.eq(consents::ends_at))
        .execute(conn)
        .await?;
    let row = consents::table.find((new.user_id, new.client_id.clone()));
    let before = row.clone().select(Consent::as_select()).get_result(conn).await?;
    let joined = new.after(before.clone());
    if joined == before {
        return Ok(());
    }
    diesel::update(row).set(&joined).execute(conn).await.map(drop)
}

/// The end of the one that was given by a page. It cannot be taken back until this transaction is over.
async fn hold_consent(conn: &mut Conn, user: i64, client: &str) -> QueryResult<Option<Ts>> {
    let by_page = consents::table.find((user, client)).filter(consents::by_password.eq(false));
    Held(by_page.select(consents::ends_at)).get_result(conn).await.optional()
}

/// Holds it, and has it last until then: what an app is given may live longer than when it was agreed to, and people are
/// to see the app for as long. `false`: there is none.
pub(super) async fn keep_consent(conn: &mut Conn, user: i64, client: &str, until: Ts) -> QueryResult<bool> {
    let Some(ends_at) = hold_consent(conn, user, client).await? else { return Ok(false) };
    if ends_at < until {
        last_until(conn, user, client, until).await?;
    }
    Ok(true)
}

/// Has one that ends before then last until then. If a page gave it, its own time stays as it is, also where it was its
/// end.
pub(super) async fn last_until(conn: &mut Conn, user: i64, client: &str, until: Ts) -> QueryResult<()> {
    let shorter = consents::table.find((user, client)).filter(consents::ends_at.lt(until));
    let by_page = consents::by_password.eq(false).and(consents::holds_until.is_null());
    let holds_until = dsl::case_when(by_page, consents::ends_at.nullable()).otherwise(consents::holds_until);
    let longer = (consents::holds_until.eq(holds_until), consents::ends_at.eq(until));
    diesel::update(shorter).set(longer).execute(conn).await.map(drop)
}

/// Takes one permission out of what was agreed to; it counts as skipped. `false`: there is no consent.
pub(in crate::store) async fn decline_scope(
    conn: &mut Conn,
    user: i64,
    client: String,
    name: String,
) -> QueryResult<bool> {
    if hold_consent(conn, user, &client).await?.is_none() {
        return Ok(false);
    }
    let row = consents::table.find((user, client));
    let consent = row.clone().select(Consent::as_select()).get_result(conn).await?;
    diesel::update(row).set(&consent.less(&name)).execute(conn).await.map(|changed| changed == 1)
}

/// What a person has agreed to and has not ended, each with its app.
#[diesel::dsl::auto_type(no_type_alias)]
fn connected(user: i64, now: Ts) -> _ {
    let own: diesel::dsl::Eq<consents::user_id, i64> = consents::user_id.eq(user);
    let live: diesel::dsl::Gt<consents::ends_at, Ts> = consents::ends_at.gt(now);
    consents::table.inner_join(clients::table).filter(own).filter(live)
}

/// Of an app: a scope that it was given and still has, the dialect in which it was asked for, and since when.
type GivenRow = (String, String, Option<String>, Option<Ts>);

/// What apps have of a person, each of the same kind once. Not every grant has a consent: of an app of the house nobody is
/// asked for one, and it may have more than was agreed to before.
async fn list_given(conn: &mut Conn, user: i64, now: Ts) -> QueryResult<Vec<GivenRow>> {
    grants::table
        .inner_join(users::table)
        .inner_join(clients::table)
        .inner_join(instance::table.on(instance::one.eq(1)))
        .filter(grants::user_id.eq(user))
        .filter(living(now))
        .group_by((grants::client_id, grants::scope, grants::dialect))
        .select((grants::client_id, grants::scope, grants::dialect, dsl::min(grants::created_at)))
        .load(conn)
        .await
}

/// How many apps a person has.
pub(in crate::store) async fn count_connected_apps(conn: &mut Conn, user: i64, now: Ts) -> QueryResult<i64> {
    let agreed: Vec<String> = connected(user, now).select(consents::client_id).load(conn).await?;
    let given = list_given(conn, user, now).await?;
    let apps: HashSet<String> = agreed.into_iter().chain(given.into_iter().map(|(client, ..)| client)).collect();
    Ok(i64::try_from(apps.len()).unwrap_or(i64::MAX))
}

/// The apps of a person: those they agreed to, and those that have something of them anyway.
pub(in crate::store) async fn list_connected_apps(
    conn: &mut Conn,
    user: i64,
    now: Ts,
) -> QueryResult<Vec<ConnectedApp>> {
    let agreed = connected(user, now).select((Consent::as_select(), ClientRow::as_select()));
    let agreed: Vec<(Consent, ClientRow)> = agreed.load(conn).await?;
    let mut apps = BTreeMap::new();
    for (consent, client) in agreed {
        let (id, since) = (client.client_id.clone(), consent.updated_at);
        let app = ConnectedApp { consent: Some(consent), client, given: Vec::new(), since, last_used_at: None };
        apps.insert(id, app);
    }
    for (id, scope, dialect, first) in list_given(conn, user, now).await? {
        let (given, since) = (Given { scope, dialect }, first.unwrap_or(now));
        if let Some(app) = apps.get_mut(&id) {
            app.given.push(given);
            if app.consent.is_none() {
                app.since = app.since.min(since);
            }
            continue;
        }
        let client = clients::table.find(&id).select(ClientRow::as_select()).get_result(conn).await.optional()?;
        let Some(client) = client else { continue };
        apps.insert(id, ConnectedApp { consent: None, client, given: vec![given], since, last_used_at: None });
    }
    let mut apps: Vec<ConnectedApp> = apps.into_values().collect();
    for app in &mut apps {
        app.last_used_at = find_last_use(conn, user, app.client.client_id.clone()).await?;
    }
    Ok(apps)
}

/// When an app last got or presented something of a person.
async fn find_last_use(conn: &mut Conn, user: i64, client: String) -> QueryResult<Option<Ts>> {
    let own = grants::user_id.eq(user).and(grants::client_id.eq(client));
    // a no has no code either
    let made = grants::table.filter(own.clone()).filter(grants::kind.ne(Grant::DENIED));
    let made = made.select((dsl::max(grants::created_at), dsl::max(grants::code_used_at)));
    let refreshed = refresh_chains::table.inner_join(grants::table).filter(own.clone());
    let refreshed = refreshed.select(dsl::max(refresh_chains::rotated_at));
    let presented = access_tokens::table.inner_join(grants::table).filter(own);
    let presented = presented.select(dsl::max(access_tokens::last_used_at));
    let (made, redeemed): (Option<Ts>, Option<Ts>) = made.get_result(conn).await?;
    let times: [Option<Ts>; 4] = [made, redeemed, refreshed.get_result(conn).await?, presented.get_result(conn).await?];
    Ok(times.into_iter().flatten().max())
}

/// Removing an app: the consent goes and every grant of this person and client ends, with all its tokens. The consent
/// stays until the last of them has: the person is to see that there is something to remove.
pub(in crate::store) async fn remove_app(conn: &mut Conn, user: i64, client: String, now: Ts) -> QueryResult<Progress> {
    if !thin_out(conn, Whose::Both(user, &client)).await? {
        return Ok(Progress::Part);
    }
    let gone = diesel::delete(consents::table.find((user, client.clone()))).execute(conn).await?;
    let ended = diesel::update(
        grants::table
            .filter(grants::user_id.eq(user))
            .filter(grants::client_id.eq(client))
            .filter(grants::revoked_at.is_null()),
    )
    .set(ended(now))
    .execute(conn)
    .await?;
    Ok(if gone + ended > 0 { Progress::Whole } else { Progress::Nothing })
}
