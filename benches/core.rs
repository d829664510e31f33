//! What the pure half costs, a function at a time: `cargo bench --bench core`, `… -- signing` for some of it.
//!
//! Each bench names what is done to what. No socket, no file, no database: what the load program measures beyond this is
//! what HTTP and the database cost.

use countersign::{
    clock::Ts,
    jose::{self, Algorithm, MacAlgorithm, MacKey, PublicKey, SigningKey},
    protocol::{
        authorize::interaction::Interaction,
        client_auth::PresentedCredentials,
        client_metadata::{AuthMethod, Client, ClientMetadata},
        dialect::Door,
        grant::GrantType,
        params::{Params, Repeatable},
        scope::Scope,
        token::access_token::{self, AccessToken, Claims},
    },
    secret::{Digest, Id, Keyring, Secret, kind, random},
};
use divan::{Bencher, black_box};

fn main() {
    divan::main();
}

const ISSUER: &str = "https://id.example";
const NOW: Ts = Ts::from_unix_seconds(1_795_251_600);
const TOKEN_REQUEST: &str = "grant_type=authorization_code&code=csac_0Gm2vXb9TzR4nLsk7Qm2vXb9TzR4nLsk7Qm2vXb9TzQ1w2E3\
    &redirect_uri=https%3A%2F%2Fapp.example%2Fcb&code_verifier=dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk\
    &client_id=k7Qm2vXb9TzR4nLs&client_secret=cssecretGm2vXb9TzR4nLsk7Qm2vXb9TzR4nLsk7Qm2vXb9Tz";
const AUTHORIZE_REQUEST: &str = "response_type=code&client_id=k7Qm2vXb9TzR4nLs&scope=openid%20profile%20email\
    &redirect_uri=https%3A%2F%2Fapp.example%2Fcb&state=af0ifjsldkj&nonce=n-0S6_WzA2Mj\
    &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";

fn params(text: &str) -> Params {
    Params::from_form(text.as_bytes(), Repeatable::Protocol).expect("a good form")
}

fn keyring() -> Keyring {
    Keyring::new(["a key for what is measured and thrown away"]).expect("long enough")
}

/// What comes in: parsed and checked.
mod requests {
    use countersign::protocol::{
        authorize::{request, request::AuthorizeRequest, trust},
        client_auth::check_method,
        grant::{authorization_code, refresh_token},
        pkce::{self, CodeChallenge, CodeVerifier},
        resource,
        scope::ScopeTable,
    };

    use super::{
        AUTHORIZE_REQUEST, AuthMethod, Bencher, Client, ClientMetadata, Door, GrantType, ISSUER, Id, NOW, Params,
        PresentedCredentials, Scope, Secret, TOKEN_REQUEST, black_box, keyring, params, random,
    };

    fn client() -> Client {
        let metadata = ClientMetadata {
            redirect_uris: vec!["https://app.example/cb".into()],
            grant_types: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
            token_endpoint_auth_method: AuthMethod::AnySecret,
            scope: Scope::parse("openid profile email").expect("a scope"),
            ..ClientMetadata::default()
        };
        Client { client_id: "k7Qm2vXb9TzR4nLs".into(), metadata, ..Client::default() }
    }

    #[divan::bench]
    fn form_of_a_token_request() -> Params {
        params(black_box(TOKEN_REQUEST))
    }

    #[divan::bench]
    fn query_of_an_authorization_request() -> Params {
        params(black_box(AUTHORIZE_REQUEST))
    }

    #[divan::bench]
    fn authorize(bencher: Bencher<'_, '_>) {
        let (params, client, scopes) = (params(AUTHORIZE_REQUEST), client(), ScopeTable::new(Vec::new()));
        bencher.bench_local(|| {
            let redirect = trust(&params, &client).expect("its own");
            let (issuer, scopes, door) = (ISSUER, &scopes, Door::Standard);
            let server = request::Server { issuer, scopes, door, offers_sign_up: false };
            (redirect, AuthorizeRequest::parse(&params, &client, server).expect("a good request"))
        });
    }

    #[divan::bench]
    fn client_credentials_in_the_form(bencher: Bencher<'_, '_>) {
        let (params, client) = (params(TOKEN_REQUEST), client());
        bencher.bench_local(|| {
            let presented = PresentedCredentials::parse(None, &params).expect("credentials");
            check_method(&presented, &client.metadata).expect("its own way");
            presented
        });
    }

    #[divan::bench]
    fn code_at_the_token_endpoint(bencher: Bencher<'_, '_>) {
        let (params, challenge) = (params(TOKEN_REQUEST), params(AUTHORIZE_REQUEST));
        let challenge = CodeChallenge::parse(&challenge, true).expect("one of S256");
        bencher.bench_local(|| {
            let request = authorization_code::Request::parse(&params).expect("a good request");
            pkce::check(challenge.as_ref(), request.verifier.as_ref()).expect("the verifier of RFC 7636 appendix B");
            request.code.digest()
        });
    }

    #[divan::bench]
    fn pkce_verifier(bencher: Bencher<'_, '_>) {
        let params = params(TOKEN_REQUEST);
        bencher.bench_local(|| CodeVerifier::parse(&params));
    }

    #[divan::bench]
    fn audience(bencher: Bencher<'_, '_>) {
        let (client, scopes) = (client(), ScopeTable::new(Vec::new()));
        let scope = Scope::parse("openid profile email").expect("a scope");
        let authorized = Some(resource::Authorized { resources: &[], shown: None, scope: &scope });
        bencher
            .bench_local(|| resource::audience(&[], authorized, &scope, &client, &scopes, ISSUER).expect("the issuer"));
    }

