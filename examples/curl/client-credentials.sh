#!/bin/sh
# A token for the program itself: no person is asked, and none is behind it.
set -eu
: "${ISSUER:=http://localhost:8080}" "${SCOPE:=read}"
: "${CLIENT_ID:?}" "${CLIENT_SECRET:?}"

curl --silent --show-error --fail-with-body --user "$CLIENT_ID:$CLIENT_SECRET" \
    --data grant_type=client_credentials --data-urlencode "scope=$SCOPE" "$ISSUER/oauth2/access_token"
echo
