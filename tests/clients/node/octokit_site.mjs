// A site where people sign in by Octokit's OAuthApp, and that reads their account by Octokit itself. The base URL is
// the one setting that differs, as for a GitHub Enterprise Server.
import { createServer } from "node:http";
import { OAuthApp, Octokit } from "octokit";

const { ISSUER, CLIENT_ID, CLIENT_SECRET, PORT } = process.env;
const here = `http://127.0.0.1:${PORT}`;
const Ours = Octokit.defaults({ baseUrl: `${ISSUER}/api/v3` });
const app = new OAuthApp({ clientType: "oauth-app", clientId: CLIENT_ID, clientSecret: CLIENT_SECRET, Octokit: Ours });

async function callback(code) {
  const { authentication } = await app.createToken({ code });
  const octokit = new Ours({ auth: authentication.token });
  const user = await octokit.rest.users.getAuthenticated();
  const emails = await octokit.paginate(octokit.rest.users.listEmailsForAuthenticatedUser);
  const seen = { scopes: authentication.scopes, tokenType: authentication.tokenType, user: user.data, emails };
  seen.granted = user.headers["x-oauth-scopes"];
  try {
    await app.createToken({ code });
  } catch (refused) {
    seen.sameCodeAgain = refused.response?.data?.error;
  }
  return seen;
}

createServer(async (request, response) => {
  const url = new URL(request.url, here);
  try {
    if (url.pathname === "/login") {
      const to = app.getWebFlowAuthorizationUrl({ scopes: ["user:email", "public_repo"], redirectUrl: `${here}/callback` });
      response.writeHead(302, { location: to.url }).end();
    } else if (url.pathname === "/callback") {
      const seen = await callback(url.searchParams.get("code"));
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(seen));
    } else response.writeHead(404).end();
  } catch (error) {
    console.error(error);
    response.writeHead(500).end(String(error.stack));
  }
}).listen(PORT, "127.0.0.1");