    #[divan::bench]
    fn refresh_token(bencher: Bencher<'_, '_>) {
        let keys = keyring();
        let first = refresh_token::ChainToken::first(Id::new(NOW), random());
        let text = first.to_secret(&keys);
        bencher.bench_local(|| {
            let presented = Secret::presented(black_box(text.expose()));
            let token = refresh_token::ChainToken::parse(&presented, &keys).expect("one of ours");
            token.successor(&[7; 32], keys.id(), &keys).map(|next| next.to_secret(&keys))
        });
    }
}

/// Tokens, by algorithm.
mod tokens {
    use super::{
        AccessToken, Algorithm, Bencher, Claims, ISSUER, Id, MacAlgorithm, MacKey, NOW, PublicKey, Scope, SigningKey,
        access_token, black_box, jose,
    };

    fn token() -> AccessToken {
        AccessToken {
            id: Id::new(NOW),
            grant: Some(Id::new(NOW)),
            client_id: "k7Qm2vXb9TzR4nLs".into(),
            subject: "6f6b7e0c-8a3b-4b0e-9a52-1c3f5b7d9e11".into(),
            audience: vec![ISSUER.into()],
            scope: Scope::parse("openid profile email").expect("a scope"),
            issued_at: NOW,
            expires_at: NOW.plus_seconds(900),
        }
    }

    fn key(algorithm: Algorithm) -> SigningKey {
        let pkcs8 = SigningKey::generate_pkcs8(algorithm).expect("a key");
        SigningKey::from_pkcs8("2026-11-21-abcd".into(), algorithm, &pkcs8).expect("a key")
    }

    #[divan::bench(args = Algorithm::ALL.iter().copied())]
    fn signing(bencher: Bencher<'_, '_>, algorithm: Algorithm) {
        let (key, token) = (key(algorithm), token());
        let claims = token.to_claims(ISSUER);
        bencher.bench_local(|| jose::sign(&key, access_token::TYP, &claims).expect("a token"));
    }

    #[divan::bench(args = Algorithm::ALL.iter().copied())]
    fn verifying(bencher: Bencher<'_, '_>, algorithm: Algorithm) {
        let key = key(algorithm);
        let public: PublicKey = key.public().expect("its public half");
        let token = jose::sign(&key, access_token::TYP, &token().to_claims(ISSUER)).expect("a token");
        bencher.bench_local(|| jose::verify::<Claims>(&public, access_token::TYP, black_box(&token)).expect("its own"));
    }

    #[divan::bench]
    fn signing_with_hs256(bencher: Bencher<'_, '_>) {
        let (key, token) = (MacKey::new(MacAlgorithm::Hs256, &[7; 64]).expect("long enough"), token());
        let claims = token.to_claims(ISSUER);
        bencher.bench_local(|| jose::sign(&key, access_token::TYP, &claims).expect("a token"));
    }

    /// Everything but a signature.
    #[divan::bench]
    fn unsigned(bencher: Bencher<'_, '_>) {
        let token = token();
        let claims = token.to_claims(ISSUER);
        bencher.bench_local(|| jose::sign(jose::Signer::Unsecured, access_token::TYP, &claims).expect("a token"));
    }
}

/// Secrets: made, digested, sealed.
mod secrets {
    use super::{
        AUTHORIZE_REQUEST, Bencher, Digest, Door, Id, Interaction, NOW, Secret, black_box, keyring, kind, params,
        random,
    };

    #[divan::bench]
    fn generate() -> Secret<kind::AccessToken> {
        Secret::generate()
    }

    #[divan::bench]
    fn checksum_and_digest(bencher: Bencher<'_, '_>) {
        let text = Secret::<kind::ClientSecret>::generate();
        bencher.bench_local(|| {
            let presented = Secret::<kind::ClientSecret>::presented(black_box(text.expose()));
            (presented.body().is_some(), presented.digest())
        });
    }

    #[divan::bench]
    fn id() -> Id {
        Id::new(black_box(NOW))
    }

    fn interaction() -> Interaction {
        Interaction {
            id: Id::new(NOW),
            began: NOW,
            browser: Some(Digest::from_bytes([7; 32])),
            seed: random(),
            door: Door::Standard,
            params: params(AUTHORIZE_REQUEST),
            signed: false,
        }
    }

    #[divan::bench]
    fn seal_an_interaction(bencher: Bencher<'_, '_>) {
        let (keys, interaction) = (keyring(), interaction());
        bencher.bench_local(|| interaction.seal(&keys));
    }

    #[divan::bench]
    fn open_an_interaction(bencher: Bencher<'_, '_>) {
        let (keys, interaction) = (keyring(), interaction());
        let sealed = interaction.seal(&keys);
        bencher.bench_local(|| {
            Interaction::open(black_box(&sealed), interaction.browser, &keys, NOW.plus_seconds(60)).expect("its own")
        });
    }
}

/// Passwords, as hashed by default.
mod passwords {
    use countersign::credential::password::{self, Cost, Verdict};

    use super::{Bencher, black_box};

    const COST: Cost = Cost { memory: 19_456, iterations: 2, parallelism: 1 };

    #[divan::bench(sample_count = 20, sample_size = 1)]
    fn verify(bencher: Bencher<'_, '_>) {
        let stored = password::hash("correct horse battery staple", COST).expect("a hash");
        bencher.bench_local(|| {
            let verdict =
                password::verify(black_box("correct horse battery staple"), &stored, COST).expect("a verdict");
            assert_eq!(verdict, Verdict::Right);
        });
    }
}

/// What people see: each page once, as text.
#[cfg(feature = "server")]
mod pages {
    use countersign::http::sample_pages;
    use divan::counter::ItemsCount;

    use super::Bencher;

    #[divan::bench]
    fn render(bencher: Bencher<'_, '_>) {
        bencher.counter(ItemsCount::new(sample_pages().len())).bench(sample_pages);
    }
}
