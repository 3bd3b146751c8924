// A key adult's morning and a desk's, in a real browser. Run by tests/tests/browser.rs, which says where everything is.
import { createRequire } from "node:module";
import { strict as assert } from "node:assert";
import path from "node:path";

const { MODULES, CHROMIUM, PICTURES, ORIGIN, LINKS } = process.env;
const require = createRequire(path.join(MODULES, "any.js"));
const { chromium } = require("playwright-core");
const { AxeBuilder } = require("@axe-core/playwright");
const [mairsLink, mairsSecondLink, mairsThirdLink, desksLink] = LINKS.split(" ");

const LANGUAGES = ["cy", "en"];
const problems = [];

const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu"] });

/** A browser of its own, on a screen of this width. */
async function visitor(locale = "cy-GB", width = 1100) {
  const context = await browser.newContext({ locale, viewport: { width, height: 900 }, baseURL: ORIGIN });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  page.on("console", (message) => problems.push(`console at ${page.url()}: ${message.text()}`));
  page.on("pageerror", (error) => problems.push(`error at ${page.url()}: ${error}`));
  return page;
}

/** What a page must be whoever reads it: no barrier, no script of others, nothing sideways at 320 pixels; and a picture of it. */
async function looked(page, name, status = 200) {
  const language = await page.getAttribute("html", "lang");
  const where = `${language} ${name}`;
  const found = await new AxeBuilder({ page }).analyze();
  for (const violation of found.violations) {
    const nodes = violation.nodes.map((node) => node.html.slice(0, 160)).join("\n    ");
    problems.push(`${where}: axe ${violation.id}: ${violation.help}\n    ${nodes}`);
  }
  // Two pages have the script for passkeys; no other page has any.
  const scripts = await page.locator("script").evaluateAll((all) => all.map((it) => it.getAttribute("src")));
  const allowed = /^\/(sign-in|account)/.test(new URL(page.url()).pathname) ? 1 : 0;
  const known = scripts.every((src) => /^\/assets\/passkey-/.test(src));
  assert.ok(known && scripts.length <= allowed, `${where}: a script`);
  assert.equal(await page.locator("h1").count(), 1, `${where}: one heading of the page`);
  await page.screenshot({ path: path.join(PICTURES, `${language}-${name}.png`), fullPage: true });
  const before = page.viewportSize();
  await page.setViewportSize({ width: 320, height: 700 });
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  if (wide > 320) {
    const who = await page.evaluate(() => [...document.querySelectorAll("body *")]
      .filter((it) => it.getBoundingClientRect().right > 321).slice(0, 3).map((it) => it.outerHTML.slice(0, 120)));
    problems.push(`${where}: ${wide} pixels wide on a screen of 320: ${who.join(" | ")}`);
  }
  await page.screenshot({ path: path.join(PICTURES, `${language}-${name}-small.png`), fullPage: true });
  await page.setViewportSize(before);
}

/** The same page in both languages, and back to where it was. The switch keeps the page. */
async function inBoth(page, name) {
  const first = await page.getAttribute("html", "lang");
  for (const turn of [0, 1]) {
    await looked(page, name);
    const here = new URL(page.url()).pathname;
    await page.locator(".app-language a").click();
    assert.equal(new URL(page.url()).pathname, here, `${name}: the language leads elsewhere`);
    assert.equal(await page.getAttribute("html", "lang"), LANGUAGES.find((it) => it !== (turn ? other(first) : first)));
  }
}
const other = (language) => LANGUAGES.find((it) => it !== language);

/** Moves with the tab key alone to what has these words, and presses enter there. */
async function press(page, words, key = "Enter") {
  for (let step = 0; step < 80; step += 1) {
    await page.keyboard.press("Tab");
    const at = await page.evaluate(() => {
      const here = document.activeElement;
      const label = here.labels?.[0]?.innerText ?? "";
      const box = here.getBoundingClientRect();
      const style = getComputedStyle(here);
      // GOV.UK marks focus by colour and shadow, its outline being transparent for those who choose their own colours.
      const marked = style.outlineStyle !== "none" || style.boxShadow !== "none";
      return { words: `${here.innerText} ${label}`.trim(), shown: box.width > 0 && box.height > 0, marked };
    });
    if (at.words.includes(words)) {
      assert.ok(at.shown && at.marked, `${words}: the focus cannot be seen`);
      await Promise.all([key === "Enter" ? page.waitForNavigation() : null, page.keyboard.press(key)]);
      return;
    }
  }
  assert.fail(`nobody gets to "${words}" with the keyboard at ${page.url()}: ${await page.innerText("main")}`);
}

