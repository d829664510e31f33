"""A web app that was written for Facebook's OAuth, by hand: one file of Django, and requests.

The two addresses below are all that makes it ours. With Facebook they are https://www.facebook.com/v19.0 and
https://graph.facebook.com/v19.0; countersign has both under one host.
"""
import os
import secrets
from urllib.parse import urlencode

import requests
from django.conf import settings
from django.core.management import execute_from_command_line
from django.http import HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect
from django.template import Context, Engine
from django.urls import path
from django.views.decorators.http import require_GET, require_POST

SERVER = os.environ.get("ISSUER", "http://localhost:8080")
DIALOG = GRAPH = SERVER + "/v19.0"
PORT = os.environ.get("PORT", "5000")
CALLBACK = f"http://127.0.0.1:{PORT}/callback"
APP = {"client_id": os.environ["CLIENT_ID"], "client_secret": os.environ["CLIENT_SECRET"]}

settings.configure(
    SECRET_KEY=os.environ.get("SECRET_KEY") or secrets.token_urlsafe(32),
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
    ],
    # In a signed cookie, which people can read: no token belongs there.
    SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
    # What goes wrong is said in the terminal.
    LOGGING={
        "version": 1,
        "handlers": {"terminal": {"class": "logging.StreamHandler"}},
        "loggers": {"django": {"handlers": ["terminal"]}},
    },
)


@require_GET
def home(request):
    return page(request)


@require_GET
def login(request):
    # Whoever comes back has to bring this along: nobody can slip somebody else's sign-in to this browser.
    request.session["state"] = secrets.token_urlsafe(32)
    return redirect(DIALOG + "/dialog/oauth?" + urlencode({
        "client_id": APP["client_id"],
        "redirect_uri": CALLBACK,
        "scope": "public_profile,email",
        "state": request.session["state"],
    }))


@require_GET
def callback(request):
    state = request.session.pop("state", None)
    if not state or not secrets.compare_digest(state, request.GET.get("state", "")):
        return page(request, 400, problem="This answer is not for this browser.")
    if "error" in request.GET:
        return page(request, 400, problem=request.GET.get("error_description", "It did not work."))

    # The code becomes a token of two hours, and that one of sixty days.
    short = graph("/oauth/access_token", **APP, redirect_uri=CALLBACK, code=request.GET["code"])
    token = graph("/oauth/access_token", **APP, grant_type="fb_exchange_token",
                  fb_exchange_token=short["access_token"])

    # Who a token is for, and for which app: a token that was given to another app must not sign anybody in here.
    # Only the app itself may ask; `id|secret` is its own token.
    about = graph("/debug_token", input_token=token["access_token"],
                  access_token="{client_id}|{client_secret}".format(**APP))["data"]
    if not about["is_valid"] or about["app_id"] != APP["client_id"]:
        return page(request, 400, problem="This token is not for this app.")

    # A person may have skipped a permission. Then what it opens is not there, and that is no error.
    person = graph("/me", fields="id,name,email", access_token=token["access_token"])
    permissions = graph("/me/permissions", access_token=token["access_token"])["data"]
    request.session["person"] = person
    request.session["skipped"] = [entry["permission"] for entry in permissions if entry["status"] == "declined"]
    request.session["days"] = round(token["expires_in"] / 86400)
    return redirect("/")


@require_POST
def logout(request):
    request.session.flush()
    return redirect("/")


def graph(path, **parameters):
    answer = requests.get(GRAPH + path, params=parameters, timeout=10)
    answer.raise_for_status()
    return answer.json()


def page(request, status=200, **more):
    names = ("person", "skipped", "days")
    context = {name: request.session.get(name) for name in names} | more | {"csrf_token": get_token(request)}
    return HttpResponse(PAGE.render(Context(context)), status=status)


PAGE = Engine().from_string("""<!doctype html><html lang="en"><link rel="icon" href="data:,"><title>Example</title>
<h1>An app from the days of Facebook</h1>
{% if problem %}<p role="alert">{{ problem }}</p>{% endif %}
{% if person %}
<p>Hello <b>{{ person.name }}</b>, {{ person.email|default:"without an address" }}. This holds for {{ days }} days.</p>
{% if skipped %}<p>You skipped: {{ skipped|join:", " }}.</p>{% endif %}
<form method="post" action="/logout">{% csrf_token %}<button id="logout">Sign out</button></form>
{% else %}<p><a id="login" href="/login">Sign in</a></p>{% endif %}""")

urlpatterns = [path("", home), path("login", login), path("callback", callback), path("logout", logout)]

if __name__ == "__main__":
    execute_from_command_line(["app.py", "runserver", "--noreload", "127.0.0.1:" + PORT])
