//! What comes in: parsed and checked, one bench for each kind of request.

use std::fmt;

use countersign::{
    clock::Ts,
    jose::{self, Algorithm},
    protocol::{
        authorize::{request, request::AuthorizeRequest, trust},
        bearer,
        claims_request::ClaimsRequest,
        dialect::Door,
        grant::{
            Standing, authorization_code,
            device_code::{self, UserCode},
            password,
            refresh_token::{Chain, ChainToken, narrow},
        },
        logout::PostLogoutRedirect,
        params::Params,
        pkce::{CodeChallenge, CodeVerifier},
        resource::{self, Reach},
        scope::Scope,
        token::{
            access_token::{self, Roots},
            introspection::{Introspection, may_see},
        },
    },
    secret::{Digest, Id, Keyring, Secret, kind, random},
};
use divan::{Bencher, black_box};

use super::{
    AUTHORIZE, CLIENT_ID, GRANTED, ISSUER, LATER, NOW, by_client, client, key, keyring, params, scope, scopes, token,
};

const CODE: &str = "grant_type=authorization_code&code=csac_0Gm2vXb9TzR4nLsk7Qm2vXb9TzR4nLsk7Qm2vXb9TzQ1w2E3\
    &redirect_uri=https%3A%2F%2Fapp.example%2Fcb&code_verifier=dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CLIENT_CREDENTIALS: &str = "grant_type=client_credentials&scope=read";
const PASSWORD: &str = "grant_type=password&username=ada%40example.com&password=correct%20horse%20battery%20staple\
    &scope=openid%20profile%20email";
const DEVICE: &str = "scope=openid%20profile%20email";

/// What a person granted, and nobody has taken back.
const STANDING: Standing =
    Standing { created_at: NOW, revoked_at: None, person_locked: false, invalid_before: Ts::ZERO };

/// An access token as it travels.
fn signed() -> String {
    jose::sign(&key(Algorithm::Es256), access_token::TYP, &token().to_claims(ISSUER)).expect("a token")
}

fn chain_token() -> ChainToken {
    ChainToken::first(Id::new(NOW), random())
}

fn refresh_request(token: &ChainToken, keys: &Keyring) -> String {
    by_client(&format!("grant_type=refresh_token&refresh_token={}&scope=openid", token.to_secret(keys).expose()))
}

fn device_code_request() -> String {
    let code = Secret::<kind::DeviceCode>::generate();
    let grant_type = "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code";
    by_client(&format!("grant_type={grant_type}&device_code={}", code.expose()))
}

fn introspection_request() -> String {
    by_client(&format!("token={}&token_type_hint=access_token", signed()))
}

fn revocation_request(keys: &Keyring) -> String {
    by_client(&format!("token={}&token_type_hint=refresh_token", chain_token().to_secret(keys).expose()))
}

fn logout_request() -> String {
    let back = "post_logout_redirect_uri=https%3A%2F%2Fapp.example%2Fout&state=af0ifjsldkj";
    format!("id_token_hint={}&client_id={CLIENT_ID}&{back}", signed())
}

/// A request as it comes, behind the name of its kind.
struct Form(&'static str, String);

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

fn forms() -> [Form; 10] {
    let keys = keyring();
    [
        Form("authorize", AUTHORIZE.to_owned()),
        Form("code", by_client(CODE)),
        Form("refresh", refresh_request(&chain_token(), &keys)),
        Form("client_credentials", by_client(CLIENT_CREDENTIALS)),
        Form("password", by_client(PASSWORD)),
        Form("device_authorization", by_client(DEVICE)),
        Form("device_code", device_code_request()),
        Form("introspection", introspection_request()),
        Form("revocation", revocation_request(&keys)),
        Form("logout", logout_request()),
    ]
}

/// The parameters of each, decoded.
#[divan::bench(args = forms())]
fn form(form: &Form) -> Params {
    params(black_box(&form.1))
}

#[divan::bench]
fn authorize(bencher: Bencher<'_, '_>) {
    let (params, client, scopes) = (params(AUTHORIZE), client(), scopes());
    bencher.bench_local(|| {
        let redirect = trust(&params, &client).expect("its own");
        let server = request::Server { issuer: ISSUER, scopes: &scopes, door: Door::Standard, offers_sign_up: false };
        (redirect, AuthorizeRequest::parse(&params, &client, server).expect("a good request"))
    });
}

/// The `claims` parameter, as the example of OIDC Core §5.5 has it.
#[divan::bench]
fn claims(bencher: Bencher<'_, '_>) {
    let text = r#"{"userinfo": {"given_name": {"essential": true}, "nickname": null, "email": {"essential": true},
        "email_verified": {"essential": true}, "picture": null, "http://example.info/claims/groups": null},
        "id_token": {"auth_time": {"essential": true}, "acr": {"values": ["urn:mace:incommon:iap:silver"]}}}"#;
    let (params, client, scopes) = (Params::default().put("claims", Some(text)), client(), scopes());
    bencher.bench_local(|| ClaimsRequest::parse(&params, &client.metadata, &scopes).expect("a good request"));
}

