// The page at a gateway, used as its reader uses it. Started by live_test.py, which makes the traffic.
//
// usage: node live_page.mjs URL TOKEN SCREENSHOTS
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import readline from "node:readline";
import * as the from "./page.mjs";

const [url, token, screenshots] = process.argv.slice(2);
const answers = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();
async function ask(order) {
  console.log(`do: ${order}`);
  await answers.next();
}

async function unlock(page) {
  const field = page.getByRole("textbox", { name: "Token" });
  await field.fill("not the token");
  await page.getByRole("button", { name: "Unlock" }).click();
  await page.getByText("The gateway did not take this token.").waitFor();
  await field.fill(token);
  await page.getByRole("button", { name: "Unlock" }).click();
  await page.waitForSelector(".overview");
  await page.locator(".state.is-live").waitFor();
}

async function showsTraffic(page) {
  await ask("traffic");
  await page.getByRole("region", { name: "Why blocked" }).getByText("no-tiktok").waitFor();
  await the.goTo(page, "Flows");
  await page.getByRole("row").filter({ hasText: "www.tiktok.com" }).filter({ hasText: "dropped" }).first().waitFor();
  await page.getByRole("row").filter({ hasText: "www.tiktok.com" }).filter({ hasText: "dropped" }).first().click();
  const panel = page.getByRole("complementary", { name: "Flow" });
  await panel.getByText('rule "no-tiktok": application TikTok of www.tiktok.com').waitFor();
  await panel.getByRole("button", { name: /^t13/ }).waitFor();
  await page.keyboard.press("Escape");
  await the.writeFilter(page, "blocked");
  await the.goTo(page, "Overview");
  await page.getByRole("region", { name: "Why blocked" }).getByText("no-tiktok").waitFor();
  await page.getByRole("region", { name: "Why blocked" }).getByText("default").waitFor({ state: "detached" });
  await the.goTo(page, "Flows");
  await the.writeFilter(page, "app:YouTube");
  await page.getByRole("row").filter({ hasText: "www.youtube.com" }).first().waitFor();
  await page.getByRole("row").filter({ hasText: "www.tiktok.com" }).first().waitFor({ state: "detached" });
}

async function blocksAndTakesBack(page) {
  await page.getByRole("row").filter({ hasText: "www.youtube.com" }).first().click();
  await page.getByRole("complementary", { name: "Flow" }).getByRole("button", { name: "Block" }).click();
  await page.getByText("www.youtube.com is blocked.").waitFor();
  await ask("traffic");
  await page.getByRole("row").filter({ hasText: "www.youtube.com" }).filter({ hasText: "dropped" }).first().waitFor();
  await page.screenshot({ path: path.join(screenshots, "live-flows.png") });
  await page.keyboard.press("u");
  await page.getByText("Taken back.").waitFor();
  await the.writeFilter(page, "");
}

async function filtersEvents(page) {
  await the.goTo(page, "Packets");
  await page.getByText("A gateway does not hand out its packets").waitFor();
  const row = (name) => page.getByRole("row").filter({ hasText: name }).first();
  await row("github.com").waitFor();
  await the.writeFilter(page, "app:TikTok");
  await row("github.com").waitFor({ state: "detached" });
  await row("www.tiktok.com").waitFor();
  await the.writeFilter(page, "port:1");
  await page.getByText("Nothing matches the filter and the time.").waitFor();
  await the.writeFilter(page, "");
  await row("github.com").waitFor();
  await the.goTo(page, "Flows");
}

async function pauses(page) {
  await page.getByRole("button", { name: "Pause" }).click();
  await page.locator(".state.is-paused").waitFor();
  const before = await the.rowsOf(page);
  await ask("traffic");
  await page.getByRole("button", { name: /^\d+ new$/ }).waitFor();
  assert.equal(await the.rowsOf(page), before);
  await page.getByRole("button", { name: /^\d+ new$/ }).click();
  await page.waitForFunction((rows) => Number(document.querySelector("[role=grid]").getAttribute("aria-rowcount")) - 1 > rows, before);
}

async function editsRules(page) {
  await the.goTo(page, "Rules");
  const editor = page.getByRole("textbox", { name: "Rules (TOML)" });
  const before = await editor.inputValue();
  assert.match(before, /no-tiktok/);
  await editor.fill('[[rule]]\nname = "x"\naction = "dropp"\n');
  await page.getByRole("alert").filter({ hasText: /Line 3/ }).waitFor();
  await editor.fill(`${before}\n[[rule]]\nname = "no-github"\naction = "drop"\ndomain = ["github.com"]\n`);
  await triesRules(page);
  await page.getByRole("button", { name: "Apply", exact: true }).click();
  await page.getByRole("button", { name: "Yes, apply" }).click();
  await page.getByText("The rules hold now.").waitFor();
  await ask("traffic");
  await page.locator(".rule-list li", { hasText: "no-github" }).locator(".rule-hits", { hasText: /[1-9]\d* hits/ }).waitFor();
  await page.screenshot({ path: path.join(screenshots, "live-rules.png") });
  await page.getByRole("status").getByRole("button", { name: "Undo" }).click();
  await page.getByText("The rules before hold again.").waitFor();
  assert.equal(await editor.inputValue(), before);
}

