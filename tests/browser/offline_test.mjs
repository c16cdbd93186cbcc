// The page as one file, opened from file://, each thing done as a reader does it, and held against the program itself.
//
// usage: node offline_test.mjs PROGRAM SCREENSHOTS MAKE_SAMPLE
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import * as the from "./page.mjs";

const [program, screenshots, makeSample] = process.argv.slice(2);
const rulesFile = the.golden("rules.toml");
const rules = fs.readFileSync(rulesFile, "utf8");
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "netscope-page-"));
let browser, truth;

before(async () => {
  fs.mkdirSync(screenshots, { recursive: true });
  truth = the.native(program, "home.pcap", rulesFile, folder);
  browser = await the.startBrowser();
});
after(async () => {
  await browser?.close();
  fs.rmSync(folder, { recursive: true });
});

/** A test with a page of its own, which must not complain, nor ask any host for anything. */
function onPage(name, options, act) {
  if (act === undefined) [options, act] = [{}, options];
  test(name, { timeout: 10 * the.kPatience }, async () => {
    const opened = await the.openPage(browser, options);
    try {
      await act(opened.page, opened);
      assert.deepEqual(opened.problems, []);
      assert.deepEqual(opened.requests.filter((url) => !/^(file|blob|data):/.test(url)), []);
    } catch (problem) {
      await opened.page.screenshot({ path: path.join(screenshots, `failed-${name.replace(/\W+/g, "-")}.png`) });
      throw problem;
    } finally {
      await opened.close();
    }
  });
}

const title = (page, figure) => page.locator(".figure", { has: page.getByRole("heading", { name: figure }) }).locator(".figure-sub b").first().getAttribute("title");
const digits = (text) => Number(text.replace(/\D/g, ""));

onPage("says that nothing leaves the browser, and cannot connect to anything", async (page, opened) => {
  await page.getByText("Nothing leaves this browser").waitFor();
  for (const url of ["http://127.0.0.1:9/", "https://example.org/"]) {
    assert.equal(await page.evaluate((to) => fetch(to).then(() => "connected", () => "refused"), url), "refused");
  }
  assert.ok(opened.problems.every((problem) => /Content Security Policy/.test(problem)) && opened.problems.length >= 2, opened.problems.join());
  opened.problems.length = 0;
  assert.deepEqual(opened.requests.filter((url) => /^http/.test(url)), []);
});

onPage("shows of a dropped capture what the program says of it", async (page) => {
  await the.openCapture(page);
  await the.applyRules(page, rules);
  await the.goTo(page, "Overview");
  const { decoder, firewall, flow } = truth.stats.stats;
  assert.equal(digits(await title(page, "Packets")), decoder.pkts);
  assert.equal(digits(await title(page, "Throughput")), decoder.bytes);
  assert.equal(digits(await title(page, "Blocked")), firewall.blocked + firewall.rejected);
  assert.equal(digits(await title(page, "Connections")), flow.total);
  const apps = await page.getByRole("region", { name: "Applications" }).locator(".bar-name").allTextContents();
  assert.deepEqual(apps.sort(), truth.stats.apps.map((entry) => entry.app).sort());
  const why = await page.getByRole("region", { name: "Why blocked" }).locator(".bar-name").allTextContents();
  assert.deepEqual(why.sort(), truth.stats.rules.filter((rule) => rule.pkts > 0).map((rule) => rule.id).sort());
});

onPage("joins several captures", async (page) => {
  await the.openCapture(page, "home.pcap", "http-keepalive.pcap", "several-interfaces.pcapng");
  let packets = 0;
  for (const name of ["home.pcap", "http-keepalive.pcap", "several-interfaces.pcapng"]) {
    packets += the.native(program, name, rulesFile, folder).stats.stats.decoder.pkts;
  }
  assert.equal(digits(await title(page, "Packets")), packets);
});

onPage("opens its sample, and files that are chosen", async (page) => {
  await page.getByRole("button", { name: "Try a sample" }).click();
  await page.waitForSelector(".overview");
  await page.getByTitle("Open another capture").click();
  await page.locator("input[type=file]").setInputFiles(the.golden("vlan-pppoe-mpls.pcap"));
  await page.waitForSelector(".overview");
  await page.getByTitle("vlan-pppoe-mpls.pcap").waitFor();
});

