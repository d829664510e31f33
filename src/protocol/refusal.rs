//! Every reason to say no: its wire code, its status, its words. `docs/errors.md` lists them for developers.

use std::borrow::Cow;

/// The `error` member and the status it goes out with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the RFC's own word, see `text`")]
pub enum ErrorCode {
    InvalidRequest,
    InvalidClient,
    InvalidGrant,
    UnauthorizedClient,
    UnsupportedGrantType,
    UnsupportedResponseType,
    InvalidScope,
    InvalidTarget,
    AccessDenied,
    AuthorizationPending,
    ExpiredToken,
    AccountSelectionRequired,
    LoginRequired,
    ConsentRequired,
    InteractionRequired,
    UnmetAuthenticationRequirements,
    RequestNotSupported,
    RequestUriNotSupported,
    RegistrationNotSupported,
    InvalidRequestObject,
    InvalidRequestUri,
    InvalidToken,
    InsufficientScope,
    InvalidRedirectUri,
    InvalidClientMetadata,
    UnapprovedSoftwareStatement,
    SlowDown,
    TemporarilyUnavailable,
    ServerError,
}

impl ErrorCode {
    /// RFC 6749 §4.1.2.1, §5.2; RFC 6750 §3.1; RFC 7591 §3.2.2; RFC 8628 §3.5; RFC 8707 §2; OIDC Core §3.1.2.6.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::InvalidScope => "invalid_scope",
            Self::InvalidTarget => "invalid_target",
            Self::AccessDenied => "access_denied",
            Self::AuthorizationPending => "authorization_pending",
            Self::ExpiredToken => "expired_token",
            Self::AccountSelectionRequired => "account_selection_required",
            Self::LoginRequired => "login_required",
            Self::ConsentRequired => "consent_required",
            Self::InteractionRequired => "interaction_required",
            Self::UnmetAuthenticationRequirements => "unmet_authentication_requirements",
            Self::RequestNotSupported => "request_not_supported",
            Self::RequestUriNotSupported => "request_uri_not_supported",
            Self::RegistrationNotSupported => "registration_not_supported",
            Self::InvalidRequestObject => "invalid_request_object",
            Self::InvalidRequestUri => "invalid_request_uri",
            Self::InvalidToken => "invalid_token",
            Self::InsufficientScope => "insufficient_scope",
            Self::InvalidRedirectUri => "invalid_redirect_uri",
            Self::InvalidClientMetadata => "invalid_client_metadata",
            Self::UnapprovedSoftwareStatement => "unapproved_software_statement",
            Self::SlowDown => "slow_down",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
            Self::ServerError => "server_error",
        }
    }

    /// The HTTP status where the error is a response of its own: 400 but for RFC 6749 §5.2 (401 for
    /// `invalid_client`), RFC 6750 §3.1, and what is ours to mend.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::InvalidClient | Self::InvalidToken => 401,
            Self::InsufficientScope => 403,
            Self::SlowDown => 429,
            Self::ServerError => 500,
            Self::TemporarilyUnavailable => 503,
            _ => 400,
        }
    }
}

macro_rules! refusals {
    ($($(#[$doc:meta])* $name:ident $(($($field:ident: $ty:ty),+))? = $code:ident, $words:expr;)*) => {
        /// A reason to say no. Rules return it; `http` gives it its form; log, audit and tests name the variant.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Refusal { $( $(#[$doc])* $name $(($($ty),+))?, )* }

        impl Refusal {
            /// Every variant's name, for docs/errors.md and the test that holds it complete.
            pub const NAMES: &[&str] = &[$(stringify!($name)),*];

            /// The variant's name, as log and audit have it.
            #[must_use]
            pub const fn name(&self) -> &'static str {
                match self { $( Self::$name $(($(refusals!(@skip $field)),+))? => stringify!($name), )* }
            }

            /// What the client reads as `error`.
            #[must_use]
            pub const fn code(&self) -> ErrorCode {
                match self { $( Self::$name $(($(refusals!(@skip $field)),+))? => ErrorCode::$code, )* }
            }

            /// One sentence with the remedy, before it is made fit for the wire.
            fn words(&self) -> Cow<'static, str> {
                match self { $( Self::$name $(($($field),+))? => Cow::from($words), )* }
            }
        }
    };
    (@skip $field:ident) => { _ };
}

