//! The reference: the least each operation can do, on a bare actix-web. It decides nothing.

mod rows;

use std::{net::TcpListener, path::Path, sync::Arc};

use actix_web::{App, HttpResponse, HttpServer, web};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use aws_lc_rs::{
    digest::{SHA256, SHA256_OUTPUT_LEN, digest},
    rand::SystemRandom,
    rsa::KeySize,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256, RsaKeyPair},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

/// What its one client authenticates with.
pub(crate) const SECRET: &str = "cs_secret_Gm2vXb9TzR4nLsk7Qm2vXb9TzR4nLsk7Qm2vXb9Tz";
/// DESIGN §9: m = 19456 KiB, t = 2, p = 1.
const ARGON2: (u32, u32, u32) = (19456, 2, 1);
/// An access token's claims are about this long.
const CLAIMS_BYTES: usize = 400;
const HEADER: &str = r#"{"alg":"ES256","typ":"at+jwt","kid":"2026-11-21-abcd"}"#;

/// Serves until it is killed.
pub(crate) fn serve(folder: &Path, workers: usize) -> anyhow::Result<()> {
    let random = SystemRandom::new();
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random)?;
    let state = web::Data::new(State {
        secret: sha256(SECRET),
        ec: EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref())?,
        rsa: RsaKeyPair::generate(KeySize::Rsa2048)?,
        random,
        rows: rows::Writer::open(&folder.join("rows.db"))?,
        hashing: Arc::default(),
    });
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("reference ready: listening on {}", listener.local_addr()?);
    let server = HttpServer::new(move || {
        App::new()
            .app_data(state.clone())
            .route("/hello", web::get().to(hello))
            .route("/check", web::post().to(check))
            .route("/token", web::post().to(token))
            .route("/token-and-row", web::post().to(token_and_row))
            .route("/code", web::get().to(code))
            .route("/hash", web::post().to(hash))
    });
    actix_web::rt::System::new().block_on(server.workers(workers).listen(listener)?.run())?;
    Ok(())
}

struct State {
    secret: [u8; SHA256_OUTPUT_LEN],
    ec: EcdsaKeyPair,
    rsa: RsaKeyPair,
    random: SystemRandom,
    rows: rows::Writer,
    /// Whose turn it is, with what the last hash was made in: kept, as the server keeps it.
    hashing: Arc<tokio::sync::Mutex<Vec<Block>>>,
}

#[derive(Deserialize)]
struct Form {
    client_id: String,
    client_secret: String,
    #[serde(default)]
    scope: String,
    /// `ES256`, `RS256`: an ID token as well.
    id_token: Option<String>,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    client_id: &'a str,
    scope: &'a str,
    iat: i64,
    exp: i64,
    jti: &'a str,
    rest: &'a str,
}

#[derive(Serialize)]
struct Answer<'a> {
    access_token: &'a str,
    token_type: &'a str,
    expires_in: u32,
    scope: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<String>,
}

/// A kept text; what metadata and JWKS come to.
async fn hello() -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(&br#"{"hello":"world"}"#[..])
}

/// A form, a secret, a line of JSON; what introspection comes to before it looks at its token.
async fn check(state: web::Data<State>, form: web::Form<Form>) -> HttpResponse {
    if !state.knows(&form) {
        return HttpResponse::Unauthorized().finish();
    }
    HttpResponse::Ok().json(serde_json::json!({"active": true, "client_id": form.client_id}))
}

async fn token(state: web::Data<State>, form: web::Form<Form>) -> HttpResponse {
    if !state.knows(&form) {
        return HttpResponse::Unauthorized().finish();
    }
    state.answer(&form).unwrap_or_else(|_| HttpResponse::InternalServerError().finish())
}

/// The same, and a row that is on the disk before the answer goes out.
async fn token_and_row(state: web::Data<State>, form: web::Form<Form>) -> HttpResponse {
    if !state.knows(&form) {
        return HttpResponse::Unauthorized().finish();
    }
    let answer = state.answer(&form);
    match (answer, state.rows.write(state.random_bytes(), &form.client_id, &form.scope).await) {
        (Ok(answer), Ok(())) => answer,
        _ => HttpResponse::InternalServerError().finish(),
    }
}