onPage("says what is wrong with a file, and keeps what came before the fault", async (page) => {
  await the.drop(page, [{ name: "letter.txt", bytes: Buffer.from("Dear reader, this is no capture at all.\n".repeat(9)) }]);
  await page.getByRole("alert").filter({ hasText: "letter.txt" }).waitFor();
  await the.drop(page, [{ name: "empty.pcap", bytes: Buffer.alloc(0) }]);
  await page.getByRole("alert").filter({ hasText: "empty.pcap" }).waitFor();
  const { bytes } = the.capture("home.pcap");
  await the.drop(page, [{ name: "cut.pcap", bytes: bytes.subarray(0, 40_001) }]);
  await page.waitForSelector(".overview");
  await page.getByRole("alert").filter({ hasText: "cut off" }).waitFor();
  assert.ok(digits(await title(page, "Packets")) > 100);
});

onPage("shows progress, and stops when it is told to", async (page) => {
  const base64 = the.capture("home.pcap").bytes.toString("base64");
  const transfer = await page.evaluateHandle((text) => {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const data = new DataTransfer();
    data.items.add(new File([bytes.subarray(0, 24), ...Array(4000).fill(bytes.subarray(24))], "long.pcap"));
    return data;
  }, base64);
  await page.dispatchEvent(".app", "drop", { dataTransfer: transfer });
  await page.waitForFunction(() => (document.querySelector("progress")?.value ?? 0) > 0);
  assert.match(await page.locator(".state").textContent(), /^analysing \d+ %$/);
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.getByText("Drop a capture here").waitFor();
  await the.openCapture(page); // and is ready for the next
});

onPage("filters as one writes, completes, and underlines what is wrong", async (page) => {
  await the.openCapture(page);
  await the.goTo(page, "Flows");
  const field = page.getByRole("combobox", { name: "Filter" });
  await page.keyboard.press("/");
  await page.keyboard.type("app:Tik");
  await page.getByRole("option", { name: "TikTok" }).waitFor();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  assert.equal(await field.inputValue(), "app:TikTok ");
  await the.untilRows(page, truth.stats.apps.find((entry) => entry.app === "TikTok").flows);
  assert.match(page.url(), /#\/flows\?filter=app%3ATikTok$/);
  await field.fill("app:TikTok or (");
  await page.getByRole("alert").waitFor();
  assert.equal(await field.getAttribute("aria-invalid"), "true");
  assert.equal(await page.locator(".filter-mirror .wrong").count(), 1);
  await field.fill("not app:TikTok and proto:tls");
  await page.getByRole("alert").waitFor({ state: "detached" });
  const rows = truth.flows.map((line) => JSON.parse(line)).filter((flow) => flow.netscope.app !== "TikTok" && flow.app_proto === "tls");
  await the.untilRows(page, rows.length);
  await page.goBack();
  await page.waitForFunction(() => !location.hash.includes("not"));
});

onPage("keeps what is written while a filter is being applied", async (page) => {
  await the.openCapture(page);
  await the.goTo(page, "Flows");
  await page.evaluate(() => {
    const field = document.getElementById("filter");
    const write = (text) => {
      field.value = text;
      field.dispatchEvent(new InputEvent("input", { bubbles: true }));
    };
    const push = history.pushState;
    history.pushState = function (...step) { // the filter is applied now, and no frame has been drawn since
      history.pushState = push;
      push.apply(this, step);
      queueMicrotask(() => write("app:TikTok"));
    };
    field.focus();
    write("ap");
  });
  await the.untilRows(page, truth.stats.apps.find((entry) => entry.app === "TikTok").flows);
  assert.equal(await page.getByRole("combobox", { name: "Filter" }).inputValue(), "app:TikTok");
});

onPage("selects a time with the brush, and by keyboard; everything follows", async (page) => {
  await the.openCapture(page);
  const box = await page.locator(".u-over").boundingBox();
  await page.mouse.move(box.x + 2, box.y + 40);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.25, box.y + 60, { steps: 5 });
  await page.mouse.up();
  await page.waitForFunction(() => location.hash.includes("from="));
  const all = truth.stats.stats.decoder.pkts;
  await page.waitForFunction((count) => Number(document.querySelector(".figure-sub b").title.replace(/\D/g, "")) < count, all);
  await page.screenshot({ path: path.join(screenshots, "brush.png") });
  await page.getByRole("button", { name: "All of the time" }).click();
  await page.waitForFunction((count) => Number(document.querySelector(".figure-sub b").title.replace(/\D/g, "")) === count, all);
  await page.getByRole("button", { name: /^Time:/ }).press("Enter");
  await page.getByLabel("From", { exact: true }).fill("2023-11-14T22:13:21");
  await page.getByLabel("To", { exact: true }).fill("2023-11-14T22:13:30");
  await page.getByRole("button", { name: "Show", exact: true }).press("Enter");
  await page.waitForFunction((count) => Number(document.querySelector(".figure-sub b").title.replace(/\D/g, "")) < count, all);
  assert.equal(digits(await title(page, "Packets")), truth.stats.timeline.pkts[1]);
});

