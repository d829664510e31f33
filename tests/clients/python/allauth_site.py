"""A Django site where people sign in by django-allauth, with the provider named in PROVIDER."""
import os
from wsgiref.simple_server import make_server

import django
from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.http import JsonResponse
from django.urls import include, path

ISSUER, PROVIDER = os.environ["ISSUER"], os.environ["PROVIDER"]
APP = {"client_id": os.environ["CLIENT_ID"], "secret": os.environ["CLIENT_SECRET"]}
PROVIDERS = {
    "openid_connect": {
        "OAUTH_PKCE_ENABLED": True,
        "APPS": [APP | {"provider_id": "countersign", "name": "Countersign", "settings": {"server_url": ISSUER}}],
    },
    # As for a GitHub Enterprise Server.
    "github": {"GITHUB_URL": ISSUER, "SCOPE": ["user:email"], "APPS": [APP]},
    "facebook": {
        "AUTHORIZE_URL": ISSUER + "/v19.0/dialog/oauth",
        "GRAPH_API_URL": ISSUER + "/v19.0",
        "SCOPE": ["public_profile", "email"],
        "EXCHANGE_TOKEN": True,
        "APPS": [APP],
    },
}

settings.configure(
    # Whatever goes wrong is on the page that the test sees.
    DEBUG=True,
    SECRET_KEY="for this process only",
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    USE_TZ=True,
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "db.sqlite3"}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.messages",
        "django.contrib.sessions",
        "allauth",
        "allauth.account",
        "allauth.socialaccount",
        "allauth.socialaccount.providers." + PROVIDER,
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "allauth.account.middleware.AccountMiddleware",
    ],
    TEMPLATES=[{
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
    }],
    AUTHENTICATION_BACKENDS=["allauth.account.auth_backends.AuthenticationBackend"],
    ACCOUNT_EMAIL_VERIFICATION="none",
    SOCIALACCOUNT_LOGIN_ON_GET=True,
    SOCIALACCOUNT_QUERY_EMAIL=True,
    SOCIALACCOUNT_STORE_TOKENS=True,
    SOCIALACCOUNT_PROVIDERS={PROVIDER: PROVIDERS[PROVIDER]},
    LOGIN_REDIRECT_URL="/me",
)
django.setup()


def me(request):
    account = request.user.socialaccount_set.get()
    token = account.socialtoken_set.get()
    return JsonResponse({
        "username": request.user.username,
        "email": request.user.email,
        "uid": account.uid,
        "data": account.extra_data,
        "token": token.token,
        "expires_at": token.expires_at,
    })


urlpatterns = [path("accounts/", include("allauth.urls")), path("me", me)]

call_command("migrate", verbosity=0)
make_server("127.0.0.1", int(os.environ["PORT"]), get_wsgi_application()).serve_forever()
