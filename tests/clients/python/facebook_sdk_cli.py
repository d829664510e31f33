"""facebook-sdk, every call of it that has to do with signing in. Its hosts are two names in its module.

It prints the address to open, reads the address that the browser came back to, and prints what it got.
"""
import json
import os
from urllib.parse import parse_qs, urlsplit

import facebook

facebook.FACEBOOK_GRAPH_URL = facebook.FACEBOOK_WWW_URL = os.environ["ISSUER"] + "/"
ID, SECRET, REDIRECT_URI = (os.environ[name] for name in ("CLIENT_ID", "CLIENT_SECRET", "REDIRECT_URI"))

graph = facebook.GraphAPI(version="3.1")
print("Open", graph.get_auth_url(ID, REDIRECT_URI, ["public_profile", "email"]))
code = parse_qs(urlsplit(input()).query)["code"][0]

short = graph.get_access_token_from_code(code, REDIRECT_URI, ID, SECRET)
graph.access_token = short["access_token"]
long = graph.extend_access_token(ID, SECRET)
graph.access_token = long["access_token"]
me = graph.get_object("me", fields="id,name,email")
app_token = facebook.GraphAPI(version="3.1").get_app_access_token(ID, SECRET)
seen = {
    "short": short["expires_in"],
    "long": long["expires_in"],
    "me": me,
    "permissions": sorted(graph.get_permissions("me")),
    "about": facebook.GraphAPI(version="3.1").debug_access_token(graph.access_token, ID, SECRET)["data"],
    "app_token": bool(app_token),
}
try:
    graph.get_access_token_from_code(code, REDIRECT_URI, ID, SECRET)
except facebook.GraphAPIError as refused:
    seen["same_code_again"] = [refused.type, refused.code]
try:
    facebook.GraphAPI("nonsense", version="3.1").get_object("me")
except facebook.GraphAPIError as refused:
    seen["wrong_token"] = [refused.type, refused.code]
print(json.dumps(seen))
