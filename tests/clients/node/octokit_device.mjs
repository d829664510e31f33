// A program on people's machines that signs in as GitHub's own does, by Octokit: with a code that is entered elsewhere,
// and without a secret.
import { OAuthApp, Octokit } from "octokit";

const { ISSUER, CLIENT_ID } = process.env;
const Ours = Octokit.defaults({ baseUrl: `${ISSUER}/api/v3` });
const app = new OAuthApp({ clientType: "oauth-app", clientId: CLIENT_ID, clientSecret: "none", Octokit: Ours });
const { authentication } = await app.createToken({
  scopes: ["read:user"],
  onVerification: ({ verification_uri, user_code }) => console.log("Open", verification_uri, "and enter", user_code),
});
const user = await new Ours({ auth: authentication.token }).rest.users.getAuthenticated();
console.log(JSON.stringify({ user: user.data, scopes: authentication.scopes }));