#[divan::bench]
fn code(bencher: Bencher<'_, '_>) {
    let (params, challenge) = (params(&by_client(CODE)), params(AUTHORIZE));
    let challenge = CodeChallenge::parse(&challenge, true).expect("one of S256");
    let kept = authorization_code::Kept {
        client_id: CLIENT_ID,
        redirect_uri: Some("https://app.example/cb"),
        redirect_uri_needed: true,
        challenge: challenge.as_ref(),
        expires_at: LATER,
        used_at: None,
        quiet_seconds: 0,
        standing: STANDING,
    };
    bencher.bench_local(|| {
        let request = authorization_code::Request::parse(&params).expect("a good request");
        let checked = authorization_code::check(&request, &kept, CLIENT_ID, NOW);
        (checked.expect("the verifier of RFC 7636 appendix B"), request.code.digest())
    });
}

#[divan::bench]
fn pkce_verifier(bencher: Bencher<'_, '_>) {
    let params = params(&by_client(CODE));
    bencher.bench_local(|| CodeVerifier::parse(&params));
}

#[divan::bench]
fn audience(bencher: Bencher<'_, '_>) {
    let (client, scopes, scope) = (client(), scopes(), scope(GRANTED));
    let reach = Reach { client: &client, scopes: &scopes, issuer: ISSUER };
    bencher.bench_local(|| {
        let authorized = reach.authorized("", Some(""), &scope).expect("us");
        reach.audience(&[], Some(&authorized), &scope).expect("the issuer")
    });
}

/// A refresh token, its place in its chain, and the one that follows.
#[divan::bench]
fn refresh(bencher: Bencher<'_, '_>) {
    let (keys, token, granted) = (keyring(), chain_token(), scope(GRANTED));
    let params = params(&refresh_request(&token, &keys));
    let chain =
        Chain { current: token.digest(), previous: None, retry_until: NOW, idle_end: LATER, absolute_end: LATER };
    bencher.bench_local(|| {
        let presented = Secret::<kind::RefreshToken>::presented(params.need("refresh_token").expect("a token"));
        let token = ChainToken::parse(&presented, &keys).expect("one of ours");
        let place = chain.place(&token.digest(), NOW).expect("not ended");
        let scope = narrow(&params, &granted, &granted).expect("of what was granted");
        (place, scope, token.successor(&[7; 32], keys.id(), &keys).map(|next| next.to_secret(&keys)))
    });
}

fn asked(params: &Params) -> Option<Scope> {
    params.find("scope").map(Scope::parse).transpose().expect("a scope")
}

#[divan::bench]
fn client_credentials(bencher: Bencher<'_, '_>) {
    let (params, client, scopes) = (params(&by_client(CLIENT_CREDENTIALS)), client(), scopes());
    let reach = Reach { client: &client, scopes: &scopes, issuer: ISSUER };
    bencher.bench_local(|| {
        let scope = scopes.resolve_for_client(asked(&params).as_ref(), &client).expect("its own");
        reach.audience(&[], None, &scope).expect("the issuer")
    });
}

/// All but the password itself.
#[divan::bench]
fn password(bencher: Bencher<'_, '_>) {
    let (params, client, scopes) = (params(&by_client(PASSWORD)), client(), scopes());
    let reach = Reach { client: &client, scopes: &scopes, issuer: ISSUER };
    bencher.bench_local(|| {
        password::check_origin(None, &client).expect("no browser");
        let scope = scopes.resolve(asked(&params).as_ref(), &client).expect("its own");
        assert!(!scope.iter().any(|name| scopes.is_dangerous(name)));
        let audience = reach.audience(&[], None, &scope).expect("the issuer");
        (audience, password::Request::parse(&params).expect("a good request"))
    });
}

