use super::*;
use crate::protocol::{
    acr,
    authorize::{request::Server, trust},
    client_metadata::{AuthMethod, ClientMetadata},
    dialect::Door,
    grant::GrantType,
    params::{Params, Repeatable},
    scope::ScopeTable,
};

const BEGAN: Ts = Ts::from_unix_seconds(1_767_225_600);

#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
struct Case {
    method: AuthMethod,
    uri: &'static str,
    query: &'static str,
    signed_in_ago: Option<i64>,
    chosen_ago: Option<i64>,
    may_choose: bool,
    agreed: Option<&'static str>,
    silent: bool,
    loopback_issuer: bool,
    first_party: bool,
    is_another: bool,
    agreed_claims: &'static str,
    scopes: &'static str,
    /// Seconds after the interaction began.
    now: i64,
}

const CASE: Case = Case {
    method: AuthMethod::AnySecret,
    uri: "https://app.example/cb",
    query: "scope=openid",
    signed_in_ago: Some(100),
    chosen_ago: None,
    may_choose: false,
    agreed: None,
    silent: true,
    loopback_issuer: false,
    first_party: false,
    is_another: false,
    agreed_claims: "",
    scopes: "openid",
    now: 0,
};

fn step(case: &Case) -> Step {
    let metadata = ClientMetadata {
        redirect_uris: vec![case.uri.into()],
        grant_types: vec![GrantType::AuthorizationCode],
        token_endpoint_auth_method: case.method,
        first_party: case.first_party,
        scope: Scope::parse(case.scopes).unwrap(),
        ..ClientMetadata::default()
    };
    let client = Client { metadata, ..Client::default() };
    let challenge = "code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";
    let text = format!("response_type=code&{challenge}&{}", case.query);
    let params = Params::from_form(text.as_bytes(), Repeatable::Protocol).unwrap();
    let redirect = trust(&params, &client).unwrap();
    let scopes = ScopeTable::new(vec![]);
    let server = Server { issuer: "i:x", scopes: &scopes, door: Door::Standard, offers_sign_up: true };
    let request = AuthorizeRequest::parse(&params, &client, server).unwrap();
    let agreed = case.agreed.map(|scope| Agreed {
        scope: Scope::parse(scope).unwrap(),
        resources: vec!["i:x".into()],
        claims: Scope::parse(case.agreed_claims).unwrap(),
        declined: Scope::default(),
        redirect_host: redirect_uri::shown_target(case.uri),
        at: BEGAN,
    });
    next_step(&Facts {
        request: &request,
        client: &client,
        redirect: &redirect,
        began: BEGAN,
        signed_in_at: case.signed_in_ago.map(|ago| BEGAN.plus_seconds(-ago)),
        chosen_at: case.chosen_ago.or(case.signed_in_ago).map(|ago| BEGAN.plus_seconds(-ago)),
        may_choose: case.may_choose,
        is_another: case.is_another,
        class: Some(acr::PASSWORD),
        consent: agreed.as_ref(),
        may_be_silent: case.silent,
        issuer_is_loopback: case.loopback_issuer,
        now: BEGAN.plus_seconds(case.now),
    })
}

#[test]
fn nobody_signed_in_signs_in_and_prompt_none_says_so() {
    assert_eq!(step(&Case { signed_in_ago: None, ..CASE }), Step::SignIn);
    let none = Case { signed_in_ago: None, query: "scope=openid&prompt=none", ..CASE };
    assert_eq!(step(&none), Step::Refuse(Refusal::LoginRequired));
}

#[test]
fn prompt_login_and_max_age_want_a_sign_in_that_really_happened_after_the_request() {
    let login = Case { query: "scope=openid&prompt=login", agreed: Some("openid"), ..CASE };
    assert_eq!(step(&login), Step::SignIn);
    assert_eq!(step(&Case { signed_in_ago: Some(-5), ..login }), Step::Answer);
    let aged = Case { query: "scope=openid&max_age=60", agreed: Some("openid"), ..CASE };
    assert_eq!(step(&aged), Step::SignIn);
    assert_eq!(step(&Case { signed_in_ago: Some(60), ..aged }), Step::Answer);
    let zero = Case { query: "scope=openid&max_age=0", agreed: Some("openid"), signed_in_ago: Some(0), ..CASE };
    assert_eq!(step(&Case { signed_in_ago: Some(1), ..zero }), Step::SignIn);
    assert_eq!(step(&zero), Step::Answer);
}