/// A durable row and a redirect with a code in it.
async fn code(state: web::Data<State>) -> HttpResponse {
    let bytes = state.random_bytes();
    let code = B64.encode(bytes);
    match state.rows.write(sha256(&code), "client", "read").await {
        Ok(()) => HttpResponse::Found()
            .insert_header(("location", format!("http://127.0.0.1:5000/callback?code={code}&state=xyz")))
            .finish(),
        Err(_) => HttpResponse::InternalServerError().finish(),
    }
}

/// One password hash, on the threads for what takes long; one at a time, as several would fight for the cache.
async fn hash(state: web::Data<State>, form: web::Form<Form>) -> HttpResponse {
    let mut blocks = Arc::clone(&state.hashing).lock_owned().await;
    let hashed = web::block(move || {
        let (memory, passes, lanes) = ARGON2;
        let params = Params::new(memory, passes, lanes, None)?;
        blocks.resize(params.block_count(), Block::new());
        let mut out = [0; 32];
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params).hash_password_into_with_memory(
            form.client_secret.as_bytes(),
            b"a salt of sixteen",
            &mut out,
            &mut *blocks,
        )?;
        Ok::<_, argon2::Error>(out)
    });
    match hashed.await {
        Ok(Ok(hash)) => HttpResponse::Ok().json(serde_json::json!({"access_token": B64.encode(hash)})),
        _ => HttpResponse::InternalServerError().finish(),
    }
}

impl State {
    fn knows(&self, form: &Form) -> bool {
        sha256(&form.client_secret).ct_eq(&self.secret).into()
    }

    fn answer(&self, form: &Form) -> anyhow::Result<HttpResponse> {
        let id_token = match form.id_token.as_deref() {
            Some("RS256") => Some(self.signed(form, true)?),
            Some(_) => Some(self.signed(form, false)?),
            None => None,
        };
        let access_token = self.signed(form, false)?;
        let answer =
            Answer { access_token: &access_token, token_type: "Bearer", expires_in: 900, scope: &form.scope, id_token };
        Ok(HttpResponse::Ok().insert_header(("cache-control", "no-store")).json(answer))
    }

    fn signed(&self, form: &Form, with_rsa: bool) -> anyhow::Result<String> {
        let mut claims = Claims {
            iss: "http://localhost:8080",
            sub: &form.client_id,
            aud: "http://localhost:8080",
            client_id: &form.client_id,
            scope: &form.scope,
            iat: 1_795_251_600,
            exp: 1_795_252_500,
            jti: &B64.encode(self.random_bytes()),
            rest: "",
        };
        let filling = "x".repeat(CLAIMS_BYTES - 228);
        claims.rest = &filling;
        let mut text = String::with_capacity(768);
        B64.encode_string(HEADER, &mut text);
        text.push('.');
        B64.encode_string(serde_json::to_vec(&claims)?, &mut text);
        let signature = if with_rsa {
            let mut signature = vec![0; self.rsa.public_modulus_len()];
            self.rsa.sign(&RSA_PKCS1_SHA256, &self.random, text.as_bytes(), &mut signature)?;
            signature
        } else {
            self.ec.sign(&self.random, text.as_bytes())?.as_ref().to_vec()
        };
        text.push('.');
        B64.encode_string(signature, &mut text);
        Ok(text)
    }

    fn random_bytes(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        // the kernel's generator seeded it; without one this process would not have come so far
        let _filled = aws_lc_rs::rand::SecureRandom::fill(&self.random, &mut bytes);
        bytes
    }
}

fn sha256(text: &str) -> [u8; SHA256_OUTPUT_LEN] {
    let mut bytes = [0; SHA256_OUTPUT_LEN];
    bytes.copy_from_slice(digest(&SHA256, text.as_bytes()).as_ref());
    bytes
}