refusals! {
    // ── parameters ──
    /// RFC 6749 §3.1: required and not there.
    ParameterMissing(name: &'static str) = InvalidRequest, format!("{name} is missing");
    /// RFC 6749 §3.1: "must not be included more than once".
    ParameterRepeated(name: String) = InvalidRequest, format!("{name} was sent more than once");
    /// Not of the form its specification gives.
    ParameterMalformed(name: &'static str, why: &'static str) = InvalidRequest, format!("{name} {why}");
    /// Invalid percent-encoding, UTF-8 or NUL.
    ParameterUnreadable(name: String) = InvalidRequest, format!("{name} is not valid UTF-8 text or holds a NUL");
    /// The body is neither a form nor a flat JSON object.
    BodyMalformed(why: &'static str) = InvalidRequest, format!("the request body {why}");
    /// Past the configured limit; answered 413.
    BodyTooLarge = InvalidRequest, "the request body is too large";
    /// Another media type than the endpoint takes; answered 415.
    BodyUnsupported(wanted: &'static str) = InvalidRequest, format!("the request body must be {wanted}");
    /// Compressed bodies are not unpacked; answered 415.
    BodyCompressed = InvalidRequest, "the request body must not be compressed";

    // ── clients ──
    /// No client of that name.
    ClientUnknown = InvalidClient, "no client is registered with this client_id, or its credential is wrong";
    /// The credential is wrong. Reads like an unknown client.
    SecretWrong = InvalidClient, "no client is registered with this client_id, or its credential is wrong";
    /// RFC 6749 §2.3: more than one way at once.
    CredentialsTwice = InvalidRequest, "the client authenticated in two ways at once; use one";
    /// The form names another client than the header.
    CredentialsConflict = InvalidRequest, "client_id differs from the client that authenticated";
    /// The client is registered for another method.
    MethodNotRegistered(used: &'static str, registered: &'static str) = InvalidClient,
        format!("client authenticated by {used} but is registered for {registered} only");
    /// RFC 7521 §4.2, RFC 7523 §2.2: not an assertion that names its client.
    AssertionMalformed = InvalidClient,
        "client_assertion must be a signed JWT with the client as sub, and client_assertion_type \
         urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    /// Nothing of the client's has signed the assertion. Reads like an unknown client.
    AssertionWrong = InvalidClient, "no client is registered with this client_id, or its credential is wrong";
    /// RFC 7523 §3: the client signed it, but it is not for us, not for now, or of another kind.
    AssertionUnfit(why: &'static str) = InvalidClient, format!("the client assertion {why}");
    /// OIDC Registration §2: what is to be encrypted for it cannot be.
    ClientKeyMissing = InvalidRequest, "the client asked for encrypted tokens, and no key in its key set fits";
    /// OIDC Core §9: `jti` is used once.
    AssertionReplayed = InvalidClient, "the client assertion was used before; make a new one for each request";
    /// A confidential client came without its secret.
    SecretMissing = InvalidClient, "this client must authenticate, by the method it is registered for";
    /// Neither header nor form names a client.
    ClientMissing = InvalidClient, "client_id is missing";
    /// The `Authorization` header is not a readable Basic credential.
    BasicMalformed = InvalidClient, "the Authorization header is not a readable Basic credential";

    /// PROTOCOL R-f: another service's client at the standard's endpoints.
    DialectOnly(dialect: &'static str) = UnauthorizedClient,
        format!("the client is registered for the {dialect} dialect and may use its endpoints only");
    /// PROTOCOL R-f: a client at the endpoints of a dialect that it is not registered for.
    NotOfDialect(dialect: &'static str) = UnauthorizedClient,
        format!("the client is not registered for the {dialect} dialect");

    /// PROTOCOL R-f3: a browser that was sent to an address which redeems by GET.
    NotForBrowsers = InvalidRequest, "this address is for programs; a browser was sent here";

    // ── authorization endpoint ──
    /// Unknown `client_id` at the authorization endpoint; shown on a page.
    AppUnknown(client_id: String) = InvalidRequest, format!("no app is registered with client_id {client_id}");
    /// Not sent, and not exactly one is registered.
    RedirectUriMissing = InvalidRequest, "redirect_uri is missing, and the client does not have exactly one registered";
    /// Sent, and not the client's.
    RedirectUriUnregistered(sent: String) = InvalidRequest,
        format!("redirect_uri is not registered for this client; received {sent}");
    /// RFC 6749 §3.1.1.
    ResponseTypeUnsupported = UnsupportedResponseType, "this response_type is not known; use code";
    /// The client is not registered with the grant this response type needs.
    ResponseTypeNotAllowed(grant: &'static str) = UnauthorizedClient,
        format!("the client is not registered with the grant {grant}");
    /// OIDC Registration §2: the client has the grants, but is not registered with this response type.
    ResponseTypeNotRegistered(asked: &'static str) = UnauthorizedClient,
        format!("the client is not registered with the response_type {asked}");
    /// OIDC Core §3.1.2.1: an ID token is asked for without `openid`.
    OpenidMissing = InvalidRequest, "scope must have openid, because the response_type has id_token";
    /// Multiple Response Types §2.1.
    ResponseModeUnsupported = InvalidRequest, "this response_mode is not supported for the response_type";
    /// In a dialect, whose services have none.
    RequestObjectUnsupported = RequestNotSupported,
        "request objects are not supported here; send the parameters themselves";
    /// In a dialect, whose services have none.
    RequestUriUnsupported = RequestUriNotSupported,
        "request_uri is not supported here; send the parameters themselves";
    /// OIDC Core §6.1, §6.2: one or the other.
    RequestObjectTwice = InvalidRequest, "request and request_uri were both sent; send one of them";
    /// RFC 9101 §10.5.
    RequestObjectMissing = InvalidRequest, "this client is registered to ask by signed request objects alone";
    /// OIDC Registration §2: `none` is for clients registered with it.
    RequestObjectUnsigned = RequestNotSupported,
        "unsigned request objects are not supported for this client; sign it, or register request_object_signing_alg none";
    /// RFC 9101 §6, OIDC Core §6.3: what is wrong with it.
    RequestObjectUnfit(why: &'static str) = InvalidRequestObject, format!("the request object {why}");
    /// RFC 9101 §6.1: one sentence for all that can be wrong with what is encrypted (RFC 7516 §11.5).
    RequestObjectSealed = InvalidRequestObject,
        "the request object is not encrypted with a key of this server, by algorithms that it lists";
    /// RFC 9101 §6.2: nothing of the client's has signed it.
    RequestObjectUnverified = InvalidRequestObject,
        "the request object is not signed with a key or a readable secret of this client";
    /// OIDC Core §6.1: numbers are numbers, objects are objects, everything else is text.
    RequestObjectMember(name: &'static str) = InvalidRequestObject,
        format!("the request object has {name} in another form than it has to have");
    /// RFC 9101 §5, OIDC Core §6.1.
    RequestObjectConflict(name: &'static str) = InvalidRequestObject,
        format!("{name} is not the same inside and outside of the request object");
    /// OIDC Registration §2.
    RequestUriUnregistered = InvalidRequestUri,
        "request_uri is none of the request_uris registered for this client; pushed requests are not supported";
    /// OIDC Core §6.2.2: whatever it is that keeps us from reading it.
    RequestUriUnreadable = InvalidRequestUri, "request_uri does not lead to a request object that this server can read";
    /// OIDC Core §7.2.1.
    RegistrationUnsupported = RegistrationNotSupported, "the registration parameter is not supported";
    /// RFC 9700 §2.1.1.
    ChallengeMissing = InvalidRequest, "code_challenge is missing; this client must use PKCE with S256, or has used it before";
    /// RFC 7636 §4.4.1.
    ChallengeMethodUnsupported = InvalidRequest, "code_challenge_method must be S256";
    /// OIDC Core §3.1.2.1.
    PromptUnknown = InvalidRequest, "prompt holds an unknown value; known are none, login, consent, select_account and create";
    /// Initiating User Registration 1.0 §4.1: nobody makes an account here by themselves.
    PromptCreateUnsupported = InvalidRequest, "prompt=create is not offered; an administrator makes people's accounts";
    /// OIDC Core §3.1.2.1.
    PromptNoneCombined = InvalidRequest, "prompt=none cannot be combined with another value";
    /// OIDC Core §3.1.2.6: there are accounts in this browser, and none of them is in use.
    AccountSelectionRequired = AccountSelectionRequired, "the person has to choose an account, and prompt=none forbids asking";
    /// OIDC Core §3.1.2.6: nobody is signed in, or not recently enough.
    LoginRequired = LoginRequired, "the person has to sign in, and prompt=none forbids asking";
    /// OIDC Core §3.1.2.6.
    ConsentRequired = ConsentRequired, "the person has not agreed to this yet, and prompt=none forbids asking";
    /// RFC 8252 §8.6: the client cannot prove who it is, so a person must look; or it asked too often (PROTOCOL R-e1).
    InteractionRequired = InteractionRequired,
        "this client cannot prove who it is, or asks too often, so a person has to confirm it";
    /// OIDC Core §5.5.1.1, OIDC Core Error Code `unmet_authentication_requirements` §2.
    ClassUnmet = UnmetAuthenticationRequirements, "nobody can sign in here as surely as the essential acr claim demands";
    /// RFC 6749 §4.1.2.1.
    Denied = AccessDenied, "the person did not allow the access";

    // ── signing out ──
    /// OIDC RP-Initiated Logout §2: `client_id` beside a hint of another client.
    LogoutClientDiffers = InvalidRequest, "client_id is not the client that id_token_hint was issued to";
    /// OIDC RP-Initiated Logout §3: nobody can tell whose the address is.
    LogoutClientMissing = InvalidRequest,
        "post_logout_redirect_uri needs an id_token_hint or a client_id, which say whose it is";
    /// OIDC RP-Initiated Logout §2: not issued here, altered, or signed by a key that was given up.
    LogoutHintUnknown = InvalidRequest, "id_token_hint is not an ID token that was issued here";
    /// OIDC RP-Initiated Logout §3.
    LogoutRedirectUnregistered = InvalidRequest,
        "post_logout_redirect_uri is not registered for this client; it must be the same to the letter";

    // ── scopes and resources ──
    /// RFC 6749 §3.3: characters.
    ScopeMalformed = InvalidScope, "scope holds a character that no scope may have, or is too long";
    /// Not among the client's scopes, or unknown here.
    ScopeNotAllowed(scope: String) = InvalidScope, format!("the client is not registered for the scope {scope}");
    /// RFC 6749 §3.3: nothing asked and nothing to fall back on.
    ScopeMissing = InvalidScope, "scope is missing, and the client has no default scope";
    /// PROTOCOL R-k1.
    ScopesOfSeveralResources = InvalidScope,
        "the scopes belong to different resources; ask for one resource at a time or name it with resource";
    /// RFC 6749 §3.3, §5.1: nothing would be left of them.
    ScopesOfOtherResources = InvalidScope, "none of the scopes belongs to the resource that the request names";
    /// RFC 8707 §2.
    ResourceMalformed = InvalidTarget, "resource must be an absolute URI without a fragment";
    /// RFC 8707 §2.
    ResourceNotAllowed(resource: String) = InvalidTarget,
        format!("the resource {resource} is unknown, or not allowed for this client");
    /// PROTOCOL R-k4.
    ResourceAmbiguous = InvalidTarget, "several resources were authorized; name one with resource in the token request";

    // ── token endpoint ──
    /// RFC 6749 §5.2.
    GrantTypeUnknown = UnsupportedGrantType, "this grant_type is not supported";
    /// RFC 6749 §5.2.
    GrantTypeNotAllowed(grant: &'static str) = UnauthorizedClient,
        format!("the client is not registered with the grant {grant}");
    /// Never issued here, or long gone.
    CodeUnknown = InvalidGrant, "the code is not known; it may have been mistyped or was never issued here";
    /// RFC 6749 §4.1.2.
    CodeExpired = InvalidGrant, "the code has expired; codes live for a minute or so, redeem them at once";
    /// RFC 6749 §4.1.2.
    CodeReplayed = InvalidGrant, "code was already used; all tokens issued from it were revoked";
    /// Used before, and this request could not show it was the rightful client: refused without effect (P20).
    CodeSpent = InvalidGrant, "the code was already used";
    /// RFC 6749 §4.1.3: bound to the client.
    CodeOfAnotherClient = InvalidGrant, "the code was issued to another client";
    /// RFC 6749 §4.1.3.
    RedirectUriDiffers = InvalidGrant, "redirect_uri must be the one of the authorization request";
    /// RFC 7636 §4.6.
    VerifierWrong = InvalidGrant, "code_verifier does not match code_challenge (S256)";
    /// RFC 7636 §4.6.
    VerifierMissing = InvalidGrant, "code_verifier is missing; the authorization request had a code_challenge";
    /// RFC 9700 §2.1.1: a downgrade.
    VerifierUnasked = InvalidGrant, "code_verifier was sent, but the authorization request had no code_challenge";
    /// RFC 8628 §3.5: never issued here, or long gone.
    DeviceCodeUnknown = InvalidGrant, "the device_code is not known; it may have expired long ago";
    /// RFC 8628 §3.5: nobody has answered yet.
    DeviceWaiting = AuthorizationPending, "nobody has entered the user code and answered yet";
    /// RFC 8628 §3.5: the device asks too often. Answered 400, like the others of its kind.
    DevicePolledTooSoon = SlowDown, "the device asks too often; wait 5 seconds longer between requests from now on";
    /// RFC 8628 §3.5.
    DeviceCodeExpired = ExpiredToken, "the device_code has expired; start again with a new one";
    /// Its tokens were given out.
    DeviceCodeSpent = InvalidGrant, "the device_code was already used";
    /// Bound to the client.
    DeviceCodeOfAnotherClient = InvalidGrant, "the device_code was issued to another client";
    /// Too many devices have been started from this place, or by this client.
    TooManyDevices = SlowDown, "too many devices were started here; wait before the next";
    /// On the page: no such code waits for an answer.
    UserCodeWrong = InvalidRequest, "no device waits with this user code";
    /// Not one of ours, or of a chain that is gone.
    RefreshUnknown = InvalidGrant, "the refresh token is not valid; it may have expired or been revoked";
    /// PROTOCOL R-a2.
    RefreshReused = InvalidGrant, "the refresh token was already used; the whole chain was revoked";
    /// RFC 6749 §6.
    RefreshOfAnotherClient = InvalidGrant, "the refresh token was issued to another client";
    /// The person took the access back, was locked, or the client's tokens were ended.
    GrantEnded = InvalidGrant, "the access was taken back";
    /// RFC 6749 §6.
    ScopeWidened(scope: String) = InvalidScope, format!("the scope {scope} exceeds what was granted");
    /// RFC 6749 §4.3: wrong password, unknown person, or a person who may not sign in this way.
    PersonRefused = InvalidGrant, "the username and password do not match";
    /// PROTOCOL R-p1: a page's visitors must not guess for an attacker.
    PasswordFromBrowser = InvalidRequest, "the password grant is not available to web pages";
    /// PROTOCOL R-a4.
    TooManyRetries = SlowDown, "too many retries of one refresh token";
    /// PROTOCOL R-g: guessing.
    TooManyTries = SlowDown, "too many failed attempts; wait before the next";

    // ── resources ──
    /// RFC 6750 §3: no token at all. Carries no code on the wire.
    TokenMissing = InvalidToken, "an access token is needed";
    /// RFC 6750 §2: more than one way at once.
    TokenTwice = InvalidRequest, "send the access token in one way only";
    /// RFC 6750 §3.1.
    TokenInvalid = InvalidToken, "the access token is not valid; it may have expired or been revoked";
    /// PROTOCOL R-f2.
    QueryTokenNotAllowed = InvalidToken,
        "this client may not send its access token in the query; use the Authorization header";
    /// RFC 6750 §3.1.
    ScopeInsufficient(scope: &'static str) = InsufficientScope, format!("the access token needs the scope {scope}");

    /// PROTOCOL R-f6: a person's token, or none, where the app itself is asked for.
    AppTokenNeeded = InvalidRequest, "access_token must be the token of the app itself, or client_id|client_secret";
    /// A number in the path that is not the person's behind the token.
    PersonNotShown = InvalidRequest, "the token shows another person than the one that is named";
    /// PROTOCOL R-f6.
    TooManyCalls = SlowDown, "too many requests of this kind; wait a minute";

    // ── registration ──
    /// RFC 7591 §3.2.2: an address that cannot be registered.
    RedirectUriUnfit(why: String) = InvalidRedirectUri, why.clone();
    /// RFC 7591 §3.2.2: another member that cannot be registered so.
    MetadataUnfit(member: &'static str, why: String) = InvalidClientMetadata, format!("{member} {why}").trim_start().to_owned();
    /// RFC 7591 §3.2.2: nobody's statements are trusted here.
    SoftwareStatementUnapproved = UnapprovedSoftwareStatement,
        "software statements are not accepted here; leave software_statement out";
    /// RFC 7591 §5: too many from one place, or too many at all.
    TooManyRegistrations = SlowDown, "too many clients were registered or changed; wait before the next";
    /// RFC 7592 §2.2: somebody else changed the registration each time between reading and writing it.
    RegistrationContended = TemporarilyUnavailable, "somebody else is changing this registration; try again in a moment";

    // ── ours ──
    /// A queue is full or the database is away.
    Busy = TemporarilyUnavailable, "the server is busy; try again in a moment";
    /// Something of ours failed; the log has the cause under the request id.
    Broken = ServerError, "something went wrong on our side; it has been logged";
}

impl Refusal {
    /// The HTTP status where the refusal is a response of its own.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::BodyTooLarge => 413,
            Self::BodyUnsupported(_) | Self::BodyCompressed => 415,
            // RFC 8628 §3.5: an error of the token endpoint like any other
            Self::DevicePolledTooSoon => 400,
            _ => self.code().status(),
        }
    }

    /// `error_description`: one plain ASCII sentence without `"` and `\` (RFC 6749 §4.1.2.1, UX E5).
    #[must_use]
    pub fn description(&self) -> String {
        self.words()
            .chars()
            .take(300)
            .map(|c| match c {
                '"' | '\\' => '\'',
                ' '..='~' => c,
                _ => '?',
            })
            .collect()
    }

    /// Could a cache that is behind have caused it? Then somebody looks once more before saying no (DESIGN §6).
    #[must_use]
    pub const fn may_be_stale(&self) -> bool {
        matches!(
            self,
            Self::AppUnknown(_)
                | Self::DialectOnly(_)
                | Self::NotOfDialect(_)
                | Self::RedirectUriMissing
                | Self::RedirectUriUnregistered(_)
                | Self::LogoutRedirectUnregistered
                | Self::RequestObjectMissing
                | Self::RequestObjectUnsigned
                | Self::RequestObjectSealed
                | Self::RequestObjectUnverified
                | Self::RequestObjectUnfit(_)
                | Self::RequestUriUnregistered
                | Self::ResponseTypeNotAllowed(_)
                | Self::ResponseTypeNotRegistered(_)
                | Self::ChallengeMissing
                | Self::ScopeNotAllowed(_)
                | Self::ScopeMissing
                | Self::ScopesOfSeveralResources
                | Self::ScopesOfOtherResources
                | Self::ResourceNotAllowed(_)
                | Self::GrantTypeNotAllowed(_)
                | Self::PasswordFromBrowser
        )
    }

    /// How long to wait, where waiting helps, in seconds: `Retry-After`.
    #[must_use]
    pub const fn retry_after_seconds(&self) -> Option<u32> {
        match self.code() {
            ErrorCode::TemporarilyUnavailable => Some(2),
            ErrorCode::SlowDown if !matches!(self, Self::DevicePolledTooSoon) => Some(30),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