#[test]
fn a_sign_in_made_for_a_request_counts_for_its_max_age_and_long_enough_to_answer() {
    let signed_in = Case { signed_in_ago: Some(-5), agreed: Some("openid"), ..CASE };
    for (query, seconds) in [
        ("scope=openid&max_age=0", 300),
        ("scope=openid&max_age=1", 300),
        ("scope=openid&max_age=1&prompt=login", 300),
        ("scope=openid&max_age=600", 600),
        ("scope=openid&max_age=600&prompt=login", 600),
    ] {
        let until = |now| Case { query, now, ..signed_in };
        assert_eq!(step(&until(5 + seconds)), Step::Answer, "{query}");
        assert_eq!(step(&until(5 + seconds + 1)), Step::SignIn, "{query}");
    }
    let login = Case { query: "scope=openid&prompt=login", now: 3599, ..signed_in };
    assert_eq!(step(&login), Step::Answer, "without a max_age for as long as the request");
    let before = Case { query: "scope=openid&max_age=60", signed_in_ago: Some(0), ..signed_in };
    assert_eq!(step(&Case { signed_in_ago: Some(1), now: 59, ..before }), Step::Answer);
    assert_eq!(step(&Case { signed_in_ago: Some(1), now: 60, ..before }), Step::SignIn, "made for another");
}

#[test]
fn prompt_create_wants_an_account_made_after_the_request_whoever_was_here_before() {
    let create = Case { query: "scope=openid&prompt=create", agreed: Some("openid"), ..CASE };
    assert_eq!(step(&create), Step::SignUp);
    assert_eq!(step(&Case { signed_in_ago: None, ..create }), Step::SignUp);
    assert_eq!(step(&Case { signed_in_ago: None, may_choose: true, ..create }), Step::SignUp);
    assert_eq!(step(&Case { signed_in_ago: Some(0), ..create }), Step::Answer);
    assert_eq!(step(&Case { chosen_ago: Some(-5), ..create }), Step::Answer, "or chosen among those of the browser");
    assert_eq!(step(&Case { agreed: None, signed_in_ago: Some(-5), ..create }), Step::Consent);
    for more in ["login", "select_account", "consent"] {
        let query = format!("scope=openid&prompt=create+{more}");
        let query: &'static str = Box::leak(query.into_boxed_str());
        assert_eq!(step(&Case { query, ..create }), Step::SignUp, "{more}");
        let after = Case { query, signed_in_ago: Some(-5), ..create };
        assert_eq!(step(&after), if more == "consent" { Step::Consent } else { Step::Answer }, "{more}");
    }
}

#[test]
fn a_claim_that_was_not_agreed_to_is_asked_about_and_an_essential_class_is_met_or_refused() {
    let email = "scope=openid&claims=%7B%22userinfo%22%3A%7B%22email%22%3Anull%7D%7D";
    let asked = Case { scopes: "openid email", query: email, agreed: Some("openid"), ..CASE };
    assert_eq!(step(&asked), Step::Consent);
    assert_eq!(step(&Case { agreed: Some("openid email"), ..asked }), Step::Consent, "a scope is not asked for here");
    assert_eq!(step(&Case { agreed_claims: "email", ..asked }), Step::Answer);
    assert_eq!(step(&Case { scopes: "openid", ..asked }), Step::Answer, "what it may not ask for is not asked");
    let class = |value: &str| {
        format!(
            "scope=openid&claims=%7B%22id_token%22%3A%7B%22acr%22%3A%7B%22essential%22%3Atrue%2C%22value%22%3A%22{value}%22%7D%7D%7D"
        )
    };
    let (surer, as_sure): (&'static str, &'static str) = (class("surer").leak(), class(acr::PASSWORD).leak());
    let agreed = Case { agreed: Some("openid"), ..CASE };
    assert_eq!(step(&Case { query: surer, ..agreed }), Step::Refuse(Refusal::ClassUnmet));
    assert_eq!(step(&Case { query: surer, signed_in_ago: None, ..agreed }), Step::SignIn);
    assert_eq!(step(&Case { query: as_sure, ..agreed }), Step::Answer);
}

