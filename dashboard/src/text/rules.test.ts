import { describe, expect, it } from "vitest";
import { freeName, putRule, putRuleFirst, removeRule, ruleBlocks, writeRule } from "./rules";

const kText = `[policy]
default = "accept"

[[rule]]
name   = "ads"      # a comment
action = "drop"
domain = ["a.example", "*.b.example", "/^x\\\\./"]

[[rule]]
name = 'child'
action = "reject"
schedule = { days = ["mon-fri"] }

[[list]]
name = "ads"
`;

describe("rules as text", () => {
  it("finds each rule, and what a form can show of it", () => {
    const [ads, child, ...more] = ruleBlocks(kText);
    expect(more).toEqual([]);
    expect(ads).toMatchObject({ name: "ads", action: "drop", simple: true, line: 4, fields: { domain: ["a.example", "*.b.example", "/^x\\./"] } });
    expect(child).toMatchObject({ name: "child", action: "reject", simple: false });
  });
  it("writes a rule as it reads it", () => {
    const rule = { name: "q\"uote", action: "drop", fields: { app: ["YouTube"], port: ["443", "8000-8100"], domain: ["/a\\.b/"] } };
    expect(ruleBlocks(writeRule(rule))[0]).toMatchObject({ ...rule, simple: true });
  });
  it("replaces one rule and leaves the rest as it stands", () => {
    const block = ruleBlocks(kText)[0]!;
    const written = writeRule({ name: "ads", action: "accept", fields: { domain: ["c.example"] } });
    const text = putRule(kText, block, written);
    expect(text.replace(written, "")).toBe(kText.replace(kText.slice(block.begin, block.end).trimEnd() + "\n", ""));
    expect(ruleBlocks(text).map((rule) => rule.action)).toEqual(["accept", "reject"]);
  });
  it("puts a rule first, last and nowhere", () => {
    const written = writeRule({ name: "new", action: "drop", fields: { app: ["X"] } });
    expect(ruleBlocks(putRuleFirst(kText, written)).map((rule) => rule.name)).toEqual(["new", "ads", "child"]);
    expect(ruleBlocks(putRule("", null, written)).map((rule) => rule.name)).toEqual(["new"]);
    expect(ruleBlocks(removeRule(kText, ruleBlocks(kText)[0]!)).map((rule) => rule.name)).toEqual(["child"]);
  });
  it("finds a name that no rule has", () => {
    expect(freeName(kText, "block www.x.com")).toBe("block-www-x-com");
    expect(freeName(kText, "ads")).toBe("ads-2");
  });
});