onPage("drills down from anything to anything", async (page) => {
  await the.openCapture(page);
  await page.getByRole("region", { name: "Applications" }).getByRole("button", { name: /^YouTube/ }).click();
  await page.waitForFunction(() => location.hash.includes("app%3AYouTube"));
  await page.getByRole("region", { name: "Clients" }).getByRole("button", { name: /^192.168.1.20/ }).click();
  await page.waitForFunction(() => location.hash.includes("client%3A192.168.1.20"));
  await the.goTo(page, "Flows");
  const rows = truth.flows.map((line) => JSON.parse(line)).filter((flow) => flow.netscope.app === "YouTube" && flow.src_ip === "192.168.1.20");
  await the.untilRows(page, rows.length);
  await page.getByRole("button", { name: "Clear the filter" }).click();
  await the.untilRows(page, truth.flows.length);
  await the.goTo(page, "Overview");
  await page.getByRole("button", { name: /^github\.com, / }).press("Enter");
  await page.waitForFunction(() => location.hash.includes("domain%3Agithub.com"));
});

onPage("tells the life of a flow, its names, why, and the bytes of its packets", async (page) => {
  await the.openCapture(page);
  await the.applyRules(page, rules);
  await the.writeFilter(page, "domain:v16.tiktok.com proto:tls");
  await the.goTo(page, "Flows");
  await page.getByRole("grid").focus();
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  const panel = page.getByRole("complementary", { name: "Flow" });
  await panel.getByText('rule "no-tiktok": application TikTok of v16.tiktok.com').waitFor();
  await panel.getByText("from the TLS handshake").first().waitFor();
  const fingerprint = truth.flows.map((line) => JSON.parse(line)).find((flow) => flow.tls?.sni === "v16.tiktok.com").tls.ja4;
  await panel.getByRole("button", { name: fingerprint }).waitFor();
  for (const step of ["first packet", "handshake done", "name seen", "blocked", "last packet"]) {
    await panel.locator(".life-steps").getByText(step).waitFor();
  }
  await panel.locator(".packet-list button").first().click();
  await panel.locator(".dump").waitFor();
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");
  await panel.waitFor({ state: "detached" });
});

onPage("tells of names that DNS answers told, and filters by where names and hellos are from", async (page) => {
  const learned = the.native(program, "learned-names.pcap", rulesFile, folder).flows.map((line) => JSON.parse(line));
  await the.openCapture(page, "learned-names.pcap");
  await the.goTo(page, "Flows");
  await the.writeFilter(page, "source:dns");
  await the.untilRows(page, learned.filter((flow) => flow.netscope.name_source === "dns").length);
  await page.getByRole("row").nth(1).click();
  await page.getByRole("complementary", { name: "Flow" }).getByText("from a DNS answer for this address").waitFor();
  await page.keyboard.press("Escape");
  await the.writeFilter(page, "ja4:t13*");
  await the.untilRows(page, learned.filter((flow) => /^t13/.test((flow.tls ?? flow.quic)?.ja4 ?? "")).length);
});

onPage("filters by regular expressions, and says what is wrong with one", async (page) => {
  const names = truth.flows.map((line) => JSON.parse(line)).map((flow) => flow.tls?.sni ?? flow.quic?.sni ?? flow.http?.hostname ?? "");
  const wanted = names.filter((name) => /^(www|api)\..*(com|org)$/i.test(name)).length;
  assert.ok(wanted > 0 && wanted < names.length);
  await the.openCapture(page);
  await the.goTo(page, "Flows");
  await the.writeFilter(page, "not proto:dns sni:/^(WWW|api)\\..*(com|org)$/");
  await the.untilRows(page, wanted);
  await the.writeFilter(page, "sni:/ads[0-9/");
  await page.getByRole("alert").filter({ hasText: /Unterminated character class/ }).waitFor();
  await the.writeFilter(page, "sni:/(a+)+/");
  await page.getByRole("alert").filter({ hasText: "a group is repeated that repeats" }).waitFor();
});

