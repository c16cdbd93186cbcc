import { describe, expect, it } from "vitest";
import * as format from "./format";

const plain = (text: string) => text.replaceAll("\u202f", " ");

describe("numbers", () => {
  it.each([[0, "0"], [7, "7"], [950, "950"], [999, "999"], [1000, "1.0 k"], [12345, "12.3 k"], [123456, "123 k"], [999600, "1.0 M"], [3.4e6, "3.4 M"],
    [0.25, "0.3"]])("%s reads %s", (value, text) => expect(plain(format.count(value))).toBe(text));
  it("writes bytes and bits with their units", () => {
    expect(plain(format.bytes(532))).toBe("532 B");
    expect(plain(format.bytes(1893))).toBe("1.9 kB");
    expect(format.bits(150e6)).toEqual({ digits: "1.2", unit: "Gbit/s" });
  });
  it("keeps small shares from reading as nothing", () => {
    expect(plain(format.percent(1, 100000))).toBe("<0.1 %");
    expect(plain(format.percent(1, 3))).toBe("33 %");
    expect(plain(format.percent(0, 0))).toBe("0 %");
  });
  it("tells the exact number", () => expect(plain(format.exact(1234567))).toBe("1 234 567"));
});

describe("times", () => {
  it.each([[0, "0 s"], [0.00005, "50 µs"], [0.0031, "3.1 ms"], [0.005, "5.0 ms"], [0.065, "65 ms"], [3, "3.0 s"], [75, "1 min 15 s"], [3700, "1 h 1 min"], [90000, "1 d 1 h"]])(
    "%s s reads %s", (value, text) => expect(plain(format.seconds(value))).toBe(text));
  it("reads the core's times", () => expect(format.epoch("2023-11-14T22:13:20.500000+0000")).toBe(1700000000.5));
  it("says how long ago, and never the future", () => {
    expect(plain(format.ago(100, 112.4))).toBe("12 s ago");
    expect(format.ago(200, 100)).toBe("now");
  });
  it("brackets IPv6 before a port", () => {
    expect(format.endpoint("2001:db8::1", 443)).toBe("[2001:db8::1]:443");
    expect(format.endpoint("192.0.2.1", 0)).toBe("192.0.2.1");
  });
});
