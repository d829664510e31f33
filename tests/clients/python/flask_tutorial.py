"""A Flask view in the manner of the oldest tutorials: no state, the literal scope `(no scope)`, and the token in the
address of the API."""
import os

import requests
from flask import Flask, jsonify, redirect, request

SERVER = os.environ["ISSUER"]
CLIENT_ID, CLIENT_SECRET = os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"]

app = Flask(__name__)


@app.route("/login")
def login():
    return redirect(SERVER + "/login/oauth/authorize?client_id=" + CLIENT_ID + "&scope=(no scope)")


@app.route("/callback")
def callback():
    answer = requests.post(
        SERVER + "/login/oauth/access_token",
        json={"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "code": request.args["code"]},
        headers={"Accept": "application/json"}).json()
    user = requests.get(SERVER + "/user?access_token=" + answer["access_token"])
    return jsonify(scope=answer["scope"], login=user.json()["login"], email=user.json().get("email"),
                   scopes=user.headers.get("X-OAuth-Scopes"), cached=user.headers.get("Cache-Control"))


app.run(port=int(os.environ["PORT"]))
