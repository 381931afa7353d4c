import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const css = readFileSync(new URL("./tokens.css", import.meta.url), "utf8");
const [night = "", day = ""] = css.split(':root[data-theme="day"]');

function colours(block: string): Map<string, string> {
  return new Map([...block.matchAll(/--([\w-]+):\s*(#[0-9a-f]{6})/g)].map(([, name = "", value = ""]) => [name, value]));
}

function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const part = parseInt(hex.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [dark = 0, light = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (light + 0.05) / (dark + 0.05);
}

for (const [theme, block] of [["night", night], ["day", day]] as const) {
  test(`by ${theme} every text can be read on every ground, and every edge be seen`, () => {
    const of = colours(block);
    const low: string[] = [];
    const check = (front: string, back: string, least: number): void => {
      const is = contrast(of.get(front) ?? "#000000", of.get(back) ?? "#000000");
      if (is < least) low.push(`${front} on ${back}: ${is.toFixed(2)} < ${least}`);
    };
    for (const back of ["bg", "raised", "sunken"]) {
      for (const front of ["text", "quiet", "p1", "p2", "p3", "ok"]) check(front, back, 6.2);
      for (const front of ["edge", "focus"]) check(front, back, 3);
    }
    check("text", "p1-bg", 6.2);
    check("text", "p2-bg", 6.2);
    check("p1", "p1-bg", 6.2);
    check("p2", "p2-bg", 6.2);
    assert.deepEqual(low, []);
  });
}
