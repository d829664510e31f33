"""Three Django views in the manner of the tutorials of 2014, when people wrote GitHub's OAuth by hand.

Each does one thing that later libraries no longer do, and that a server for old programs has to bear.
"""
import os
import uuid
from urllib.parse import parse_qs, parse_qsl
from wsgiref.simple_server import make_server

import django
import requests
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponseRedirect, JsonResponse
from django.urls import path

SERVER = os.environ["ISSUER"]
API = SERVER + "/api/v3"
CLIENT_ID, CLIENT_SECRET = os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"]
HERE = "http://127.0.0.1:" + os.environ["PORT"]

settings.configure(
    DEBUG=True,
    SECRET_KEY="for this process only",
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "db.sqlite3"}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware"],
    SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
    REST_FRAMEWORK={
        "DEFAULT_AUTHENTICATION_CLASSES": [],
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
        "UNAUTHENTICATED_USER": None,
    },
)
django.setup()

from django.db import connection, models  # noqa: E402
from github import Auth, Github  # noqa: E402
from rest_framework.response import Response  # noqa: E402
from rest_framework.views import APIView  # noqa: E402


class Account(models.Model):
    """What the tutorials keep: 255 characters are what people thought enough for a token."""

    github_id = models.IntegerField(unique=True)
    email = models.EmailField()
    token = models.CharField(max_length=255)

    class Meta:
        app_label = "tutorials"


# A REST API: parameters of the token request in the query string.

ASKED = "user:email public_repo"


def rest_login(request):
    request.session["state"] = str(uuid.uuid4())
    # Nothing is encoded here; Django makes `%20` of the space.
    return HttpResponseRedirect(
        f"{SERVER}/login/oauth/authorize?state={request.session['state']}&client_id={CLIENT_ID}"
        f"&scope={ASKED}&redirect_uri={HERE}/rest/callback")


class RestCallback(APIView):
    def get(self, request):
        if request.query_params.get("state") != request.session.pop("state", None):
            return Response({"error": "state"}, status=400)
        answer = requests.post(
            f"{SERVER}/login/oauth/access_token?code={request.query_params['code']}&client_id={CLIENT_ID}"
            f"&client_secret={CLIENT_SECRET}",
            headers={"Accept": "application/json"},
        )
        data = answer.json()
        if set(data["scope"].split(",")) != set(ASKED.split(" ")):
            return Response({"error": "scope", "given": data["scope"]}, status=400)
        user = requests.get(API + "/user", headers={"Authorization": "token " + data["access_token"]}).json()
        account = Account(github_id=user["id"], email=user["email"], token=data["access_token"])
        account.full_clean()
        account.save()
        kept = Account.objects.get(github_id=user["id"])
        return Response({"id": kept.github_id, "email": kept.email, "whole": kept.token == data["access_token"]})


# PyGithub: no redirect_uri at all, and the scopes as one writes a list.


def pygithub_login(request):
    return HttpResponseRedirect(f"{SERVER}/login/oauth/authorize?client_id={CLIENT_ID}&scope=user:email, repo")


def pygithub_callback(request):
    answer = requests.post(
        SERVER + "/login/oauth/access_token",
        params={"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "code": request.GET["code"]})
    # Without an Accept header the answer is form-encoded.
    token = parse_qs(answer.text)["access_token"][0]
    user = Github(auth=Auth.Token(token), base_url=API).get_user()
    return JsonResponse({
        "type": answer.headers["Content-Type"].split(";")[0],
        "scope": parse_qs(answer.text)["scope"][0],
        "login": user.login,
        "id": user.id,
        "name": user.name,
        "emails": [(entry.email, entry.primary, entry.verified) for entry in user.get_emails()],
        "orgs": [organisation.login for organisation in user.get_orgs()],
    })


# A form as the body, and the answer read as a form.


def form_login(request):
    return HttpResponseRedirect(
        f"{SERVER}/login/oauth/authorize?client_id={CLIENT_ID}&redirect_uri={HERE}/form/callback&scope=user")


def form_callback(request):
    answer = requests.post(
        SERVER + "/login/oauth/access_token",
        data={"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "code": request.GET["code"]})
    token = dict(parse_qsl(answer.text))["access_token"]
    user = requests.get(SERVER + "/user", headers={"Authorization": "token " + token}).json()
    return JsonResponse({name: user[name] for name in ("login", "id", "html_url")})


urlpatterns = [
    path("rest/login", rest_login),
    path("rest/callback", RestCallback.as_view()),
    path("pygithub/login", pygithub_login),
    path("pygithub/callback", pygithub_callback),
    path("form/login", form_login),
    path("form/callback", form_callback),
]

with connection.schema_editor() as editor:
    editor.create_model(Account)
make_server("127.0.0.1", int(os.environ["PORT"]), get_wsgi_application()).serve_forever()
