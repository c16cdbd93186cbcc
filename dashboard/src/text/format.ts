// Numbers and times as people read them; the exact value belongs in a title.

const kThin = "\u202f";
const kUnits = ["", "k", "M", "G", "T", "P"];

/** Three digits and a unit: 950, 1.2 k, 3.4 M. */
function scaled(value: number): { digits: string; unit: string } {
  let unit = 0;
  while (Math.abs(value) >= 999.5 && unit < kUnits.length - 1) {
    value /= 1000;
    ++unit;
  }
  const digits = unit === 0 && Number.isInteger(value) ? String(value)
    : Math.abs(value) >= 99.5 ? value.toFixed(0)
    : Math.abs(value) >= 9.95 && unit === 0 ? value.toFixed(0)
    : value.toFixed(1);
  return { digits, unit: kUnits[unit]! };
}

export function count(value: number): string {
  const { digits, unit } = scaled(value);
  return unit === "" ? digits : digits + kThin + unit;
}
export function bytes(value: number): string {
  const { digits, unit } = scaled(value);
  return `${digits}${kThin}${unit}B`;
}
export function bits(bytesPerSecond: number): { digits: string; unit: string } {
  const { digits, unit } = scaled(bytesPerSecond * 8);
  return { digits, unit: `${unit}bit/s` };
}
export function percent(part: number, whole: number): string {
  if (whole === 0) return `0${kThin}%`;
  const share = (100 * part) / whole;
  return `${share > 0 && share < 0.1 ? "<0.1" : share.toFixed(share < 9.95 && share > 0 ? 1 : 0)}${kThin}%`;
}
export function exact(value: number): string {
  return Math.round(value).toLocaleString("en-GB").replaceAll(",", kThin);
}

export function seconds(value: number): string {
  if (value < 0.001) return value === 0 ? `0${kThin}s` : `${(value * 1e6).toFixed(0)}${kThin}µs`;
  if (value < 1) return `${(value * 1000).toFixed(value < 0.01 ? 1 : 0)}${kThin}ms`;
  if (value < 60) return `${value.toFixed(value < 10 ? 1 : 0)}${kThin}s`;
  if (value < 3600) return `${Math.floor(value / 60)}${kThin}min ${Math.floor(value % 60)}${kThin}s`;
  if (value < 86400) return `${Math.floor(value / 3600)}${kThin}h ${Math.floor((value % 3600) / 60)}${kThin}min`;
  return `${Math.floor(value / 86400)}${kThin}d ${Math.floor((value % 86400) / 3600)}${kThin}h`;
}

/** 2023-11-14T22:13:20.046000+0000, as the core writes it, in seconds since 1970. */
export function epoch(time: string): number {
  return Date.parse(time.replace(/([+-]\d\d)(\d\d)$/, "$1:$2")) / 1000;
}

export function ago(then: number, now: number): string {
  const age = Math.max(0, now - then);
  if (age < 1) return "now";
  return age < 60 ? `${Math.floor(age)}${kThin}s ago` : `${seconds(Math.floor(age))} ago`;
}

const two = (value: number) => String(value).padStart(2, "0");

export function clock(epochSeconds: number, withDate = false): string {
  const at = new Date(epochSeconds * 1000);
  const time = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  return withDate ? `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${time}` : time;
}

/** What a <input type="datetime-local" step="1"> holds. */
export function inputTime(epochSeconds: number): string {
  return clock(epochSeconds, true).replace(" ", "T");
}

export function endpoint(address: string, port: number): string {
  if (port === 0) return address;
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}
