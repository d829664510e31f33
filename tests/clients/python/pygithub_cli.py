"""PyGithub alone, as for a GitHub Enterprise Server: its OAuthApplication gets the token, its Github uses it.

It prints the address to open, reads the address that the browser came back to, and prints what it got.
"""
import json
import os
from urllib.parse import parse_qs, urlsplit

from github import Auth, BadCredentialsException, Github, GithubException

BASE_URL = os.environ["ISSUER"] + "/api/v3"
application = Github(base_url=BASE_URL).get_oauth_application(os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"])

print("Open", application.get_login_url(redirect_uri=os.environ["REDIRECT_URI"], state="of this run"))
came_back_with = parse_qs(urlsplit(input()).query)
token = application.get_access_token(came_back_with["code"][0])
github = Github(auth=Auth.Token(token.token), base_url=BASE_URL)
user = github.get_user()
seen = {
    "state": came_back_with["state"][0],
    "type": token.type,
    "scope": token.scope,
    "login": user.login,
    "id": user.id,
    "kind": user.type,
    "created": user.created_at.isoformat(),
    "scopes": github.oauth_scopes,
}
try:
    application.get_access_token(came_back_with["code"][0])
except GithubException as refused:
    seen["same_code_again"] = [refused.status, refused.data["error"]]
try:
    Github(auth=Auth.Token("0" * 40), base_url=BASE_URL).get_user().login
except BadCredentialsException as refused:
    seen["wrong_token"] = refused.status
print(json.dumps(seen))
