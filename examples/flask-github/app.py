"""A web app that was written for GitHub's OAuth, by hand: no library but Flask and requests.

The two addresses below are all that makes it ours. With GitHub they are https://github.com and https://api.github.com;
with a GitHub Enterprise Server, and with countersign, one host with the API under /api/v3.
"""
import os
import secrets
from urllib.parse import urlencode

import requests
from flask import Flask, redirect, render_template_string, request, session, url_for

SERVER = os.environ.get("ISSUER", "http://localhost:8080")
API = SERVER + "/api/v3"
CLIENT_ID, CLIENT_SECRET = os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"]

app = Flask(__name__)
# Signs the cookie with the session in it; people can read it, so no token belongs there.
app.secret_key = os.environ.get("SECRET_KEY") or secrets.token_bytes(32)
tokens = {}  # by the person's id: a real app has a table, and encrypts this column


@app.get("/")
def home():
    return render_template_string(PAGE, user=session.get("user"), emails=session.get("emails"))


@app.get("/login")
def login():
    # Whoever comes back has to bring this along: nobody can slip somebody else's sign-in to this browser.
    session["state"] = secrets.token_urlsafe(32)
    return redirect(SERVER + "/login/oauth/authorize?" + urlencode({
        "client_id": CLIENT_ID,
        "redirect_uri": url_for("callback", _external=True),
        "scope": "read:user user:email",
        "state": session["state"],
    }))


@app.get("/callback")
def callback():
    state = session.pop("state", None)
    if not state or not secrets.compare_digest(state, request.args.get("state", "")):
        return sorry("This answer is not for this browser.")
    if "error" in request.args:
        return sorry("You did not allow it." if request.args["error"] == "access_denied" else "It did not work.")

    answer = requests.post(
        SERVER + "/login/oauth/access_token",
        data={
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "code": request.args["code"],
            "redirect_uri": url_for("callback", _external=True),
        },
        headers={"Accept": "application/json"},  # else it would be form-encoded
        timeout=10,
    ).json()
    # In this dialect a refusal also comes with status 200; it is known by its member `error`.
    if "error" in answer:
        app.logger.error("%s: %s", answer["error"], answer.get("error_description"))
        return sorry("It did not work.")

    user = ask_api("/user", answer["access_token"])
    tokens[user["id"]] = answer["access_token"]
    session["user"] = {name: user[name] for name in ("id", "login", "name", "html_url")}
    # The person may have allowed less than was asked for; what there is, is said with the token.
    allowed = answer["scope"].split(",")
    if "user" in allowed or "user:email" in allowed:
        emails = ask_api("/user/emails", answer["access_token"])
        session["emails"] = [entry["email"] for entry in emails if entry["verified"]]
    return redirect(url_for("home"))


@app.post("/logout")
def logout():
    session.clear()
    return redirect(url_for("home"))


def ask_api(path, token):
    answer = requests.get(API + path, headers={"Authorization": "token " + token}, timeout=10)
    answer.raise_for_status()
    return answer.json()


def sorry(words):
    return render_template_string(PAGE, problem=words), 400


PAGE = """<!doctype html><html lang="en"><link rel="icon" href="data:,"><title>Example</title>
<h1>An app from the days of GitHub</h1>
{% if problem %}<p role="alert">{{ problem }}</p>{% endif %}
{% if user %}
<p>Hello <b>{{ user.name or user.login }}</b>: number {{ user.id }}, known as {{ user.login }}.</p>
<p>{{ emails | join(", ") }}</p>
<form method="post" action="/logout"><button id="logout">Sign out</button></form>
{% else %}<p><a id="login" href="/login">Sign in</a></p>{% endif %}"""

if __name__ == "__main__":
    app.run(port=int(os.environ.get("PORT", "5000")))