#[test]
fn nobody_answers_for_somebody_else() {
    let another = Case { is_another: true, agreed: Some("openid"), ..CASE };
    assert_eq!(step(&another), Step::SignIn);
    assert_eq!(step(&Case { signed_in_ago: Some(-5), ..another }), Step::SignIn, "not after signing in again either");
    let none = Case { query: "scope=openid&prompt=none", ..another };
    assert_eq!(step(&none), Step::Refuse(Refusal::LoginRequired));
}

#[test]
fn only_what_was_agreed_to_is_granted_without_a_page() {
    assert_eq!(step(&CASE), Step::Consent);
    assert_eq!(step(&Case { agreed: Some("openid"), ..CASE }), Step::Answer);
    assert_eq!(step(&Case { agreed: Some("openid"), query: "scope=openid+email", ..CASE }), Step::Consent);
    let none = Case { agreed: Some("openid"), query: "scope=openid+email&prompt=none", ..CASE };
    assert_eq!(step(&none), Step::Refuse(Refusal::ConsentRequired));
    assert_eq!(step(&Case { agreed: Some("openid"), query: "scope=openid&prompt=consent", ..CASE }), Step::Consent);
    assert_eq!(step(&Case { agreed: Some("openid"), silent: false, ..CASE }), Step::Consent);
    assert_eq!(step(&Case { first_party: true, ..CASE }), Step::Answer);
    let beyond = Case { first_party: true, query: "scope=openid+email", ..CASE };
    assert_eq!(step(&beyond), Step::Consent, "an app of the house is trusted with what it is registered for");
    assert_eq!(step(&Case { agreed: Some("openid email"), ..beyond }), Step::Answer, "or a person agreed to");
}

#[test]
fn a_client_that_cannot_prove_who_it_is_always_gets_the_page() {
    let native = Case { method: AuthMethod::None, uri: "http://127.0.0.1/cb", agreed: Some("openid"), ..CASE };
    assert_eq!(step(&native), Step::Consent);
    assert_eq!(step(&Case { first_party: true, agreed: None, ..native }), Step::Consent);
    let none = Case { query: "scope=openid&prompt=none", ..native };
    assert_eq!(step(&none), Step::Refuse(Refusal::InteractionRequired));
    assert_eq!(step(&Case { method: AuthMethod::AnySecret, ..native }), Step::Answer);
    assert_eq!(step(&Case { uri: "https://spa.example/", ..native }), Step::Answer);
    assert_eq!(step(&Case { uri: "com.example.app:/cb", ..native }), Step::Consent);
    assert_eq!(step(&Case { loopback_issuer: true, ..native }), Step::Answer, "development");
}

#[test]
fn prompt_select_account_wants_a_choice_after_the_request_even_of_the_only_account() {
    let select = Case { query: "scope=openid&prompt=select_account", agreed: Some("openid"), ..CASE };
    assert_eq!(step(&select), Step::ChooseAccount);
    assert_eq!(step(&Case { chosen_ago: Some(1), ..select }), Step::ChooseAccount, "a choice of before is none");
    assert_eq!(step(&Case { chosen_ago: Some(0), ..select }), Step::Answer);
    assert_eq!(step(&Case { signed_in_ago: Some(-5), ..select }), Step::Answer, "whoever signs in has chosen");
    assert_eq!(step(&Case { signed_in_ago: None, ..select }), Step::SignIn, "there is nothing to choose from");
    let both = Case { query: "scope=openid&prompt=select_account+login", ..select };
    assert_eq!(step(&both), Step::ChooseAccount);
    assert_eq!(step(&Case { chosen_ago: Some(-1), ..both }), Step::SignIn);
    assert_eq!(step(&Case { signed_in_ago: Some(-5), ..both }), Step::Answer);
}

#[test]
fn where_no_account_is_in_use_one_is_chosen_and_prompt_none_says_so() {
    let several = Case { signed_in_ago: None, may_choose: true, ..CASE };
    assert_eq!(step(&several), Step::ChooseAccount);
    let none = Case { query: "scope=openid&prompt=none", ..several };
    assert_eq!(step(&none), Step::Refuse(Refusal::AccountSelectionRequired));
    assert_eq!(step(&Case { query: "scope=openid&prompt=login", ..several }), Step::SignIn);
    assert_eq!(step(&Case { query: "scope=openid&prompt=select_account+login", ..several }), Step::ChooseAccount);
}
