"""A Django program in the manner of the tutorials of 2012, for Facebook's OAuth: the answer of the token endpoint is
matched by a regular expression, because it is no JSON."""
import os
import re
import time
from urllib.parse import urlencode
from wsgiref.simple_server import make_server

import django
import requests
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import path

SERVER = os.environ["ISSUER"]
APP = {"client_id": os.environ["CLIENT_ID"], "client_secret": os.environ["CLIENT_SECRET"]}
CALLBACK = f"http://127.0.0.1:{os.environ['PORT']}/callback"
ANSWER = re.compile(r"access_token=(?P<access_token>[^&]+)(?:&expires=(?P<expires>.*))?")

settings.configure(
    DEBUG=True,
    SECRET_KEY="for this process only",
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "db.sqlite3"}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
)
django.setup()

from django.db import connection, models  # noqa: E402


class Account(models.Model):
    facebook_id = models.BigIntegerField(unique=True)
    token = models.CharField(max_length=512)

    class Meta:
        app_label = "tutorials"


def login(request):
    return HttpResponseRedirect(
        SERVER + "/dialog/oauth?" + urlencode({"client_id": APP["client_id"], "redirect_uri": CALLBACK})
        + "&scope=public_profile,email")


def callback(request):
    if "code" not in request.GET:
        return HttpResponse("You said: " + request.GET["description"], content_type="text/plain", status=403)
    short = ask(redirect_uri=CALLBACK, code=request.GET["code"])
    long = ask(grant_type="fb_exchange_token", fb_exchange_token=short["access_token"])
    me = requests.get(SERVER + "/me", params={"access_token": long["access_token"]}).json()
    account = Account(facebook_id=int(me["id"]), token=long["access_token"])
    account.full_clean()
    account.save()

    kept = Account.objects.get(facebook_id=int(me["id"])).token
    about = requests.get(SERVER + "/debug_token", params={
        "input_token": kept,
        "access_token": APP["client_id"] + "|" + APP["client_secret"],
    }).json()["data"]
    return JsonResponse({
        "short": int(short["expires"]),
        "long": int(long["expires"]),
        "id": int(me["id"]),
        "name": me["name"],
        "is_valid": about["is_valid"],
        "mine": about["app_id"] == APP["client_id"],
        "days_left": (about["expires_at"] - time.time()) / 86400,
        "scopes": sorted(about["scopes"]),
    })


def ask(**parameters):
    answer = requests.get(SERVER + "/oauth/access_token", params=APP | parameters)
    return ANSWER.match(answer.text).groupdict()


urlpatterns = [path("login", login), path("callback", callback)]

with connection.schema_editor() as editor:
    editor.create_model(Account)
make_server("127.0.0.1", int(os.environ["PORT"]), get_wsgi_application()).serve_forever()
