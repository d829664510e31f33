#!/bin/sh
# A token for a person's name and password. For programs that were written so long ago; new ones never see a password.
# The password is read from standard input, so that nobody finds it in a list of processes.
set -eu
: "${ISSUER:=http://localhost:8080}" "${SCOPE:=read}"
: "${CLIENT_ID:?}" "${CLIENT_SECRET:?}" "${USERNAME:?}"

echo "Password of $USERNAME:" >&2
read -r password
printf %s "$password" | curl --silent --show-error --fail-with-body --user "$CLIENT_ID:$CLIENT_SECRET" \
    --data grant_type=password --data-urlencode "username=$USERNAME" --data-urlencode password@- \
    --data-urlencode "scope=$SCOPE" "$ISSUER/oauth2/access_token"
echo
