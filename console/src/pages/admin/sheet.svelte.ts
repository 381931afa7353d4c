// One form: what is there, what a person has written into it, and what somebody else made of it meanwhile. It stays as it is
// when its person looks at another one, so nothing that is typed is lost by looking.
import { SvelteMap } from "svelte/reactivity";
import { Refusal, Unreachable } from "../../api/client.ts";
import { sentenceOf } from "../../api/sentences.ts";
import { clock } from "../../clock.svelte.ts";
import { admin } from "../../words/admin.ts";
import { differing, merge, same, type Values } from "./merge.ts";

/** What the server has: the values, and the version they are of where the server counts any. */
export interface Seen {
  values: Values;
  version?: number;
}

export interface Source {
  /** Read it anew. Throws what `ask` throws. */
  read: () => Promise<Seen>;
  /** Save what is written; `changed` are the names that differ from what was read. Throws what `ask` throws. */
  write: (values: Values, changed: string[], version: number) => Promise<unknown>;
}

const STALE = new Set(["stale", "stale_rules", "stale_places", "rules_changed"]);
const isStale = (error: unknown): boolean => error instanceof Refusal && (error.status === 412 || STALE.has(error.code));

/** What to tell of an error where nothing is tried again by itself. */
export function whyNot(error: unknown): string {
  return error instanceof Unreachable ? admin.form.unreachable : sentenceOf(error);
}

export class Sheet {
  /** What the form shows. */
  mine = $state.raw<Values>({});
  /** What somebody else wrote into fields that were changed here, too. */
  theirs = $state.raw<Values>({});
  /** Why it is not saved, in a sentence. */
  why = $state("");
  savedAt = $state<number | null>(null);
  saving = $state(false);
  ready = $state(false);
  private base = $state.raw<Values>({});
  private version: number | undefined;
  /** How it is read and saved: of whoever shows it now. */
  source: Source;

  constructor(source: Source) {
    this.source = source;
  }

  get changed(): string[] {
    return differing(this.base, this.mine);
  }

  get conflicts(): string[] {
    return Object.keys(this.theirs);
  }

  set(name: string, value: unknown): void {
    this.mine = { ...this.mine, [name]: value };
    this.savedAt = null;
  }

  /** Read it, and put what others changed beside what is written here. Never throws. */
  async look(): Promise<void> {
    try {
      this.heard(await this.source.read());
    } catch (error) {
      this.why = whyNot(error);
    }
  }

  /** Write something into it beforehand, over what is there. */
  fill(values: Values): void {
    this.mine = { ...this.mine, ...values };
  }

  /** Of a conflict: what others wrote is taken, or mine is to replace it. */
  choose(name: string, whose: "mine" | "theirs"): void {
    if (whose === "theirs") this.mine = { ...this.mine, [name]: this.theirs[name] };
    const { [name]: _, ...rest } = this.theirs;
    this.theirs = rest;
    if (this.conflicts.length === 0) this.why = "";
  }

  /** Back to what is there. */
  undo(): void {
    this.mine = this.base;
    this.theirs = {};
    this.why = "";
  }

  /** Save it; true when it is saved. */
  async save(): Promise<boolean> {
    if (this.saving || !this.ready) return false;
    this.saving = true;
    this.savedAt = null;
    try {
      if (this.version === undefined) this.heard(await this.source.read()); // no version to compare: look before
      if (this.conflicts.length > 0) {
        this.why = admin.form.choose;
        return false;
      }
      await this.source.write(this.mine, this.changed, this.version ?? 0);
      this.base = this.mine;
      this.why = "";
      await this.look();
      this.savedAt = clock.now;
      return true;
    } catch (error) {
      this.why = whyNot(error);
      if (isStale(error)) {
        await this.look();
        this.why = this.conflicts.length > 0 ? admin.form.choose : admin.form.merged;
      }
      return false;
    } finally {
      this.saving = false;
    }
  }

  private heard(seen: Seen): void {
    const found = this.ready ? merge(this.base, this.mine, seen.values) : { mine: seen.values, conflicts: {} };
    const open = this.conflicts.filter((name) => !same(found.mine[name], seen.values[name])); // nobody has chosen yet
    this.mine = found.mine;
    this.theirs = { ...Object.fromEntries(open.map((name) => [name, seen.values[name]])), ...found.conflicts };
    this.base = seen.values;
    this.version = seen.version;
    this.ready = true;
  }
}

/** The forms of this page, by section and key: opened once, kept until the page is left. */
class Sheets {
  private readonly known = new SvelteMap<string, Sheet>();

  of(name: string, source: () => Source): Sheet {
    const found = this.known.get(name);
    if (found) {
      found.source = source();
      return found;
    }
    const made = new Sheet(source());
    this.known.set(name, made);
    return made;
  }

  /** Whether something is written there that is not saved. */
  unsaved(name: string): boolean {
    return (this.known.get(name)?.changed.length ?? 0) > 0;
  }

  forget(name: string): void {
    this.known.delete(name);
  }

  get pending(): boolean {
    return [...this.known.values()].some((one) => one.changed.length > 0);
  }
}

export const sheets = new Sheets();
