#!/bin/sh
# What the server knows of a token (RFC 7662), which is read from standard input. A client sees its own tokens, and those
# of the APIs it was registered for with --introspect.
set -eu
: "${ISSUER:=http://localhost:8080}"
: "${CLIENT_ID:?}" "${CLIENT_SECRET:?}"

read -r token
printf %s "$token" | curl --silent --show-error --fail-with-body --user "$CLIENT_ID:$CLIENT_SECRET" \
    --data-urlencode token@- "$ISSUER/oauth2/introspect"
echo
