import assert from "node:assert/strict";
import { test } from "node:test";
import adminEn from "./admin.en.json" with { type: "json" };
import adminId from "./admin.id.json" with { type: "json" };
import en from "./en.json" with { type: "json" };
import id from "./id.json" with { type: "json" };
import { fill, wordOf } from "./words.ts";

type Tree = { [key: string]: string | Tree };

function* leaves(tree: Tree, path = ""): Generator<[string, string]> {
  for (const [key, value] of Object.entries(tree)) {
    if (typeof value === "string") yield [`${path}${key}`, value];
    else yield* leaves(value, `${path}${key}.`);
  }
}

const blanks = (sentence: string): string[] => [...sentence.matchAll(/\{\w+\}/g)].map(String).sort();

test("both languages have the same sentences with the same blanks", () => {
  for (const [one, other] of [[en, id], [adminEn, adminId]] as const) {
    const english = new Map(leaves(one));
    const indonesian = new Map(leaves(other));
    assert.deepEqual([...english.keys()].sort(), [...indonesian.keys()].sort());
    for (const [key, sentence] of indonesian) assert.deepEqual(blanks(english.get(key) ?? ""), blanks(sentence), key);
  }
});

test("a blank is filled, and one that nobody fills stays visible", () => {
  assert.equal(fill("terima dalam {time}", { time: "7 dtk" }), "terima dalam 7 dtk");
  assert.equal(fill("{a} {b}", { a: 1 }), "1 {b}");
});

test("a code that is newer than the page is shown as it is", () => {
  assert.equal(wordOf(id.statuses, "open"), "○ baru");
  assert.equal(wordOf(id.statuses, "parked"), "parked");
});