const main = (page) => page.innerText("main");

async function strangersPages() {
  const page = await visitor();
  await page.goto("/notices");
  assert.equal(new URL(page.url()).pathname, "/sign-in", "a stranger is shown the way in");
  assert.equal(await page.getAttribute("html", "lang"), "cy", "the browser asked for Welsh");
  await inBoth(page, "sign-in");
  const send = 'form[action="/sign-in"] button[type=submit]';
  await page.fill("#email", "nobody");
  await page.click(send);
  await looked(page, "sign-in-wrong");
  await page.fill("#email", "nobody@nowhere.example");
  await page.click(send);
  await inBoth(page, "code");
  await page.fill("#code", "12345678");
  await page.click("main button[type=submit]");
  assert.match(await main(page), /cod hwnnw/, "a wrong code is refused");
  await looked(page, "code-wrong");
  await page.goto("/no-such-page");
  await looked(page, "not-found");
  await page.context().close();
}

async function mairsMorning() {
  const page = await visitor();
  await page.goto(mairsLink);
  await inBoth(page, "link");
  await press(page, "Mewngofnodi");
  await page.waitForURL("**/notices");
  const list = await main(page);
  assert.match(list, /Mae \d hysbysiad yn aros amdanoch/, list);
  assert.match(list, /heddiw am 8\.55yb/, "the bell, as it is written in Welsh");
  assert.match(list, /Newydd/);
  await inBoth(page, "notices");

  await press(page, "Agor yr hysbysiad");
  const notice = page.url();
  const sealed = await main(page);
  assert.match(sealed, /A yw'r plentyn hwn ar eich cofrestr\?/);
  assert.doesNotMatch(sealed, /Yr hyn a ddywedodd yr heddlu|Cyfeirnod yr heddlu/, "what police say is sealed");
  await inBoth(page, "notice-sealed");
  await page.goto(`${notice}/not-ours`);
  await inBoth(page, "not-ours");
  await page.goto(notice);

  await press(page, "Ydy, ar ein cofrestr");
  const open = await main(page);
  assert.match(open, /Yr hyn a ddywedodd yr heddlu/, open);
  assert.match(open, /Cyfeirnod yr heddlu/);
  await looked(page, "notice-confirmed");
  await page.goto(notice);
  await inBoth(page, "notice-open");
  await press(page, "Pam rwyf yn gweld hwn?");
  assert.match(await main(page), /R01/);
  await inBoth(page, "why");
  await page.goto(`${notice}/print`);
  await page.emulateMedia({ media: "print" });
  assert.equal(await page.locator(".app-menu").isVisible(), false, "no menu on paper");
  await looked(page, "print");
  await page.emulateMedia({ media: "screen" });
  await page.goto(notice);

  await press(page, "Rwyf wedi darllen hwn");
  assert.match(await main(page), /Cydnabuwyd\. Gall yr heddlu weld/);
  await looked(page, "notice-acknowledged-now");
  await press(page, "Siarad â'r plentyn", "Space");
  await press(page, "Cadw golwg yn ystod y dydd", "Space");
  await press(page, "Cadw");
  assert.match(await main(page), /Siarad â'r plentyn\n?.*Cadw golwg/s, "support is kept with the notice");
  await inBoth(page, "notice-acknowledged");

  for (const kind of ["csv", "json"]) {
    const answer = await page.request.get(`${notice}/notice.${kind}`);
    assert.equal(answer.status(), 200);
    assert.match(answer.headers()["content-disposition"], /attachment/);
    assert.match(await answer.text(), /child_family_name/);
  }
  await page.goto("/notices");
  assert.match(await main(page), /Wedi'i gydnabod/);
  await looked(page, "notices-later");
  await page.goto("/contacts");
  await inBoth(page, "contacts");
  await press(page, "Mae fy manylion yn gywir");
  assert.match(await main(page), /Cadarnhawyd/);
  await page.goto("/account");
  await inBoth(page, "account");
  await press(page, "Allgofnodi");
  await page.waitForURL("**/signed-out");
  await inBoth(page, "signed-out");
  await page.goto(notice);
  assert.equal(new URL(page.url()).pathname, "/sign-in", "signed out is signed out");
  await page.goto(mairsLink);
  await page.click("main button[type=submit]");
  assert.match(await main(page), /Fe'i defnyddiwyd o'r blaen/, "a link works once");
  await looked(page, "link-spent");
  await page.context().close();
  return notice;
}

/** On a telephone, in English; the list keeps what was done. */
async function onATelephone() {
  const page = await visitor("en-GB", 375);
  await page.goto(mairsSecondLink);
  await page.click("main button[type=submit]");
  assert.equal(await page.getAttribute("html", "lang"), "cy", "her language goes with her account");
  await page.locator(".app-language a").click();
  const words = await main(page);
  assert.match(words, /notices? waits? for you/);
  assert.match(words, /today at 8:55am/);
  // One of them is about a child who is not hers.
  await page.locator(".app-notice", { hasText: "New" }).locator("a").first().click();
  await page.goto(`${page.url()}/not-ours`);
  await page.click("main button[type=submit]");
  assert.match(await main(page), /You said that this child is not on your roll/);
  await inBoth(page, "notice-not-ours-now");
  await page.context().close();
}

async function desksMorning(notice) {
  const page = await visitor("en-GB");
  await page.goto(desksLink);
  await press(page, "Sign in");
  await page.waitForURL("**/notices");
  const words = await main(page);
  assert.match(words, /at the desk/, words);
  assert.match(words, /bethan-rowlands|Bethan Rowlands/, "an owner");
  assert.match(words, /no key adult/, "and the reason");
  assert.match(words, /sent a notice back/, "what a school sent back is there too");
  await inBoth(page, "desk");
  await press(page, "I take this");
  assert.match(await main(page), /You have it now/);
  assert.match(await main(page), /Bethan Rowlands has it, since today at 7:45am/);
  const sentBack = page.locator(".app-notice", { hasText: "sent a notice back" });
  await sentBack.locator("button", { hasText: "I take this" }).click();
  await inBoth(page, "desk-taken");
  await sentBack.locator("button", { hasText: "This has been seen to" }).click();
  assert.match(await main(page), /It is off the list/);
  await page.goto("/directory");
  assert.match(await main(page), /What is stale in the directory/);
  assert.match(await main(page), /Not confirmed for a month|No contacts|Never had a notice/);
  await inBoth(page, "directory");
  await page.goto("/notices");
  await page.locator(".app-notice a").first().click();
  await inBoth(page, "desk-notice");
  const answer = await page.request.get(notice);
  assert.equal(answer.status(), 404, "a school's notice is not there for the desk");
  await page.context().close();
}

/** At a provider: whoever it has verified and somebody has invited, and nobody else. */
async function atAProvider() {
  const page = await visitor();
  const via = async (account) => {
    await page.goto("/sign-in");
    await page.click("text=Mewngofnodi gyda Hwb");
    await page.waitForURL(/\/interaction\//);
    await page.click(`text=${account}`);
    await page.waitForURL(`${ORIGIN}/**`);
  };
  for (const nobody of ["stranger", "unverified", "no"]) {
    await via(nobody);
    assert.match(await main(page), /Nid oedd modd eich mewngofnodi/, nobody);
    assert.doesNotMatch(await main(page), /@/, "the page tells nothing");
    await page.context().clearCookies({ domain: "127.0.0.1" });
  }
  await looked(page, "provider-refused");
  await page.goto("/notices");
  assert.equal(new URL(page.url()).pathname, "/sign-in", "and nobody is signed in");
  await page.goto("/sign-in");
  await page.click("text=Mewngofnodi gyda DfE Sign-in");
  assert.match(await main(page), /Nid yw DfE Sign-in yn ateb/, "one that does not answer is named");
  await inBoth(page, "provider-down");

  await page.goto("/sign-in");
  await press(page, "Mewngofnodi gyda Hwb");
  await page.waitForURL(/\/interaction\//);
  await page.click("text=mair");
  await page.waitForURL("**/notices");
  // English by now: she chose it on her telephone, and it goes with her.
  assert.match(await main(page), /notices? waits? for you/);
  await page.goto("/account");
  assert.match(await main(page), /Mair Rees/);
  await page.click(".app-menu__out button");
  await page.waitForURL("**/signed-out");
  await page.goto("/notices");
  assert.equal(new URL(page.url()).pathname, "/sign-in", "signed out is signed out");
  await page.context().close();
}

/** A passkey on a device: added, used, copied, removed. */
async function withAPasskey() {
  const page = await visitor("en-GB");
  const device = await page.context().newCDPSession(page);
  await device.send("WebAuthn.enable");
  const options = {
    protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true,
    automaticPresenceSimulation: true,
  };
  const { authenticatorId } = await device.send("WebAuthn.addVirtualAuthenticator", { options });
  await page.goto(mairsThirdLink);
  await page.click("main button[type=submit]");
  await page.goto("/account");
  const english = page.locator('.app-language a[lang="en"]');
  if (await english.count()) await english.click();
  await page.fill("#passkey-name", "My telephone");
  await press(page, "Add a passkey");
  assert.match(await main(page), /You can sign in with this passkey/);
  assert.match(await main(page), /My telephone\s+Added today at 7:45am, not used yet/);
  await inBoth(page, "account-passkey");
  const signOut = async () => {
    await page.click(".app-menu__out button");
    await page.waitForURL("**/signed-out");
    await page.goto("/sign-in");
  };
  await signOut();
  await press(page, "Sign in with a passkey");
  await page.waitForURL("**/notices");
  await page.goto("/account");
  assert.match(await main(page), /Last used today at 7:45am/);
  await signOut();

  // Nobody unlocks the device.
  await device.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified: false });
  await page.click("text=Sign in with a passkey");
  await page.waitForSelector("text=it was cancelled");
  await looked(page, "passkey-cancelled");
  await device.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified: true });

  // A copy of the passkey from before it was used.
  const { credentials: [credential] } = await device.send("WebAuthn.getCredentials", { authenticatorId });
  assert.ok(credential.isResidentCredential && credential.signCount >= 2, "the device counts");
  const becomes = async (signCount) => {
    await device.send("WebAuthn.removeCredential", { authenticatorId, credentialId: credential.credentialId });
    await device.send("WebAuthn.addCredential", { authenticatorId, credential: { ...credential, signCount } });
  };
  await becomes(0);
  await page.click("text=Sign in with a passkey");
  await page.waitForSelector("text=You could not be signed in with that passkey");
  await inBoth(page, "passkey-refused");

  await becomes(credential.signCount + 5);
  await page.goto("/sign-in");
  await page.click("text=Sign in with a passkey");
  await page.waitForURL("**/notices");
  await page.goto("/account");
  await press(page, "Remove");
  assert.match(await main(page), /The passkey is removed/);
  assert.doesNotMatch(await main(page), /My telephone/);
  await signOut();
  await page.click("text=Sign in with a passkey");
  await page.waitForSelector("text=You could not be signed in with that passkey");
  await page.context().close();
}

/** Without JavaScript nothing is missing but passkeys. */
async function withoutScripts() {
  const context = await browser.newContext({ locale: "en-GB", javaScriptEnabled: false, baseURL: ORIGIN });
  const page = await context.newPage();
  await page.goto("/sign-in");
  assert.equal(await page.locator("#passkey").isVisible(), false, "no button that would do nothing");
  assert.ok(await page.locator("text=Sign in with Hwb").isVisible());
  await page.fill("#email", "nobody@nowhere.example");
  await page.click("text=Send me a code");
  await page.waitForURL("**/sign-in/code");
  await context.close();
}

try {
  await strangersPages();
  const notice = await mairsMorning();
  await onATelephone();
  await desksMorning(notice);
  await atAProvider();
  await withAPasskey();
  await withoutScripts();
} catch (error) {
  problems.push(String(error.stack ?? error));
} finally {
  await browser.close();
}
const unexpected = problems.filter((it) => !/status of (403|404|422|410|503)/.test(it));
if (unexpected.length > 0) {
  console.error(unexpected.join("\n"));
  process.exit(1);
}
