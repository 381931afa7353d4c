import assert from "node:assert/strict";
import { test } from "node:test";
import { Journal, type Shelf } from "./journal.ts";

class Memory implements Shelf {
  readonly items = new Map<string, string>();
  full = false;
  get length(): number {
    return this.items.size;
  }
  key(index: number): string | null {
    return [...this.items.keys()][index] ?? null;
  }
  getItem(key: string): string | null {
    return this.items.get(key) ?? null;
  }
  setItem(key: string, value: string): void {
    if (this.full) throw new Error("QuotaExceededError");
    this.items.set(key, value);
  }
  removeItem(key: string): void {
    this.items.delete(key);
  }
}

const REPORT = "112-20261126-0001";
const typed = (value: string, leaf = "narrative", at = 1) => ({ report: REPORT, leaf, value, version: 3, at });

test("what was typed is there after a reload, the oldest first, until it is confirmed", () => {
  const shelf = new Memory();
  const before = new Journal(shelf, "siti", "tab-1");
  before.keep(typed("rumah", "narrative", 2));
  before.keep(typed("rumah terbakar", "narrative", 3));
  before.keep(typed("dekat pasar", "location.text", 1));
  const after = new Journal(shelf, "siti", "tab-2");
  assert.deepEqual(after.takeBack(new Set(["tab-2"])).map((kept) => kept.value), ["dekat pasar", "rumah terbakar"]);
  after.forget(REPORT, "narrative");
  assert.deepEqual(after.takeBack(new Set(["tab-2"])).map((kept) => kept.value), ["dekat pasar"]);
});

test("what another tab is typing, and what another person left, is not taken", () => {
  const shelf = new Memory();
  new Journal(shelf, "siti", "tab-1").keep(typed("dari tab lain"));
  new Journal(shelf, "budi", "tab-0").keep(typed("milik orang lain"));
  assert.deepEqual(new Journal(shelf, "siti", "tab-2").takeBack(new Set(["tab-1", "tab-2"])), []);
});

test("a browser that keeps nothing says so, and half a record is passed over", () => {
  const shelf = new Memory();
  shelf.items.set(`intake112.journal.siti.${REPORT}.kind`, "{");
  const journal = new Journal(shelf, "siti", "tab-1");
  assert.deepEqual(journal.takeBack(new Set()), []);
  const told: boolean[] = [];
  journal.told = (kept) => told.push(kept);
  shelf.full = true;
  assert.equal(journal.keep(typed("x", "entry")), false);
  shelf.full = false;
  assert.equal(journal.keep(typed("x")), true);
  assert.deepEqual(told, [false, true]);
});
