import assert from "node:assert/strict";
import { test } from "node:test";
import { comboOf, Keys, type Pressed } from "./keys.ts";

const press = (key: string, code: string, held: Partial<Pressed> = {}): Pressed => ({
  key, code, ctrlKey: false, altKey: false, shiftKey: false, metaKey: false, ...held,
});

test("keys are written as people say them, whatever Alt makes of a letter", () => {
  assert.equal(comboOf(press("Enter", "Enter", { ctrlKey: true })), "Ctrl+Enter");
  assert.equal(comboOf(press("©", "KeyG", { altKey: true })), "Alt+G");
  assert.equal(comboOf(press("3", "Numpad3", { altKey: true })), "Alt+3");
  assert.equal(comboOf(press("F8", "F8")), "F8");
  assert.equal(comboOf(press("?", "Slash", { ctrlKey: true, shiftKey: true })), "Ctrl+?");
});

test("whoever came last is asked first, and the one before is back afterwards", () => {
  const keys = new Keys();
  const done: string[] = [];
  keys.on("Escape", "page", () => done.push("page"));
  const off = keys.on("Escape", "panel", () => done.push("panel"));
  assert.equal(keys.press(press("Escape", "Escape")), true);
  off();
  keys.press(press("Escape", "Escape"));
  assert.deepEqual(done, ["panel", "page"]);
  assert.deepEqual(keys.list.map((key) => key.name), ["page"]);
});

test("what is for nothing is left to the browser", () => {
  assert.equal(new Keys().press(press("a", "KeyA")), false);
});

test("a key that is held does its deed once: it is no second press, and the browser gets none of it", () => {
  const keys = new Keys();
  let done = 0;
  keys.on("F9", "hang up", () => done++);
  assert.deepEqual([false, true, true].map((repeat) => keys.press({ ...press("F9", "F9"), repeat })), [true, true, true]);
  assert.equal(done, 1);
});

test("what must not wait for the focus is asked before it, whoever came later", () => {
  const keys = new Keys();
  const done: string[] = [];
  const off = keys.on("Escape", "keep the caller", () => done.push("keep"), true);
  keys.on("Escape", "close the line", () => done.push("close"));
  assert.equal(keys.press(press("Escape", "Escape"), true), true);
  off();
  assert.equal(keys.press(press("Escape", "Escape"), true), false);
  keys.press(press("Escape", "Escape"));
  assert.deepEqual(done, ["keep", "close"]);
});
