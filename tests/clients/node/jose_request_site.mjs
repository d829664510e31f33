// A site whose request nobody on the way can read or change: jose signs it with the site's secret and encrypts it with a key
// of the server's; the rest is openid-client's. /login?alg=… says by which algorithm.
import { createServer } from "node:http";
import { CompactEncrypt, SignJWT, importJWK } from "jose";
import * as client from "openid-client";

const { ISSUER, CLIENT_ID, CLIENT_SECRET, PORT } = process.env;
const here = `http://127.0.0.1:${PORT}`;
const config = await client.discovery(new URL(ISSUER), CLIENT_ID, CLIENT_SECRET, undefined, {
  execute: [client.allowInsecureRequests], // http, on loopback
});
const server = config.serverMetadata();
const text = new TextEncoder();
const pending = new Map(); // what each sign-in that has begun keeps, by its state

async function login(alg) {
  const state = client.randomState();
  const kept = { pkceCodeVerifier: client.randomPKCECodeVerifier(), expectedNonce: client.randomNonce(), alg };
  pending.set(state, kept);
  const parameters = {
    client_id: CLIENT_ID,
    redirect_uri: `${here}/callback`,
    response_type: "code",
    scope: "openid email",
    state,
    nonce: kept.expectedNonce,
    code_challenge: await client.calculatePKCECodeChallenge(kept.pkceCodeVerifier),
    code_challenge_method: "S256",
  };
  const signed = await new SignJWT(parameters)
    .setProtectedHeader({ alg: "HS256", typ: "oauth-authz-req+jwt" })
    .setIssuer(CLIENT_ID)
    .setAudience(server.issuer)
    .setIssuedAt()
    .setExpirationTime("1m")
    .sign(text.encode(CLIENT_SECRET));
  const { keys } = await fetch(server.jwks_uri).then((answer) => answer.json());
  const key = keys.find((key) => key.use === "enc" && key.kty === (alg.startsWith("RSA") ? "RSA" : "EC"));
  const request = await new CompactEncrypt(text.encode(signed))
    .setProtectedHeader({ alg, enc: "A256GCM", kid: key.kid, cty: "JWT" })
    .encrypt(await importJWK(key, alg));
  return client.buildAuthorizationUrl(config, { response_type: "code", scope: "openid", request });
}

async function callback(url) {
  const { alg, ...checks } = pending.get(url.searchParams.get("state"));
  const expectedState = url.searchParams.get("state");
  const tokens = await client.authorizationCodeGrant(config, url, { ...checks, expectedState });
  return { alg, scope: tokens.scope, sub: tokens.claims().sub, address: url.search };
}

createServer(async (request, response) => {
  const url = new URL(request.url, here);
  try {
    if (url.pathname === "/algorithms") {
      response.writeHead(200).end(JSON.stringify(server.request_object_encryption_alg_values_supported));
    } else if (url.pathname === "/login") {
      const to = await login(url.searchParams.get("alg"));
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
