//! What a client's dangerous switches cost, in words: shown when it is registered, changed and looked at.

use crate::{
    jose::Protection,
    protocol::{
        client_metadata::{Client, KeptForm, TokenFormat},
        dialect::Life,
        grant::GrantType,
        redirect_uri::{self, Target},
    },
};

const LONG_JWT_SECONDS: u32 = 24 * 3600;

/// One sentence for each switch that costs something.
#[must_use]
pub fn of(client: &Client) -> Vec<String> {
    let metadata = &client.metadata;
    let mut costs = Vec::new();
    let mut say = |on: bool, words: &str| {
        if on {
            costs.push(words.to_owned());
        }
    };
    say(
        metadata.allows(GrantType::Password),
        "grant password (legacy): the app sees people's passwords, and it never works for people with a second factor or \
         for administrators; RFC 9700 tells new apps not to use it",
    );
    say(
        metadata.allows(GrantType::Implicit),
        "grant implicit (legacy): access tokens travel in the address bar, where histories and other scripts find them; \
         new apps use authorization_code with PKCE",
    );
    say(
        metadata.learns_pkce() && metadata.allows(GrantType::AuthorizationCode),
        "PKCE is not demanded of this confidential client until it has used it: an app that sends no code_challenge relies \
         on `state` alone against stolen codes; send one with S256 if your library can",
    );
    say(
        metadata.pkce_optional,
        "pkce optional: whoever can change its requests can leave PKCE out of them, also where it uses it; `state` is all \
         that stands against stolen codes then",
    );
    say(
        metadata.no_iss,
        "no iss: redirects do not say which server answered (RFC 9207), so give this server a redirect URI of its own; \
         setting `issuer` in the client is better",
    );
    if let Some(dialect) = metadata.dialect {
        say(
            true,
            "dialect: redirects do not say which server answered (no iss, RFC 9207), so an app that uses several servers \
             needs a redirect URI of its own for this one, or another server could pass its codes off as ours; its `state` \
             is all that stands against forged answers",
        );
        say(
            dialect.token_life(metadata) == Life::WhileUsed,
            "access tokens do not expire while they are used: each ends a year after its last use, when the person removes \
             the app, or with --access-ttl, which gives them a life",
        );
        say(
            metadata.also_standard,
            "also-standard: it comes in by the standard endpoints as well, with PKCE, iss and short-lived tokens, and by the \
             dialect's, without them; what it gains by one it may lose by the other",
        );
    }
    say(
        metadata.query_token,
        "query-token: access tokens in addresses end up in histories and in the logs of proxies in front of this server; \
         send them in the Authorization header if the program can",
    );
    say(
        metadata.device_without_secret,
        "device-without-secret: whoever knows its client_id can start a device login in its name, as with any public client; \
         such a device gets no dangerous scope",
    );
    say(
        metadata.sealed_secret,
        "sealed-secret: its secrets are stored so that this server can read them again; who has the database and secret_key \
         has them too; a client that can use RS256 and private_key_jwt needs none of this",
    );
    say(
        metadata.id_token_signed_response_alg == Some(Protection::Unsecured),
        "id-token-alg none: its ID tokens carry no signature; all that vouches for them is the connection to the token \
         endpoint, and nobody may pass one on",
    );
    say(
        metadata.assertion_for_token_endpoint,
        "assertion-audience token_endpoint: an assertion that it was made to write for another server with the same address \
         in its metadata would do here as well; name the issuer if the program can",
    );
    let unproven =
        metadata.is_public() && metadata.redirect_uris.iter().any(|uri| redirect_uri::target(uri) != Target::Https);
    say(
        metadata.first_party && unproven,
        "first-party: still shows the consent page for redirects to this computer or device, because any program there \
         could pretend to be it",
    );
    say(
        metadata.first_party && !unproven,
        "first-party: nobody is asked for consent; everything it may ask for it gets",
    );
    say(
        metadata.access_token_format != Some(TokenFormat::Opaque)
            && metadata.access_token_ttl.is_some_and(|seconds| seconds > LONG_JWT_SECONDS),
        "access tokens live longer than a day: an API that checks only their signature accepts a revoked one until it \
         expires; --access-token opaque makes it ask",
    );
    say(
        client.secrets.iter().any(|secret| matches!(secret.form, KeptForm::Hash(_))),
        "chosen secret: only as good as it is random; countersign client rotate-secret makes one of 256 bits",
    );
    costs
}
