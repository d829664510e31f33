// A site where people sign in by oauth4webapi, the strictest of the Node libraries: it refuses whatever the
// specifications do not allow. Beside the code flow it introspects, refreshes, revokes, and acts for itself.
import { createServer } from "node:http";
import * as oauth from "oauth4webapi";

const { ISSUER, CLIENT_ID, CLIENT_SECRET, PORT } = process.env;
const here = `http://127.0.0.1:${PORT}`;
const client = { client_id: CLIENT_ID };
const authentication = oauth.ClientSecretBasic(CLIENT_SECRET);
const plain = { [oauth.allowInsecureRequests]: true }; // http, on loopback
const pending = new Map(); // what each sign-in that has begun keeps, by its state

const issuer = new URL(ISSUER);
const server = await oauth
  .discoveryRequest(issuer, { ...plain, algorithm: "oidc" })
  .then((answer) => oauth.processDiscoveryResponse(issuer, answer));

async function login() {
  const state = oauth.generateRandomState();
  const kept = { verifier: oauth.generateRandomCodeVerifier(), nonce: oauth.generateRandomNonce() };
  pending.set(state, kept);
  const to = new URL(server.authorization_endpoint);
  to.search = new URLSearchParams({
    client_id: CLIENT_ID,
    redirect_uri: `${here}/callback`,
    response_type: "code",
    scope: "openid email read",
    state,
    nonce: kept.nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(kept.verifier),
    code_challenge_method: "S256",
  });
  return to;
}

async function callback(url) {
  const { verifier, nonce } = pending.get(url.searchParams.get("state"));
  const parameters = oauth.validateAuthResponse(server, client, url, url.searchParams.get("state"));
  const answer = await oauth.authorizationCodeGrantRequest(
    server, client, authentication, parameters, `${here}/callback`, verifier, plain);
  const tokens = await oauth.processAuthorizationCodeResponse(server, client, answer, {
    expectedNonce: nonce,
    requireIdToken: true,
  });
  await oauth.validateApplicationLevelSignature(server, answer, plain);
  const claims = oauth.getValidatedIdTokenClaims(tokens);
  const userinfo = await oauth
    .userInfoRequest(server, client, tokens.access_token, plain)
    .then((answer) => oauth.processUserInfoResponse(server, client, claims.sub, answer));
  const refreshed = await oauth
    .refreshTokenGrantRequest(server, client, authentication, tokens.refresh_token, plain)
    .then((answer) => oauth.processRefreshTokenResponse(server, client, answer));

  const before = await introspect(refreshed.access_token);
  await oauth
    .revocationRequest(server, client, authentication, refreshed.refresh_token ?? tokens.refresh_token, plain)
    .then(oauth.processRevocationResponse);
  const after = await introspect(refreshed.access_token);
  const own = await oauth
    .clientCredentialsGrantRequest(server, client, authentication, { scope: "read" }, plain)
    .then((answer) => oauth.processClientCredentialsResponse(server, client, answer));
  return { claims, userinfo, scope: tokens.scope, before, after, own: own.scope };
}

const introspect = (token) =>
  oauth
    .introspectionRequest(server, client, authentication, token, plain)
    .then((answer) => oauth.processIntrospectionResponse(server, client, answer));

createServer(async (request, response) => {
  const url = new URL(request.url, here);
  try {
    if (url.pathname === "/login") {
      const to = await login();
      response.writeHead(302, { location: to.href }).end();
    } else if (url.pathname === "/callback") {
      const seen = await callback(url);
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(seen));
    } else response.writeHead(404).end();
  } catch (error) {
    console.error(error);
    response.writeHead(500).end(String(error.stack));
  }
}).listen(PORT, "127.0.0.1");
