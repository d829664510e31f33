#!/bin/sh
# Ends a token (RFC 7009), which is read from standard input. A refresh token takes with it all that came from the same
# consent.
set -eu
: "${ISSUER:=http://localhost:8080}"
: "${CLIENT_ID:?}" "${CLIENT_SECRET:?}"

read -r token
printf %s "$token" | curl --silent --show-error --fail-with-body --user "$CLIENT_ID:$CLIENT_SECRET" \
    --data-urlencode token@- "$ISSUER/oauth2/revoke"
echo
