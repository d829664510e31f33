#!/bin/sh
# The authorization code flow by hand, with PKCE: what every library does, one line at a time.
set -eu
: "${ISSUER:=http://localhost:8080}" "${REDIRECT_URI:=http://127.0.0.1:5000/callback}" "${SCOPE:=openid profile}"
: "${CLIENT_ID:?}" "${CLIENT_SECRET:?}"

encoded() { printf %s "$1" | sed 's/%/%25/g; s/ /%20/g; s/&/%26/g; s/+/%2B/g; s/:/%3A/g; s,/,%2F,g; s/?/%3F/g; s/=/%3D/g; s/#/%23/g'; }
parameter() { printf %s "$2" | sed -n "s/.*[?&]$1=\([^&#]*\).*/\1/p"; }

# 1. Two random values. The state ties the answer to this browser; the verifier proves later that whoever has the code
#    also began this. Only its digest goes through the browser (RFC 7636).
state=$(openssl rand -hex 16)
verifier=$(openssl rand -hex 32)
challenge=$(printf %s "$verifier" | openssl dgst -sha256 -binary | openssl base64 -A | tr '+/' '-_' | tr -d '=')

# 2. The person goes to the server, and comes back to the redirect URI. Nothing needs to listen there: the address bar
#    has it all.
echo "Open this address:"
echo "$ISSUER/oauth2/authorize?response_type=code&client_id=$CLIENT_ID&redirect_uri=$(encoded "$REDIRECT_URI")&scope=$(encoded "$SCOPE")&state=$state&code_challenge=$challenge&code_challenge_method=S256"
echo "Paste the address you came back to:"
read -r address

# 3. Is it an answer to this question, and from this server (RFC 9207)?
[ "$(parameter state "$address")" = "$state" ] || { echo "the state is another one" >&2; exit 1; }
[ "$(parameter iss "$address")" = "$(encoded "$ISSUER")" ] || { echo "another server answered" >&2; exit 1; }
code=$(parameter code "$address")
[ -n "$code" ] || { echo "the server says no: $(parameter error "$address")" >&2; exit 1; }

# 4. The code becomes tokens, once and within a minute.
curl --silent --show-error --fail-with-body --user "$CLIENT_ID:$CLIENT_SECRET" \
    --data grant_type=authorization_code --data "code=$code" --data-urlencode "redirect_uri=$REDIRECT_URI" \
    --data "code_verifier=$verifier" "$ISSUER/oauth2/access_token"
echo
