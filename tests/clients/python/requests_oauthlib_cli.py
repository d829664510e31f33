"""requests-oauthlib in a terminal: every grant it has, on the standard endpoints.

It prints the address to open, reads the address that the browser came back to, and prints what it got.
"""
import json
import os

from oauthlib.oauth2 import BackendApplicationClient, LegacyApplicationClient, OAuth2Error
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session

ISSUER, CLIENT_ID, CLIENT_SECRET = (os.environ[name] for name in ("ISSUER", "CLIENT_ID", "CLIENT_SECRET"))
AUTHORIZE, TOKEN, WHO = (ISSUER + path for path in ("/oauth2/authorize", "/oauth2/access_token", "/api/verify"))
# The library insists on https, also for a server on the same machine.
os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"


def code_flow():
    session = OAuth2Session(CLIENT_ID, redirect_uri=os.environ["REDIRECT_URI"], scope=["write", "read"], pkce="S256")
    address, _state = session.authorization_url(AUTHORIZE)
    print("Open", address)
    came_back_to = input()
    # It raises when the state is another one, or the scope is not what was asked for.
    token = session.fetch_token(TOKEN, authorization_response=came_back_to, client_secret=CLIENT_SECRET)
    seen = {"token": token, "user": session.get(WHO).json()["user"]}

    fresh = session.refresh_token(TOKEN, auth=HTTPBasicAuth(CLIENT_ID, CLIENT_SECRET))
    seen["refreshed"] = fresh["access_token"] != token["access_token"]
    seen["user_after_refresh"] = session.get(WHO).json()["user"]

    try:
        session.fetch_token(TOKEN, authorization_response=came_back_to, client_secret=CLIENT_SECRET)
    except OAuth2Error as refused:
        seen["same_code_again"] = refused.error
    seen["status_afterwards"] = session.get(WHO).status_code
    return seen


def client_credentials():
    session = OAuth2Session(client=BackendApplicationClient(CLIENT_ID, scope=["read"]))
    return session.fetch_token(TOKEN, client_id=CLIENT_ID, client_secret=CLIENT_SECRET)


def password():
    session = OAuth2Session(client=LegacyApplicationClient(CLIENT_ID, scope=["write"]))
    session.fetch_token(TOKEN, username="ada", password=os.environ["PASSWORD"], client_id=CLIENT_ID,
                        client_secret=CLIENT_SECRET)
    return session.get(WHO).json()


print(json.dumps({"code": code_flow(), "client_credentials": client_credentials(), "password": password()}))