/// A device begins, and gets its codes.
#[divan::bench]
fn device_authorization(bencher: Bencher<'_, '_>) {
    let (params, client, scopes) = (params(&by_client(DEVICE)), client(), scopes());
    let reach = Reach { client: &client, scopes: &scopes, issuer: ISSUER };
    bencher.bench_local(|| {
        let scope = scopes.resolve(asked(&params).as_ref(), &client).expect("its own");
        let resources = resource::parse(&params).expect("none");
        let resources = reach.allowed(&resources, &scope).expect("none");
        let audience = reach.audience(&resources, None, &scope).expect("the issuer");
        let user_code = UserCode::from_bytes(&random::<32>()).expect("fair letters");
        (audience, user_code, Secret::<kind::DeviceCode>::generate())
    });
}

/// It asks, after a person's yes.
#[divan::bench]
fn device_code(bencher: Bencher<'_, '_>) {
    let params = params(&device_code_request());
    let kept = device_code::Kept {
        client_id: CLIENT_ID,
        expires_at: LATER,
        decided: true,
        standing: Some(STANDING),
        used_at: None,
    };
    bencher.bench_local(|| {
        let code = device_code::parse(&params).expect("one of ours");
        (device_code::check(&kept, CLIENT_ID, NOW).expect("granted"), code.digest())
    });
}

/// What a person types in, as it is looked up.
#[divan::bench]
fn user_code(bencher: Bencher<'_, '_>) {
    let keys = keyring();
    bencher.bench_local(|| {
        let code = UserCode::parse(black_box("bcdf-ghjk")).expect("a code");
        keys.user_codes(code.as_bytes()).next()
    });
}

/// Of an access token whose signature was verified before: is it alive, may the client know, and the answer.
#[divan::bench]
fn introspection(bencher: Bencher<'_, '_>) {
    let (params, caller, token) = (params(&introspection_request()), client(), token());
    let roots = Roots {
        revoked: false,
        granted_at: Some(NOW),
        person_locked: false,
        invalid_before: Ts::ZERO,
        epoch_began: Ts::ZERO,
    };
    bencher.bench_local(|| {
        let text = params.need("token").expect("a token");
        assert!(!Secret::<kind::RefreshToken>::presented(text).looks_generated());
        assert!(access_token::is_alive(&token, &roots, NOW) && may_see(&caller, &token));
        let answer = Introspection {
            active: true,
            scope: Some(token.scope.to_string()),
            client_id: Some(token.client_id.clone()),
            username: Some("ada".to_owned()),
            token_type: Some("Bearer"),
            exp: Some(token.expires_at.unix_seconds()),
            iat: Some(token.issued_at.unix_seconds()),
            sub: Some(token.subject.clone()),
            aud: Some(token.audience.clone().into()),
            iss: Some(ISSUER.to_owned()),
            jti: Some(token.id.to_text()),
        };
        (Digest::<kind::AccessToken>::of(text.as_bytes()), serde_json::to_vec(&answer).expect("an answer"))
    });
}

/// Of a refresh token.
#[divan::bench]
fn revocation(bencher: Bencher<'_, '_>) {
    let keys = keyring();
    let params = params(&revocation_request(&keys));
    bencher.bench_local(|| {
        let presented = Secret::<kind::RefreshToken>::presented(params.need("token").expect("a token"));
        assert!(presented.looks_generated());
        ChainToken::parse(&presented, &keys).expect("one of ours")
    });
}

/// An access token that was verified before, as it is found again.
#[divan::bench]
fn bearer(bencher: Bencher<'_, '_>) {
    let (header, nothing) = (format!("Bearer {}", signed()), Params::default());
    bencher.bench_local(|| {
        let presented = bearer::Presented::parse(Some(&header), &nothing, "access_token").expect("a token");
        Digest::<kind::AccessToken>::of(presented.text().as_bytes())
    });
}

/// All but the hint, which is a token that is verified.
#[divan::bench]
fn logout(bencher: Bencher<'_, '_>) {
    let (params, client) = (params(&logout_request()), client());
    bencher.bench_local(|| {
        let back = PostLogoutRedirect::trust(&params, Some(&client.metadata)).expect("its own");
        back.expect("an address").location()
    });
}
