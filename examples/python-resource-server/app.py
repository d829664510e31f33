"""An API that takes access tokens: it checks each by itself, with the server's published keys.

No secret, no client, no request to the server per call: the token is a signed JWT (RFC 9068), and the keys are fetched
once and again when an unknown one appears. What this cannot see is a token that was revoked before its time; keep
tokens short (`--access-ttl`), or ask `/oauth2/introspect` where that matters.
"""
import json
import os
from urllib.request import urlopen

import jwt
from flask import Flask, jsonify, request

ISSUER = os.environ.get("ISSUER", "http://localhost:8080")
PORT = int(os.environ.get("PORT", "5001"))
# What tokens for this API name as their audience: the address it was registered under.
RESOURCE = os.environ.get("RESOURCE", f"http://127.0.0.1:{PORT}")

with urlopen(ISSUER + "/.well-known/oauth-authorization-server", timeout=10) as answer:
    metadata = json.load(answer)
# A key that nobody knows is looked for at the server, but not more often than every five seconds.
keys = jwt.PyJWKClient(metadata["jwks_uri"], cooldown_duration=5, timeout=10)

app = Flask(__name__)
notes = ["Notes may be read with the scope “read”, and added with “write”."]


@app.get("/notes")
def read_notes():
    needs("read")
    return jsonify(notes)


@app.post("/notes")
def add_note():
    claims = needs("write")
    notes.append(f"{claims['sub']}: {request.get_data(as_text=True)[:200]}")
    return jsonify(notes), 201


def needs(scope):
    """What the token says, when it is good and has this scope."""
    claims = check(request.headers.get("Authorization", ""))
    if scope not in claims["scope"].split():
        raise Refused(403, "insufficient_scope", scope)
    return claims


def check(authorization):
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Refused(401)
    try:
        # Not an ID token, which is for the app and not for us.
        if jwt.get_unverified_header(token).get("typ") != "at+jwt":
            raise jwt.InvalidTokenError("not an access token")
        return jwt.decode(
            token,
            keys.get_signing_key_from_jwt(token),
            # Only these: the token does not choose, least of all “none”.
            algorithms=["ES256", "RS256"],
            issuer=metadata["issuer"],
            audience=RESOURCE,
            options={"require": ["iss", "aud", "exp", "iat", "sub", "client_id", "scope"]},
        )
    except jwt.PyJWKClientConnectionError as fault:
        app.logger.error("the keys cannot be fetched: %s", fault)
        raise Refused(503) from fault
    except (jwt.InvalidTokenError, jwt.PyJWKClientError) as reason:
        app.logger.warning("refused: %s", reason)
        raise Refused(401, "invalid_token") from reason


class Refused(Exception):
    """RFC 6750 §3: what is missing is said in a header. Without a token, nothing is wrong yet."""

    def __init__(self, status, error=None, scope=None):
        super().__init__(error)
        self.status = status
        parts = {"realm": "notes", "error": error, "scope": scope}
        self.header = "Bearer " + ", ".join(f'{name}="{value}"' for name, value in parts.items() if value)


@app.errorhandler(Refused)
def refuse(refused):
    return jsonify(error=str(refused)), refused.status, {"WWW-Authenticate": refused.header}


if __name__ == "__main__":
    app.run(port=PORT)
