#!/usr/bin/env python3
"""Write plans/*.json from one description of our pages and of each plan's needs.

The JSON files are what run_plan.py reads; edit this file and run it again rather
than editing twenty near-equal files.  Everything a deployment may rename (page
URLs, form fields, buttons, texts, client ids) is a {{PLACEHOLDER}} whose default
stands in plans/vars.default.json.
"""
import json
import os

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "plans")

DEFAULTS = {
    "ALIAS": "countersign",
    # where the pages live ('*' is the only wildcard; the first match in order wins)
    "AUTHORIZE_MATCH": "{{ISSUER}}/*",
    "LOGIN_MATCH": "{{ISSUER}}/*",
    "CONSENT_MATCH": "{{ISSUER}}/*",
    "END_SESSION_MATCH": "{{ISSUER}}/*",
    "LOGOUT_PAGE_MATCH": "{{ISSUER}}/*",
    # login form: how the field is found (id|name|css|xpath|class) and what it is called
    "USERNAME_BY": "name", "USERNAME_FIELD": "username", "USERNAME": "conf",
    "PASSWORD_BY": "name", "PASSWORD_FIELD": "password", "PASSWORD": "conf-password-for-the-suite",
    "LOGIN_BY": "css", "LOGIN_BUTTON": "form#login button",
    # consent form
    "ALLOW_BY": "css", "ALLOW_BUTTON": "button[name=decision][value=allow]",
    "DENY_BY": "css", "DENY_BUTTON": "button[name=decision][value=deny]",
    # "do you want to log out?" page
    "LOGOUT_BY": "css", "LOGOUT_BUTTON": "button[name=logout][value=yes]",
    # texts (regular expressions, searched in the visible text of the page)
    "LOGIN_TEXT": "(?i)sign in", "ERROR_TEXT": "(?i)error|can.t sign you in", "LOGGED_OUT_TEXT": "(?i)signed out",
    "LOGOUT_PROMPT_TEXT": "(?i)sign out of|asked to sign you out",
    # static clients, client_secret_basic / client_secret_post
    "CLIENT1_ID": "conf-basic-1", "CLIENT1_SECRET": "conf-basic-1-secret-0123456789abcdef0123456789",
    "CLIENT2_ID": "conf-basic-2", "CLIENT2_SECRET": "conf-basic-2-secret-0123456789abcdef0123456789",
    "CLIENT_POST_ID": "conf-post-1", "CLIENT_POST_SECRET": "conf-post-1-secret-0123456789abcdef0123456789",
    # one client for each logout plan: the suite fails a module when it gets a logout call it did not expect
    "LOGOUT_CLIENT_ID": "conf-logout-1", "LOGOUT_CLIENT_SECRET": "conf-logout-1-secret-0123456789abcdef0123456789",
    "FRONTCHANNEL_CLIENT_ID": "conf-front-1", "FRONTCHANNEL_CLIENT_SECRET": "conf-front-1-secret-0123456789abcdef0123456789",
    "BACKCHANNEL_CLIENT_ID": "conf-back-1", "BACKCHANNEL_CLIENT_SECRET": "conf-back-1-secret-0123456789abcdef0123456789",
}

# The pattern must not begin with '*': the address of our own pages holds the redirect_uri, too.
# must end here: anything else fails at once, with the page in the log, instead of waiting for a call
CALLBACK = {"task": "Back at the suite", "match": "{{SUITE}}/test/*callback*",
            "commands": [["wait", "id", "submission_complete", 20]]}
CALLBACK_IF_ANY = {**CALLBACK, "optional": True}


def login(snapshot=None, **extra):
    cmds = []
    if snapshot:
        cmds.append(["wait", "xpath", "//*", 10, "{{LOGIN_TEXT}}", snapshot])
    cmds += [["text", "{{USERNAME_BY}}", "{{USERNAME_FIELD}}", "{{USERNAME}}", "optional"],
             ["text", "{{PASSWORD_BY}}", "{{PASSWORD_FIELD}}", "{{PASSWORD}}", "optional"],
             ["click", "{{LOGIN_BY}}", "{{LOGIN_BUTTON}}", "optional"]]
    return {"task": "Login", "match": "{{LOGIN_MATCH}}", "optional": True, "commands": cmds, **extra}


def consent(allow=True):
    k = "ALLOW" if allow else "DENY"
    return {"task": "Consent", "match": "{{CONSENT_MATCH}}", "optional": True,
            "commands": [["click", "{{%s_BY}}" % k, "{{%s_BUTTON}}" % k, "optional"]]}


def authz(*tasks, limit=None):
    b = {"match": "{{AUTHORIZE_MATCH}}", "tasks": list(tasks)}
    if limit:
        b["match-limit"] = limit
    return b


NORMAL = authz(login(), consent(), CALLBACK)
# the second authorization must show the login page: the snapshot is taken when it does
RELOGIN = authz(login("update-image-placeholder-optional"), consent(), CALLBACK)
# nothing but an error page will do
ERROR_PAGE = authz({"task": "Error page", "match": "{{AUTHORIZE_MATCH}}",
                    "commands": [["wait", "xpath", "//*", 10, "{{ERROR_TEXT}}", "update-image-placeholder"]]})
