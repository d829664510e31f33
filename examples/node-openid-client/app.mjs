// A web app where people sign in by OpenID Connect, with the library openid-client.
//
// Everything but the issuer, the client's id and its secret is found by the library itself, in the server's metadata.
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import * as client from "openid-client";

const { ISSUER = "http://localhost:8080", CLIENT_ID, CLIENT_SECRET, PORT = "3000" } = process.env;
const here = `http://127.0.0.1:${PORT}`;
const redirect_uri = `${here}/callback`;

// https is demanded, but for a server on this machine.
const onThisMachine = ["localhost", "127.0.0.1", "[::1]"].includes(new URL(ISSUER).hostname);
const server = await client.discovery(new URL(ISSUER), CLIENT_ID, CLIENT_SECRET, undefined, {
  execute: onThisMachine ? [client.allowInsecureRequests] : [],
});

// What we know of each browser, by its cookie. A real app keeps this in a store with an end.
const sessions = new Map();

// Sends the person to the server. What the answer must fit to stays in the session.
async function login(session) {
  session.state = client.randomState();
  session.nonce = client.randomNonce();
  session.verifier = client.randomPKCECodeVerifier();
  return client.buildAuthorizationUrl(server, {
    redirect_uri,
    scope: "openid profile email",
    state: session.state,
    nonce: session.nonce,
    code_challenge: await client.calculatePKCECodeChallenge(session.verifier),
    code_challenge_method: "S256",
  });
}

// The person is back, with a code or with an error. The library checks the state, who answered (`iss`), and the ID
// token: its signature, its audience, its nonce, its time.
async function callback(session, url) {
  const { state, nonce, verifier } = session;
  for (const name of ["state", "nonce", "verifier"]) delete session[name]; // good for one answer
  const tokens = await client.authorizationCodeGrant(server, url, {
    expectedState: state,
    expectedNonce: nonce,
    pkceCodeVerifier: verifier,
    idTokenExpected: true,
  });
  const { sub } = tokens.claims();
  session.person = await client.fetchUserInfo(server, tokens.access_token, sub);
  session.refreshToken = tokens.refresh_token;
}

// Ends our own session, and what the server gave us for it.
async function logout(session) {
  if (session.refreshToken) await client.tokenRevocation(server, session.refreshToken);
  for (const name of Object.keys(session)) delete session[name];
}

createServer(async (request, response) => {
  const url = new URL(request.url, here);
  try {
    const session = sessionOf(request, response);
    switch (`${request.method} ${url.pathname}`) {
      case "GET /":
        return page(response, 200, session.person ? welcome(session.person) : `<p><a id="login" href="/login">Sign in</a></p>`);
      case "GET /login":
        return redirect(response, await login(session));
      case "GET /callback":
        await callback(session, url);
        return redirect(response, "/");
      case "POST /logout": // the cookie is SameSite=Lax: no other site can send this
        await logout(session);
        return redirect(response, "/");
      default:
        return page(response, 404, "<p>There is nothing here.</p>");
    }
  } catch (error) {
    // `error.error` is what the server said: access_denied when the person pressed Cancel.
    console.error(error);
    const words = error.error === "access_denied" ? "You did not allow it." : "Signing in did not work.";
    page(response, 400, `<p role="alert">${words}</p><p><a href="/">Back</a></p>`);
  }
}).listen(PORT, "127.0.0.1", () => console.log(`Open ${here}`));

const welcome = ({ name, preferred_username, email }) => `
  <p>Hello <b>${escape(name ?? preferred_username)}</b>, ${escape(email ?? "without an address")}.</p>
  <form method="post" action="/logout"><button id="logout">Sign out</button></form>`;

function sessionOf(request, response) {
  const id = /(?:^|; )example_session=([\w-]+)/.exec(request.headers.cookie ?? "")?.[1];
  if (sessions.has(id)) return sessions.get(id);
  const [fresh, session] = [randomUUID(), {}];
  sessions.set(fresh, session);
  response.setHeader("set-cookie", `example_session=${fresh}; HttpOnly; SameSite=Lax; Path=/`);
  return session;
}

const redirect = (response, to) => response.writeHead(303, { location: String(to) }).end();

const page = (response, status, body) =>
  response.writeHead(status, { "content-type": "text/html; charset=utf-8" }).end(
    `<!doctype html><html lang="en"><meta charset="utf-8"><link rel="icon" href="data:,">
     <title>Example</title><h1>A web app</h1>${body}</html>`);

const escape = (text) => String(text).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
