// A browser and the page, and what a reader does with them. For the tests and the benchmark.
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

// Milliseconds for what must happen. The wait ends when it happens; on a slow machine that takes many times as long.
export const kPatience = 60_000;

export const root = fileURLToPath(new URL("../../", import.meta.url));
const fromDashboard = createRequire(path.join(root, "dashboard", "package.json"));
const { chromium } = fromDashboard("playwright-core");
const axeSource = fs.readFileSync(fromDashboard.resolve("axe-core/axe.min.js"), "utf8");

export const onePage = pathToFileURL(path.join(root, "dashboard", "dist", "netscope.html")).href;
export const golden = (name) => path.join(root, "tests", "golden", name);
export const kSizes = { wide: { width: 1440, height: 1000 }, tablet: { width: 820, height: 1100 }, phone: { width: 360, height: 780 } };

/** No renderer that may fall back to another host, no call home. */
export function startBrowser() {
  return chromium.launch({
    timeout: 2 * kPatience,
    executablePath: process.env.NETSCOPE_CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--no-first-run"],
  });
}

/** A page of its own; `problems` collects what it says is wrong, `requests` what it asks for. */
export async function openPage(browser, { size = kSizes.wide, url = onePage, ...options } = {}) {
  const context = await browser.newContext({ viewport: size, timezoneId: "UTC", acceptDownloads: true, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(kPatience);
  const problems = [], requests = [];
  page.on("pageerror", (problem) => problems.push(problem.message));
  page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
  page.on("request", (request) => requests.push(request.url()));
  await page.goto(url);
  return { page, problems, requests, close: () => context.close() };
}

/** Drops files as a reader does: [{name, bytes}]. */
export async function drop(page, files) {
  const encoded = files.map(({ name, bytes }) => ({ name, base64: Buffer.from(bytes).toString("base64") }));
  const transfer = await page.evaluateHandle((list) => {
    const data = new DataTransfer();
    for (const { name, base64 } of list) {
      data.items.add(new File([Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))], name));
    }
    return data;
  }, encoded);
  await page.dispatchEvent(".app", "drop", { dataTransfer: transfer });
}

export const capture = (name) => ({ name, bytes: fs.readFileSync(golden(name)) });

export async function openCapture(page, ...names) {
  await drop(page, (names.length > 0 ? names : ["home.pcap"]).map(capture));
  await page.waitForSelector(".overview");
}

export async function goTo(page, view) {
  await page.getByRole("navigation").getByRole("button", { name: view, exact: true }).click();
}

export async function writeRules(page, text) {
  await goTo(page, "Rules");
  await page.getByRole("textbox", { name: "Rules (TOML)" }).fill(text);
}

/** Applies rules as a reader does, and waits until they hold. */
export async function applyRules(page, text) {
  await writeRules(page, text);
  await page.getByRole("button", { name: "Apply", exact: true }).click();
  await page.getByRole("button", { name: "Yes, apply" }).click();
  await page.getByText("The rules hold now.").waitFor();
  await page.waitForSelector(".rules");
}

export async function writeFilter(page, text) {
  await page.getByRole("combobox", { name: "Filter" }).fill(text);
  await page.getByRole("combobox", { name: "Filter" }).press("Enter");
}

/** The number of rows that a table says it has. */
export async function rowsOf(page) {
  return Number(await page.getByRole("grid").getAttribute("aria-rowcount")) - 1;
}

/** Waits until the table has so many rows. */
export async function untilRows(page, wanted) {
  await page.waitForFunction((count) => document.querySelector("[role=grid]")?.getAttribute("aria-rowcount") === String(count + 1), wanted);
}

/** What axe finds wrong. */
export async function axeProblems(page) {
  await page.evaluate(axeSource);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  return violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join(" | ")}`);
}

export async function downloaded(page, press) {
  const [download] = await Promise.all([page.waitForEvent("download"), press()]);
  return { name: download.suggestedFilename(), bytes: fs.readFileSync(await download.path()) };
}

/** What the program itself says of a capture: statistics, flows (sorted lines), and what it lets pass. */
export function native(program, captureName, rulesFile, folder) {
  const files = { stats: path.join(folder, "stats.json"), flows: path.join(folder, "flows.jsonl"), out: path.join(folder, "out.pcap") };
  execFileSync(program, ["--pcap", golden(captureName), "--rules", rulesFile, "--report", "none", "--stats-json", files.stats,
    "--flows", files.flows, "--out", files.out], { stdio: ["ignore", "ignore", "inherit"] });
  return {
    stats: JSON.parse(fs.readFileSync(files.stats, "utf8")),
    flows: fs.readFileSync(files.flows, "utf8").split("\n").filter(Boolean).sort(),
    out: fs.readFileSync(files.out),
  };
}
