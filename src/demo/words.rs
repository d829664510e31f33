//! What parameters, claims and members of replies mean, in a sentence each.

/// What a name means, wherever it stands: in an address, a form, a reply or a token.
pub(crate) fn meaning(name: &str) -> Option<&'static str> {
    MEANINGS.iter().find(|(known, _)| *known == name).map(|(_, words)| *words)
}

const MEANINGS: &[(&str, &str)] = &[
    // requests
    ("response_type", "What the browser is to bring back: a code, which is worthless to whoever only sees it."),
    ("client_id", "Which app asks. Public; it proves nothing by itself."),
    ("redirect_uri", "Where the answer goes. It must be registered, letter for letter."),
    ("scope", "What the app may do. The person reads it on the consent page."),
    ("state", "Drawn for this request and compared when the answer comes: nobody can slip in an answer of their own."),
    ("nonce", "Comes back inside the ID token, and ties it to this request."),
    ("code_challenge", "The SHA-256 of a secret that the app keeps until it redeems the code (PKCE)."),
    ("code_challenge_method", "How the challenge was made. S256 is the only way that is accepted."),
    ("prompt", "consent: show the consent page, although she agreed before. The demonstration wants you to see it."),
    ("grant_type", "What is exchanged for tokens in this request."),
    ("code", "The authorization code. It lives for a minute, works once and only for this app."),
    ("code_verifier", "The secret behind code_challenge. Only the app that asked has it."),
    ("refresh_token", "Gets the next access token, and the next refresh token. It works once."),
    ("username", "The name to sign in with."),
    ("password", "Of the made-up person, drawn for this demonstration."),
    ("token", "The token that is asked about or given back."),
    ("csrf", "Shows that the form comes from the server’s own page."),
    (
        "interaction",
        "The whole authorization request, sealed by the server: nothing of it is stored while the person reads.",
    ),
    ("decision", "The button that was pressed."),
    ("remember", "Stay signed in when the browser is closed."),
    ("device_code", "The device’s own half of the pair. It is never shown to people."),
    ("user_code", "The half that the person types on another device."),
    ("access_token", "Opens APIs. Whoever has it can use it, so it is short-lived."),
    ("iss", "Who says so: the issuer. The app compares it, so that answers of two servers are never mixed up."),
    // replies
    ("token_type", "How the token is used: in the Authorization header, after the word Bearer."),
    ("expires_in", "Seconds until the access token ends."),
    ("id_token", "Says who signed in. It is for the app, and no key to any API."),
    ("error", "What is wrong, in a word that programs understand."),
    ("error_description", "What is wrong and what to do, for the developer."),
    ("verification_uri", "Where the person goes to type the code."),
    ("verification_uri_complete", "The same with the code in it, for a QR code."),
    ("interval", "Seconds between two questions of the device."),
    ("active", "Is the token good? Of any other token the reply has nothing but this."),
    ("user", "Whose token it is."),
    // claims
    ("sub", "The person, by a name that never changes. For a machine, the client."),
    ("aud", "Whom the token is for. Everybody else must refuse it."),
    ("exp", "When it ends, in seconds since 1970."),
    ("iat", "When it was made."),
    ("nbf", "Not good before this instant."),
    ("jti", "The token’s own id."),
    ("auth_time", "When the person signed in."),
    ("at_hash", "Ties the ID token to the access token beside it."),
    ("sid", "The session at the server, by a name for this app alone."),
    ("azp", "The app that the token was made for."),
    ("acr", "How strongly the person was authenticated."),
    ("amr", "By what means: pwd is a password."),
    ("name", "The person’s full name."),
    ("preferred_username", "The name they sign in with."),
    ("email", "Their address."),
    ("email_verified", "Is the address known to be theirs?"),
    ("updated_at", "When these claims last changed."),
    ("alg", "How it is signed."),
    ("kid", "Which of the keys at /oauth2/jwks signed it."),
    ("typ", "What kind of token it is, so that no token passes for another."),
];