// What the draft would make of the flows that were seen: those to github.com, which were let through, and no other.
async function triesRules(page) {
  await page.getByRole("button", { name: "Try", exact: true }).click();
  const [blocked, allowed, unchanged] = await Promise.all([0, 1, 2].map((n) => page.locator(".trial-count b").nth(n).getAttribute("title").then(Number)));
  assert.ok(blocked > 0 && unchanged > 0, `${blocked} ${unchanged}`);
  assert.equal(allowed, 0);
  const names = await page.locator(".changed li button span:first-child").allTextContents();
  assert.equal(names.length, blocked);
  assert.ok(names.every((name) => name === "github.com"), names.join());
  await page.screenshot({ path: path.join(screenshots, "live-trial.png") });
}

// Twelve names from six clients, half a minute long, with connections that are open: each is told of.
async function showsAHousehold(page) {
  await the.goTo(page, "Overview");
  await ask("household");
  await page.getByRole("region", { name: "Clients" }).getByRole("button", { name: /^10\.77\.1\.52/ }).waitFor();
  await page.getByRole("region", { name: "Applications" }).locator(".bar-name").nth(9).waitFor();
  await page.screenshot({ path: path.join(screenshots, "live-household.png") });
  await page.emulateMedia({ colorScheme: "dark" });
  await page.screenshot({ path: path.join(screenshots, "live-household-dark.png") });
  await page.emulateMedia({ colorScheme: "light" });
}

// What one reads stays where it is while flows come above it; one press shows the newest, and they are followed.
async function followsTheNewest(page) {
  await the.goTo(page, "Flows");
  const grid = page.getByRole("grid");
  await grid.evaluate((node) => (node.scrollTop = 28 * 20));
  await page.getByRole("button", { name: "Newest" }).waitFor();
  const read = page.locator("#row-25");
  await read.getByText("ago").waitFor();
  const [name, client] = await Promise.all([2, 4].map((n) => read.getByRole("gridcell").nth(n).textContent()));
  const place = (await read.boundingBox()).y, rows = await the.rowsOf(page);
  await ask("traffic");
  await page.waitForFunction((count) => Number(document.querySelector("[role=grid]").getAttribute("aria-rowcount")) - 1 > count, rows);
  const same = page.getByRole("row").filter({ hasText: client }).filter({ hasText: name });
  await same.waitFor();
  assert.equal((await same.boundingBox()).y, place);
  await page.getByRole("button", { name: "Newest" }).click();
  await page.waitForFunction(() => document.querySelector("[role=grid]").scrollTop === 0);
  await the.goTo(page, "Overview");
}

async function losesAndFindsTheGateway(page) {
  await the.goTo(page, "Overview");
  await ask("stop");
  await page.locator(".state.is-lost").waitFor();
  await page.getByRole("alert").filter({ hasText: "does not answer" }).waitFor();
  await page.screenshot({ path: path.join(screenshots, "live-lost.png") });
  await ask("start");
  await page.locator(".state.is-live, .token").first().waitFor(); // a new token may be asked for
}

fs.mkdirSync(screenshots, { recursive: true });
const browser = await the.startBrowser();
const { page, requests } = await the.openPage(browser, { url });
try {
  for (const step of [unlock, showsTraffic, blocksAndTakesBack, filtersEvents, pauses, editsRules]) {
    await step(page);
    console.log("ok:", step.name);
  }
  const content = { Overview: ".overview .bar-name", Flows: "#row-0", Packets: "#row-0", Rules: ".rule-list li" };
  for (const [view, selector] of Object.entries(content)) {
    await the.goTo(page, view);
    await page.locator(`.tab[aria-current=page]:has-text("${view}")`).waitFor();
    await page.locator(selector).first().waitFor();
    assert.deepEqual(await the.axeProblems(page), [], view);
    await page.screenshot({ path: path.join(screenshots, `live-${view.toLowerCase()}.png`) });
  }
  await showsAHousehold(page);
  console.log("ok:", showsAHousehold.name);
  await followsTheNewest(page);
  console.log("ok:", followsTheNewest.name);
  await losesAndFindsTheGateway(page);
  console.log("ok:", losesAndFindsTheGateway.name);
  assert.deepEqual(requests.filter((request) => !request.startsWith(url) && !/^(blob|data):/.test(request)), []);
} catch (problem) {
  console.log(problem.stack);
  await page.screenshot({ path: path.join(screenshots, "failed-live.png") });
  process.exitCode = 1;
}
await browser.close();
process.exit(process.exitCode ?? 0);
