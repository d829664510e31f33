#!/bin/sh
# The person and the clients that the plans need. Run it in the folder with countersign.toml, before `countersign serve`
# or beside it; a second run changes nothing.
set -eu
: "${COUNTERSIGN:=countersign}" "${SUITE:=https://suite.test:8443}" "${ALIAS:=countersign}"
at="$SUITE/test/a/$ALIAS"

"$COUNTERSIGN" db migrate >/dev/null

if ! "$COUNTERSIGN" user show conf >/dev/null 2>&1; then
    echo "conf-password-for-the-suite" | "$COUNTERSIGN" user create conf --password-stdin \
        --email conf@example.com --name "Conf T. Ormance" --claim given_name=Conf --claim middle_name=T. \
        --claim family_name=Ormance --claim nickname=conny --claim profile=https://op.test/conf \
        --claim picture=https://op.test/conf.png --claim website=https://conf.example.com/ --claim gender=none \
        --claim birthdate=2000-01-01 --claim zoneinfo=Europe/London --claim locale=en-GB \
        --claim "phone_number=+44 20 7946 0018" --claim "address.street_address=1 Example Street" \
        --claim address.locality=London --claim address.region=London --claim "address.postal_code=N1 9GU" \
        --claim "address.country=United Kingdom"
fi

# create ID FLAGS…: its secret is its name and a tail that every client here has
create() {
    id=$1
    shift
    printf '%s-secret-0123456789abcdef0123456789\n' "$id" | "$COUNTERSIGN" client create --if-not-exists --id "$id" \
        --name "$id" --secret-stdin --scope "openid profile email address phone offline_access" "$@"
}
all_types() {
    create "$@" --redirect-uri "$at/callback" --response-type code --response-type id_token \
        --response-type "id_token token" --response-type "code id_token" --response-type "code token" \
        --response-type "code id_token token"
}
# The first one sends request objects that nobody signed. One module uses PKCE and the next ones do not.
all_types conf-basic-1 --auth-method client_secret_basic --request-object-alg none --pkce optional
all_types conf-basic-2 --auth-method client_secret_basic --pkce optional
all_types conf-post-1 --auth-method client_secret_post --pkce optional

# Each logout plan has a client of its own: the suite fails a module when it hears of a logout it did not ask for.
after="$at/post_logout_redirect"
create conf-logout-1 --redirect-uri "$at/callback" --post-logout-redirect-uri "$after"
create conf-front-1 --redirect-uri "$at/callback" --post-logout-redirect-uri "$after" \
    --frontchannel-logout-uri "$at/frontchannel_logout" --frontchannel-logout-session-required
create conf-back-1 --redirect-uri "$at/callback" --post-logout-redirect-uri "$after" \
    --backchannel-logout-uri "$at/backchannel_logout" --backchannel-logout-session-required
