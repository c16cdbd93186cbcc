// Rules as text: where each [[rule]] stands, what a form can show of it, and how a form writes it. Only what is simple
// is read (one key a line, strings and lists of strings on one line); the core alone says what is right.

export interface RuleBlock {
  name: string;
  action: string;
  fields: Record<string, string[]>;
  simple: boolean; // the form can show all of it
  begin: number; // characters of the text, from [[rule]] to before the next table
  end: number;
  line: number; // of [[rule]], from 1
}

export const kFormFields = ["app", "category", "domain", "ip", "src", "dst", "port"] as const;

const kTable = /^[ \t]*\[/gm;
const kKeyLine = /^\s*([A-Za-z_-]+)\s*=\s*(.+?)\s*$/;

/** "text", a number, or a list of them; null: something else. */
function readValues(text: string): string[] | null {
  const bare = text.replace(/\s+#[^"']*$/, "");
  const inner = /^\[(.*)\]$/.exec(bare)?.[1] ?? bare;
  const values: string[] = [];
  const item = /\s*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|(\d+))\s*(,|$)/y;
  while (item.lastIndex < inner.length) {
    const found = item.exec(inner);
    if (found === null) return null;
    values.push(found[1]?.replace(/\\(["\\])/g, "$1") ?? found[2] ?? found[3]!);
    if (found[4] === "") break;
  }
  return values;
}

function readBlock(text: string, begin: number, end: number): RuleBlock {
  const block: RuleBlock = { name: "", action: "", fields: {}, simple: true, begin, end, line: text.slice(0, begin).split("\n").length };
  for (const line of text.slice(begin, end).split("\n").slice(1)) {
    if (/^\s*(#.*)?$/.test(line)) continue;
    const [, key = "", written = ""] = kKeyLine.exec(line) ?? [];
    const values = key === "" ? null : readValues(written);
    if (values === null) block.simple = false;
    else if (key === "name") block.name = values[0] ?? "";
    else if (key === "action") block.action = values[0] ?? "";
    else if ((kFormFields as readonly string[]).includes(key)) block.fields[key] = values;
    else block.simple = false;
  }
  return block;
}

export function ruleBlocks(text: string): RuleBlock[] {
  const starts = [...text.matchAll(kTable)].map((match) => match.index);
  return starts.flatMap((begin, i) =>
    /^[ \t]*\[\[\s*rule\s*\]\]/.test(text.slice(begin)) ? [readBlock(text, begin, starts[i + 1] ?? text.length)] : []);
}

const quoted = (text: string) => `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;

export function writeRule(rule: Pick<RuleBlock, "name" | "action" | "fields">): string {
  const lines = ["[[rule]]", `name   = ${quoted(rule.name)}`, `action = ${quoted(rule.action)}`];
  for (const key of kFormFields) {
    const values = rule.fields[key] ?? [];
    if (values.length === 0) continue;
    const items = values.map((value) => (key === "port" && /^\d+$/.test(value) ? value : quoted(value)));
    lines.push(`${key.padEnd(6)} = [${items.join(", ")}]`);
  }
  return lines.join("\n") + "\n";
}

/** Replaces a rule, keeping the blank lines behind it; null: at the end. */
export function putRule(text: string, block: RuleBlock | null, written: string): string {
  if (block === null) return text.trimEnd() + (text.trim() === "" ? "" : "\n\n") + written;
  const gap = /\n\s*$/.exec(text.slice(block.begin, block.end))?.[0].replace(/^\n/, "") ?? "";
  return text.slice(0, block.begin) + written + gap + text.slice(block.end);
}

/** Puts a rule before all others, so that it wins. */
export function putRuleFirst(text: string, written: string): string {
  const first = ruleBlocks(text)[0];
  return first === undefined ? putRule(text, null, written) : `${text.slice(0, first.begin)}${written}\n${text.slice(first.begin)}`;
}

export function removeRule(text: string, block: RuleBlock): string {
  return text.slice(0, block.begin) + text.slice(block.end);
}

/** A name that no rule has. */
export function freeName(text: string, wanted: string): string {
  const taken = new Set(ruleBlocks(text).map((block) => block.name));
  const base = wanted.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "") || "rule";
  let name = base;
  for (let i = 2; taken.has(name); ++i) name = `${base}-${i}`;
  return name;
}