onPage("tells of a service that another protocol carries", async (page) => {
  const flows = the.native(program, "proxies-and-services.pcap", rulesFile, folder).flows.map((line) => JSON.parse(line));
  await the.openCapture(page, "proxies-and-services.pcap");
  await the.goTo(page, "Flows");
  await the.writeFilter(page, "proto:websocket");
  const carried = flows.filter((flow) => flow.netscope.service === "websocket").length;
  assert.ok(carried > 0);
  await the.untilRows(page, carried);
  await page.getByRole("row").nth(1).click();
  await page.getByRole("complementary", { name: "Flow" }).getByRole("button", { name: "websocket" }).waitFor();
});

onPage("shows packets with their bytes as they stand in the file", async (page) => {
  await the.openCapture(page);
  await the.goTo(page, "Packets");
  await the.untilRows(page, truth.stats.stats.decoder.pkts);
  await page.getByRole("row").filter({ hasText: "query github.com" }).first().click();
  const dump = page.locator(".dump");
  await dump.waitFor();
  const hex = (await dump.textContent()).split("\n").map((line) => line.slice(6, 56).replace(/\s/g, "")).join("");
  const bytes = the.capture("home.pcap").bytes;
  assert.equal(hex, bytes.subarray(294, 294 + hex.length / 2).toString("hex"));
  await page.getByRole("complementary", { name: /^Packet/ }).getByText("no rule matched: the default of the policy holds").waitFor();
  await page.getByRole("complementary", { name: /^Packet/ }).getByRole("button", { name: "192.168.1.20" }).click();
  await page.waitForFunction(() => location.hash.includes("ip%3A192.168.1.20"));
  await page.getByRole("button", { name: "Open its flow" }).click();
  await page.getByRole("complementary", { name: "Flow" }).getByText("github.com").first().waitFor();
});

onPage("marks what is wrong with rules, tries them, applies them, and takes them back", async (page) => {
  await the.openCapture(page);
  await the.writeRules(page, '[[rule]]\nname = "x"\naction = "dropp"\n');
  await page.getByRole("alert").filter({ hasText: /Line 3, column \d+: .*did you mean "drop"/ }).waitFor();
  assert.equal(await page.locator(".editor-lines .is-wrong").textContent(), "3");
  await page.getByRole("textbox", { name: "Rules (TOML)" }).fill(rules);
  await page.getByRole("button", { name: "Try", exact: true }).click();
  const judged = truth.flows.map((line) => JSON.parse(line));
  const blocked = judged.filter((flow) => flow.verdict.action !== "accept").length;
  const count = page.locator(".trial-count");
  await count.first().waitFor();
  assert.equal(digits(await count.nth(0).locator("b").getAttribute("title")), blocked);
  assert.equal(digits(await count.nth(1).locator("b").getAttribute("title")), 0);
  assert.equal(digits(await count.nth(2).locator("b").getAttribute("title")), judged.length - blocked);
  assert.equal(await page.locator(".changed li").count(), blocked);
  await page.getByRole("button", { name: "Apply", exact: true }).click();
  await page.getByRole("button", { name: "Yes, apply" }).click();
  await page.getByText("The rules hold now.").waitFor();
  await page.waitForSelector(".rules");
  assert.match(await page.locator(".rule-list li", { hasText: "no-tiktok" }).locator(".rule-hits").textContent(), /^8 hits/);
  await page.getByRole("status").getByRole("button", { name: "Undo" }).click();
  await page.getByText("The rules before hold again.").waitFor();
  await page.waitForSelector(".rules");
  await the.writeFilter(page, "blocked");
  await the.goTo(page, "Flows");
  await the.untilRows(page, 0);
});

