// A site where people sign in by Passport, with passport-github2 and passport-facebook: their own options, only the
// addresses are this server's.
import express from "express";
import session from "express-session";
import passport from "passport";
import { Strategy as Facebook } from "passport-facebook";
import { Strategy as GitHub } from "passport-github2";

const { ISSUER, CLIENT_ID, CLIENT_SECRET, PORT } = process.env;
const app = express();
const known = (accessToken, refreshToken, profile, done) => done(null, { accessToken, refreshToken, profile });
const common = { clientID: CLIENT_ID, clientSecret: CLIENT_SECRET };

passport.use(
  new GitHub({
    ...common,
    callbackURL: `http://127.0.0.1:${PORT}/auth/github/callback`,
    authorizationURL: `${ISSUER}/login/oauth/authorize`,
    tokenURL: `${ISSUER}/login/oauth/access_token`,
    userProfileURL: `${ISSUER}/api/v3/user`,
    userEmailURL: `${ISSUER}/api/v3/user/emails`,
    scope: ["user:email"],
    state: true,
  }, known));
passport.use(
  new Facebook({
    ...common,
    callbackURL: `http://127.0.0.1:${PORT}/auth/facebook/callback`,
    authorizationURL: `${ISSUER}/v3.2/dialog/oauth`,
    tokenURL: `${ISSUER}/v3.2/oauth/access_token`,
    profileURL: `${ISSUER}/v3.2/me`,
    profileFields: ["id", "displayName", "name", "emails", "photos"],
    scope: ["public_profile", "email"],
    enableProof: true,
    state: true,
  }, known));
passport.serializeUser((user, done) => done(null, user));
passport.deserializeUser((user, done) => done(null, user));

app.use(session({ secret: "for this process only", resave: false, saveUninitialized: true }));
app.use(passport.initialize(), passport.session());
app.get("/auth/:name", (request, response, next) =>
  passport.authenticate(request.params.name)(request, response, next));
app.get("/auth/:name/callback", (request, response, next) =>
  passport.authenticate(request.params.name, { successRedirect: "/me", failWithError: true })(request, response, next));
app.get("/me", (request, response) => response.json(request.user));
app.use((error, _request, response, _next) => {
  console.error(error);
  response.status(500).json({ name: error.name, message: error.message, code: error.code, query: error.oauthError });
});
app.listen(PORT, "127.0.0.1");