# an error page, or a redirect back (with an error; with a code where the server may ignore the oddity).
# Logs in if asked to, so that a server that wrongly goes on is caught by the suite, not by a timeout.
EITHER = authz(login(), consent(),
               {"task": "Error page", "match": "{{ISSUER}}/*", "optional": True,
                "commands": [["wait", "xpath", "//*", 10, "{{ERROR_TEXT}}", "update-image-placeholder-optional"]]},
               CALLBACK_IF_ANY)
LOGIN_PAGE_SEEN = authz({"task": "Login page with logo/policy/terms", "match": "{{LOGIN_MATCH}}",
                         "commands": [["wait", "xpath", "//*", 10, "{{LOGIN_TEXT}}", "update-image-placeholder"]]})

LOGOUT = {"match": "{{END_SESSION_MATCH}}", "tasks": [
    {"task": "Confirm logout", "match": "{{LOGOUT_PAGE_MATCH}}", "optional": True,
     "commands": [["click", "{{LOGOUT_BY}}", "{{LOGOUT_BUTTON}}", "optional"]]},
    {"task": "Wait for the way back", "match": "{{LOGOUT_PAGE_MATCH}}", "optional": True,
     "commands": [["wait", "contains", "/post_logout_redirect", 15]]},
    {"task": "Back at the suite", "match": "{{SUITE}}/test/*/post_logout_redirect*"}]}


def logout_page(text):
    return [NORMAL_FOR_LOGOUT, {"match": "{{END_SESSION_MATCH}}", "tasks": [
        {"task": "Confirm logout", "match": "{{LOGOUT_PAGE_MATCH}}", "optional": True,
         "commands": [["click", "{{LOGOUT_BY}}", "{{LOGOUT_BUTTON}}", "optional"]]},
        {"task": "Page at the end", "match": "{{LOGOUT_PAGE_MATCH}}",
         "commands": [["wait", "xpath", "//*", 10, text, "update-image-placeholder"]]}]}]


# with logout plans the two kinds of URL must not be caught by one pattern
NORMAL_FOR_LOGOUT = {"match": "{{AUTHORIZE_URL_MATCH}}", "tasks": NORMAL["tasks"]}
LOGOUT_URL = {"match": "{{END_SESSION_URL_MATCH}}", "tasks": LOGOUT["tasks"]}
DEFAULTS["AUTHORIZE_URL_MATCH"] = "{{ISSUER}}/oauth2/authorize*"
DEFAULTS["END_SESSION_URL_MATCH"] = "{{ISSUER}}/oauth2/logout*"
for _b in (LOGOUT,):
    _b["match"] = "{{END_SESSION_URL_MATCH}}"

SNAP_ERR = "{{ERROR_TEXT}}"
SNAP_OUT = "{{LOGGED_OUT_TEXT}}"


def ov(block):
    return {"browser": block if isinstance(block, list) else [block]}


OIDCC_OVERRIDES = {
    "oidcc-prompt-login": ov(RELOGIN), "oidcc-max-age-1": ov(RELOGIN),
    "oidcc-ensure-registered-redirect-uri": ov(ERROR_PAGE),
    "oidcc-ensure-redirect-uri-in-authorization-request": ov(ERROR_PAGE),
    "oidcc-redirect-uri-query-added": ov(ERROR_PAGE), "oidcc-redirect-uri-query-mismatch": ov(ERROR_PAGE),
    "oidcc-response-type-missing": ov(EITHER),
    "oidcc-ensure-request-without-nonce-fails": ov(EITHER),
    "oidcc-ensure-request-object-with-redirect-uri": ov(EITHER),
    "oidcc-registration-logo-uri": ov(LOGIN_PAGE_SEEN), "oidcc-registration-policy-uri": ov(LOGIN_PAGE_SEEN),
    "oidcc-registration-tos-uri": ov(LOGIN_PAGE_SEEN),
}


def logout_overrides():
    o = {}
    for m in ("bad-post-logout-redirect-uri", "query-added-to-post-logout-redirect-uri",
              "modified-id-token-hint", "bad-id-token-hint", "no-id-token-hint"):
        # without a hint (or with one that cannot be trusted) asking the user is as good as an error page
        text = SNAP_ERR if m.endswith("uri") else "{{ERROR_TEXT}}|{{LOGOUT_PROMPT_TEXT}}"
        o["oidcc-rp-initiated-logout-" + m] = ov(
            [NORMAL_FOR_LOGOUT, {"match": "{{END_SESSION_URL_MATCH}}", "tasks": [
                {"task": "Error page", "match": "{{LOGOUT_PAGE_MATCH}}",
                 "commands": [["wait", "xpath", "//*", 10, text, "update-image-placeholder"]]}]}])
    for m in ("no-params", "no-post-logout-redirect-uri", "only-state"):
        o["oidcc-rp-initiated-logout-" + m] = ov(logout_page(SNAP_OUT))
    return o