onPage("makes a rule with a form, and from a row, and takes it back", async (page) => {
  await the.openCapture(page);
  await the.goTo(page, "Rules");
  await page.getByRole("button", { name: "New rule" }).click();
  await page.getByLabel("Name").fill("no-x");
  await page.getByLabel("Domains").fill("x.com, *.github.com");
  await page.getByRole("button", { name: "Put into the rules" }).click();
  const editor = page.getByRole("textbox", { name: "Rules (TOML)" });
  assert.match(await editor.inputValue(), /name {3}= "no-x"\naction = "drop"\ndomain = \["x\.com", "\*\.github\.com"\]/);
  await the.goTo(page, "Flows");
  await page.getByRole("grid").focus();
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  await page.keyboard.press("b");
  await page.getByText(/was put first in the draft/).waitFor();
  await the.goTo(page, "Rules");
  assert.match(await editor.inputValue(), /^\[\[rule\]\]\nname {3}= "block-/);
  await page.keyboard.press("u");
  await page.waitForFunction(() => !document.querySelector("textarea").value.includes("block-"));
});

onPage("exports what the program writes", async (page) => {
  await the.openCapture(page);
  await the.applyRules(page, rules);
  await the.goTo(page, "Flows");
  const choose = async (entry) => {
    await page.getByRole("button", { name: "Export" }).click();
    return the.downloaded(page, () => page.getByRole("button", { name: entry }).click());
  };
  const pcap = await choose("Accepted packets as capture");
  assert.equal(pcap.name, "home-filtered.pcap");
  assert.ok(pcap.bytes.equals(truth.out), "the filtered capture is the program's, byte for byte");
  const lines = (await choose("Flows as JSON lines")).bytes.toString().split("\n").filter(Boolean).sort();
  assert.deepEqual(lines, truth.flows);
  const csv = (await choose("Flows as CSV")).bytes.toString().split("\r\n").filter(Boolean);
  assert.equal(csv.length, truth.flows.length + 1);
  const stats = JSON.parse((await choose("Statistics as JSON")).bytes.toString());
  assert.deepEqual(stats.apps, truth.stats.apps);
  assert.equal((await choose("Rules as TOML")).bytes.toString(), rules);
});

onPage("sorts by what one presses, and hides columns", async (page) => {
  await the.openCapture(page);
  await the.goTo(page, "Flows");
  await page.getByRole("columnheader", { name: "Bytes" }).getByRole("button").press("Enter");
  await page.waitForFunction(() => document.querySelector("[aria-sort=descending]")?.textContent.startsWith("Bytes"));
  const largest = Math.max(...truth.stats.timeline.bytes);
  assert.ok(largest > 0);
  await page.waitForFunction(() => document.querySelector("#row-0 [title]") !== null);
  await page.getByRole("button", { name: "Columns" }).click();
  await page.getByLabel("Rule").uncheck();
  await page.getByRole("columnheader", { name: "Rule" }).waitFor({ state: "detached" });
});

onPage("keeps few rows in the page, however many there are", async (page) => {
  const base64 = the.capture("home.pcap").bytes.toString("base64");
  const transfer = await page.evaluateHandle((text) => {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const data = new DataTransfer();
    data.items.add(new File([bytes.subarray(0, 24), ...Array(100).fill(bytes.subarray(24))], "many.pcap"));
    return data;
  }, base64);
  await page.dispatchEvent(".app", "drop", { dataTransfer: transfer });
  await page.waitForSelector(".overview", { timeout: 5 * the.kPatience });
  await the.goTo(page, "Packets");
  await the.untilRows(page, 38_800);
  await page.getByRole("grid").focus();
  await page.keyboard.press("End");
  await page.locator("#row-38799").getByText("38800").waitFor();
  assert.ok(await page.getByRole("row").count() < 100);
});

onPage("answers to keys, and to the reader's wish for less motion", { reducedMotion: "reduce" }, async (page) => {
  await the.openCapture(page);
  for (const [key, name] of [["2", "Flows"], ["3", "Packets"], ["4", "Rules"], ["1", "Overview"]]) {
    await page.keyboard.press(key);
    await page.locator(`.tab[aria-current=page]:has-text("${name}")`).waitFor();
  }
  await page.keyboard.press("t");
  assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), "light");
  await page.keyboard.press("t");
  assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), "dark");
  await page.keyboard.press("?");
  const help = page.getByRole("complementary", { name: "Keys and filter words" });
  await help.waitFor();
  assert.equal(await help.evaluate((node) => getComputedStyle(node).animationName), "none");
  await page.keyboard.press("Escape");
  await help.waitFor({ state: "detached" });
});

