"""A Flask site where people sign in by Authlib: `countersign` is found by its metadata, `github` by its addresses."""
import os

from authlib.integrations.flask_client import OAuth
from flask import Flask, jsonify, url_for

ISSUER = os.environ["ISSUER"]

app = Flask(__name__)
app.secret_key = os.urandom(32)
oauth = OAuth(app)
oauth.register(
    "countersign",
    client_id=os.environ["CLIENT_ID"],
    client_secret=os.environ["CLIENT_SECRET"],
    server_metadata_url=ISSUER + "/.well-known/openid-configuration",
    client_kwargs={"scope": "openid profile email", "code_challenge_method": "S256"},
)
oauth.register(
    "github",
    client_id=os.environ["CLIENT_ID"],
    client_secret=os.environ["CLIENT_SECRET"],
    authorize_url=ISSUER + "/login/oauth/authorize",
    access_token_url=ISSUER + "/login/oauth/access_token",
    api_base_url=ISSUER + "/api/v3/",
    client_kwargs={"scope": "user:email"},
)


@app.get("/<name>/login")
def login(name):
    return oauth.create_client(name).authorize_redirect(url_for("callback", name=name, _external=True))


@app.get("/<name>/callback")
def callback(name):
    client = oauth.create_client(name)
    token = client.authorize_access_token()
    if name == "github":
        token["user"] = client.get("user").json()
        token["emails"] = client.get("user/emails").json()
    else:
        # The claims of the ID token are in `userinfo` when it was good; this asks the server itself.
        token["asked"] = client.userinfo(token=token)
    return jsonify(token)


app.run(port=int(os.environ["PORT"]))
