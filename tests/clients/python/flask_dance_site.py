"""A Flask site where people sign in by Flask-Dance: with its general blueprint, and with the one for GitHub."""
import os

from flask import Flask, jsonify
from flask_dance.consumer import OAuth2ConsumerBlueprint
from flask_dance.contrib.github import make_github_blueprint

ISSUER = os.environ["ISSUER"]
# The library insists on https, also for a server on the same machine.
os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"

app = Flask(__name__)
app.secret_key = os.urandom(32)
countersign = OAuth2ConsumerBlueprint(
    "countersign",
    __name__,
    client_id=os.environ["CLIENT_ID"],
    client_secret=os.environ["CLIENT_SECRET"],
    scope=["read", "write"],
    base_url=ISSUER,
    authorization_url=ISSUER + "/oauth2/authorize",
    token_url=ISSUER + "/oauth2/access_token",
    use_pkce=True,
    code_challenge_method="S256",
    redirect_to="me",
)
app.register_blueprint(countersign)

github = make_github_blueprint(
    client_id=os.environ["CLIENT_ID"],
    client_secret=os.environ["CLIENT_SECRET"],
    scope="user:email,read:user",
    redirect_to="me_at_github",
)
# What somebody with a server of their own changes: three addresses.
github.authorization_url = ISSUER + "/login/oauth/authorize"
github.token_url = ISSUER + "/login/oauth/access_token"
github.base_url = ISSUER + "/api/v3/"
app.register_blueprint(github)


@app.get("/me")
def me():
    return jsonify(token=countersign.token, user=countersign.session.get("/api/verify").json()["user"])


@app.get("/me-at-github")
def me_at_github():
    answer = github.session.get("user")
    return jsonify(token=github.token, user=answer.json(), scopes=answer.headers.get("X-OAuth-Scopes"))


app.run(port=int(os.environ["PORT"]))