STATIC = {"client": {"client_id": "{{CLIENT1_ID}}", "client_secret": "{{CLIENT1_SECRET}}"},
          "client2": {"client_id": "{{CLIENT2_ID}}", "client_secret": "{{CLIENT2_SECRET}}"},
          "client_secret_post": {"client_id": "{{CLIENT_POST_ID}}", "client_secret": "{{CLIENT_POST_SECRET}}"}}
DYNAMIC = {"client": {"client_name": "conformance client 1"}, "client2": {"client_name": "conformance client 2"}}


def plan(fname, name, variant, body, browser, override, label=None, alias=True, discovery=True):
    doc = {"_plan": {"name": name, "variant": variant, "label": label or fname}}
    if alias:
        doc["alias"] = "{{ALIAS}}"
    doc["description"] = "countersign: " + (label or fname)
    if discovery:
        doc["server"] = {"discoveryUrl": "{{ISSUER}}/.well-known/openid-configuration"}
        if fname.startswith("oidcc"):
            doc["server"]["login_hint"] = "{{USERNAME}}"  # else the suite sends buffy@<issuer host>
    doc.update(json.loads(json.dumps(body)))
    if browser:
        doc["browser"] = browser if isinstance(browser, list) else [browser]
    if override:
        doc["override"] = override
    doc["options"] = {"browsercontrol_css_enable": False}
    with open(os.path.join(OUT, fname + ".json"), "w", encoding="utf-8") as f:
        json.dump(doc, f, indent=1)
        f.write("\n")


def one(kind):
    return {"client": {"client_id": "{{%s_CLIENT_ID}}" % kind, "client_secret": "{{%s_CLIENT_SECRET}}" % kind}}


def oidcc(fname, name, extra=None, browser=NORMAL, override=OIDCC_OVERRIDES, dynamic=None, static=STATIC):
    """One file with static clients and one with dynamic registration (no alias: runs in parallel)."""
    v = dict(extra or {})
    if dynamic != "only":
        plan(fname, name, {**v, "client_registration": "static_client"}, static, browser, override)
    plan(fname + ("" if dynamic == "only" else "-dcr"), name,
         v if dynamic == "only" else {**v, "client_registration": "dynamic_client"},
         DYNAMIC, browser, override, alias=False)


def main():
    os.makedirs(OUT, exist_ok=True)
    for f in os.listdir(OUT):
        if f.endswith(".json"):
            os.remove(os.path.join(OUT, f))
    disc = {"server_metadata": "discovery"}
    for n in ("basic", "implicit", "hybrid", "formpost-basic", "formpost-implicit", "formpost-hybrid"):
        oidcc("oidcc-" + n, "oidcc-%s-certification-test-plan" % n, disc)
    plan("oidcc-config", "oidcc-config-certification-test-plan", {}, {}, None, None, alias=False)
    oidcc("oidcc-dynamic", "oidcc-dynamic-certification-test-plan", {"response_type": "code"}, dynamic="only")
    oidcc("oidcc-3rdparty-init-login", "oidcc-3rdparty-init-login-certification-test-plan",
          {"response_type": "code"}, dynamic="only")
    rt = {"response_type": "code"}
    both = [NORMAL_FOR_LOGOUT, LOGOUT_URL]
    oidcc("oidcc-rp-initiated-logout", "oidcc-rp-initiated-logout-certification-test-plan", rt, both, logout_overrides(),
          static=one("LOGOUT"))
    # the suite's own page with the two iframes (rp and check_session_iframe)
    verify = {"match": "{{SUITE}}/test/*session_verify", "tasks": [
        {"task": "Session iframes", "match": "{{SUITE}}/test/*", "commands": [["wait", "contains", "session_result", 30]]}]}
    oidcc("oidcc-session-management", "oidcc-session-management-certification-test-plan", rt, both + [verify], None, static=one("LOGOUT"))
    oidcc("oidcc-frontchannel-logout", "oidcc-frontchannel-rp-initiated-logout-certification-test-plan", rt, both, None,
          static=one("FRONTCHANNEL"))
    oidcc("oidcc-backchannel-logout", "oidcc-backchannel-rp-initiated-logout-certification-test-plan", rt, both, None,
          static=one("BACKCHANNEL"))
    # everything at once for one auth method and response type; not a certification profile
    oidcc("oidcc-full-private-key-jwt", "oidcc-test-plan",
          {"client_auth_type": "private_key_jwt", "response_type": "code", "response_mode": "default"}, dynamic="only")
    doc = os.path.join(OUT, "oidcc-full-private-key-jwt.json")
    d = json.load(open(doc))
    d["_plan"]["variant"]["client_registration"] = "dynamic_client"
    json.dump(d, open(doc, "w"), indent=1)

    with open(os.path.join(OUT, "vars.default.json"), "w", encoding="utf-8") as f:
        json.dump(DEFAULTS, f, indent=1)
        f.write("\n")


if __name__ == "__main__":
    main()
