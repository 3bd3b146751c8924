// A real provider of OpenID Connect, for the tests of signing in at one. Says where it listens, then waits for one line
// of JSON on its standard input: the inbox's origin, its clock, and who has an account here.
import { generateKeyPairSync, randomBytes } from "node:crypto";
import http from "node:http";
import path from "node:path";
import readline from "node:readline";
import { pathToFileURL } from "node:url";

const { MODULES, CLIENT, SECRET } = process.env;
const { default: Provider } = await import(pathToFileURL(path.join(MODULES, "oidc-provider/lib/index.js")));

let handle = (_, response) => response.writeHead(503).end();
const server = http.createServer((request, response) => {
  // The clock of the tests stands still in the past, and a browser would throw away what expires there.
  const set = response.setHeader.bind(response);
  response.setHeader = (name, value) =>
    set(name, /^set-cookie$/i.test(name) ? [value].flat().map((it) => it.replace(/;\s*expires=[^;]*/i, "")) : value);
  handle(request, response);
});
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
const issuer = `http://127.0.0.1:${server.address().port}`;
console.log(issuer);

const told = await new Promise((line) => readline.createInterface({ input: process.stdin }).once("line", line));
const { origin, now, accounts } = JSON.parse(told);
const still = Date.parse(now);
Date.now = () => still;

const provider = new Provider(issuer, {
  clients: [{
    client_id: CLIENT,
    client_secret: SECRET,
    redirect_uris: [`${origin}/sign-in/with/hwb/back`],
    grant_types: ["authorization_code"],
    response_types: ["code"],
    id_token_signed_response_alg: "ES256",
  }],
  jwks: { keys: [{ ...generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ format: "jwk" }), kid: "one" }] },
  cookies: { keys: [randomBytes(32).toString("hex")] },
  claims: { openid: ["sub"], email: ["email", "email_verified"] },
  pkce: { required: () => true },
  features: { devInteractions: { enabled: false } },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...accounts[id] }) }),
  async loadExistingGrant(ctx) {
    const grant = new ctx.oidc.provider.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId });
    grant.addOIDCScope("openid email");
    await grant.save();
    return grant;
  },
});
const callback = provider.callback();
handle = async (request, response) => {
  const url = new URL(request.url, issuer);
  if (!url.pathname.startsWith("/interaction/")) return callback(request, response);
  const accountId = url.searchParams.get("account");
  if (accountId) {
    return provider.interactionFinished(request, response, { login: { accountId } }, { mergeWithLastSubmission: false });
  }
  if (url.searchParams.has("no")) {
    return provider.interactionFinished(request, response, { error: "access_denied" }, { mergeWithLastSubmission: false });
  }
  const links = Object.keys(accounts).map((id) => `<a href="${url.pathname}?account=${id}">${id}</a>`);
  response.setHeader("content-type", "text/html");
  response.end(`<!DOCTYPE html><html lang="en"><title>Provider</title>${links.join(" ")} <a href="${url.pathname}?no=1">no</a>`);
};
console.log("ready");