for (const [sizeName, size] of Object.entries(the.kSizes)) {
  for (const colorScheme of ["light", "dark"]) {
    onPage(`is clear to everyone and fits: ${sizeName}, ${colorScheme}`, { size, colorScheme, reducedMotion: "reduce" }, async (page) => {
      const look = async (name) => {
        await page.screenshot({ path: path.join(screenshots, `${name}-${sizeName}-${colorScheme}.png`) });
        assert.deepEqual(await the.axeProblems(page), [], name);
        assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${name} is wider than the screen`);
      };
      await look("start");
      await the.openCapture(page);
      await the.applyRules(page, rules);
      await page.getByRole("status").getByRole("button", { name: "Close" }).click();
      await look("rules");
      await page.getByRole("button", { name: "Form" }).click();
      await look("form");
      await the.goTo(page, "Overview");
      await page.waitForSelector(".map svg");
      await look("overview");
      const gaps = await page.locator(".bar-share").evaluateAll((all) => all.map((node) => Math.round(node.closest(".bar").getBoundingClientRect().right - node.getBoundingClientRect().right)));
      assert.ok(gaps.length > 10 && gaps.every((gap) => gap === 0), `shares do not stand at the right: ${gaps}`);
      await page.locator(".map").scrollIntoViewIfNeeded();
      await page.screenshot({ path: path.join(screenshots, `map-${sizeName}-${colorScheme}.png`) });
      await the.goTo(page, "Flows");
      await page.getByRole("row").filter({ hasText: "dropped" }).first().click();
      await page.waitForSelector(".facts");
      await look("flows");
      await the.goTo(page, "Packets");
      await page.getByRole("row").filter({ hasText: "Client Hello" }).first().click();
      await page.waitForSelector(".dump");
      await look("packets");
      await page.keyboard.press("?");
      await page.waitForSelector(".help");
      await look("help");
      await page.keyboard.press("Escape");
      await the.writeFilter(page, "app:");
      await page.waitForSelector(".filter-problem");
      await look("wrong-filter");
    });
  }
}

// The pictures of the README: a capture as a household has it, under rules as a household has them.
const kHouse = `[[rule]]
name     = "bedtime"
action   = "reject"
category = ["games", "social"]
src      = ["192.168.20.0/24"]

[[rule]]
name   = "ads"
action = "drop"
app    = ["Google Ads"]

[[rule]]
name   = "no-tiktok"
action = "drop"
app    = ["TikTok"]
src    = ["192.168.1.31", "192.168.1.32"]

[[rule]]
name   = "trackers"
action = "drop"
domain = ["tracker.example.net", "google-analytics.com"]
`;
const evening = path.join(folder, "evening.pcap");
before(() => execFileSync(makeSample, ["--evening", evening]));

async function openEvening(page) {
  await page.locator("input[type=file]").setInputFiles(evening);
  await page.waitForSelector(".overview");
  await the.applyRules(page, kHouse);
  await page.getByRole("status").getByRole("button", { name: "Close" }).click();
  await the.goTo(page, "Overview");
  await page.waitForSelector(".map svg");
}

for (const colorScheme of ["light", "dark"]) {
  onPage(`makes a picture of an evening: ${colorScheme}`, { colorScheme, reducedMotion: "reduce" }, async (page) => {
    const picture = (name) => page.screenshot({ path: path.join(screenshots, `evening-${name}-${colorScheme}.png`) });
    await openEvening(page);
    const why = page.getByRole("region", { name: "Why blocked" });
    for (const name of ["bedtime", "ads", "no-tiktok", "trackers"]) await why.getByText(name).waitFor();
    await picture("overview");
    await the.goTo(page, "Flows");
    await page.getByRole("row").filter({ hasText: "dropped" }).filter({ hasText: "tls" }).first().click();
    await page.getByRole("complementary", { name: "Flow" }).getByText(/^rule "/).waitFor();
    await picture("flows");
    await the.writeFilter(page, "client:192.168.20.0/24 and not proto:dns");
    await the.goTo(page, "Packets");
    await page.getByRole("row").filter({ hasText: "Client Hello" }).filter({ hasText: "rejected" }).first().click();
    await page.waitForSelector(".dump");
    await picture("packets");
    await the.writeFilter(page, "");
    await the.writeRules(page, kHouse.replace('["TikTok"]', '["TikTok", "Instagram", "YouTube"]'));
    await page.getByRole("button", { name: "Try", exact: true }).click();
    await page.locator(".trial-count").first().waitFor();
    await picture("rules");
  });
}

onPage("makes a picture of an evening: phone", { size: the.kSizes.phone, deviceScaleFactor: 2, reducedMotion: "reduce" }, async (page) => {
  await openEvening(page);
  await page.screenshot({ path: path.join(screenshots, "evening-phone.png") });
  await the.goTo(page, "Flows");
  await page.getByRole("row").filter({ hasText: "www." }).first().waitFor();
  await page.screenshot({ path: path.join(screenshots, "evening-phone-flows.png") });
});
