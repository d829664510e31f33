// A program on a device without a keyboard, with openid-client (RFC 8628). It shows an address and a code, asks until
// somebody has entered it, and prints what it got.
import * as client from "openid-client";

const { ISSUER, CLIENT_ID } = process.env;
const server = await client.discovery(new URL(ISSUER), CLIENT_ID, undefined, client.None(), {
  execute: [client.allowInsecureRequests],
});
const shown = await client.initiateDeviceAuthorization(server, { scope: "openid profile" });
console.log("Open", shown.verification_uri_complete, "which is the code", shown.user_code);
const tokens = await client.pollDeviceAuthorizationGrant(server, shown, undefined, { signal: AbortSignal.timeout(120_000) });
const { sub } = tokens.claims();
console.log(JSON.stringify(await client.fetchUserInfo(server, tokens.access_token, sub)));
