// What is wrong with the machines, whatever has failed: /readyz is asked every few seconds, for it answers without a
// database too. The live events alone cannot tell of a service that died, or of a database that saves nothing.
import type { ServiceAlarm } from "../api/schema.ts";
import { catalogue } from "../catalogue.svelte.ts";
import { dayOf, spell } from "../clock.svelte.ts";
import { who } from "../who.ts";
import { fill, wordOf, words } from "../words/words.ts";
import { hasNoBridge, SILENT, toldBy } from "./ready.ts";

const ASK_EVERY_MS = 5_000;
const ANSWER_WITHIN_MS = 12_000;
const BLIND = new Set(["server", "database", "schema", "bridge"]); // without one of them nobody knows who is on the line
const ROUTING = "routing"; // any number of processes, one thing
const UNKNOWN = new Set(["server", "database", "schema"]);

export interface Line {
  bad: boolean;
  text: string;
}

class Health {
  lines = $state.raw<Line[]>([]);
  /** Nobody knows who is on the line: the queue that is shown may be wrong. */
  blind = $state(false);
  /** Nobody knows how the services are. */
  unknown = $state(false);
  /** What this installation goes without, by code (`words.lacks`). */
  lacks = $state.raw<string[]>([]);
  /** The server's version, where this page is of another one. */
  newer = $state<string | null>(null);
  private before = "";
  private changed: () => void = () => undefined;

  /** Ask for ever. `changed` is called when something else is wrong than before. */
  start(changed: () => void): void {
    this.changed = changed;
    void this.ask();
  }

  private async ask(): Promise<void> {
    let said = SILENT;
    try {
      const answer = await fetch("/readyz", { cache: "no-store", signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
      said = toldBy(await answer.json());
    } catch {
      // it does not answer
    }
    setTimeout(() => void this.ask(), ASK_EVERY_MS);
    const failed = said.checks.filter((check) => !check.ok);
    const names = failed.map((check) => check.name.split(":")[0] ?? "");
    const noBridge = hasNoBridge(said);
    this.blind = noBridge || names.some((name) => BLIND.has(name));
    this.unknown = names.some((name) => UNKNOWN.has(name));
    if (said !== SILENT) {
      this.lacks = said.lacks;
      this.newer = said.version && said.version !== who.version ? said.version : null;
    }
    const lines = once([
      ...(noBridge ? [{ bad: true, text: words.lacks.bridge }] : []),
      ...failed.map((check) => lineOf(true, words.down, check.name, check.name, check.message)),
      ...said.alarms.map((alarm) => lineOf(false, words.alarms, alarm.code, alarm.service, alarm.message, alarm.values)),
    ]);
    const text = JSON.stringify(lines);
    if (text === this.before) return; // what is read aloud is not read again
    this.before = text;
    this.lines = lines;
    this.changed();
  }
}

/** Our own sentence for a code, or the server's where this page is older than the code. */
export function lineOf(
  bad: boolean,
  dictionary: Record<string, string>,
  code: string,
  service: string,
  sentence: string,
  values: ServiceAlarm["values"] = {},
): Line {
  const [name = "", where] = service.split(":");
  const key = code.split(":")[0] ?? "";
  const known = wordOf(dictionary, key);
  const spelled = spelt(values);
  if (typeof spelled["agency"] === "string") spelled["agency"] = catalogue.agencyName(spelled["agency"]);
  const text = known === key ? `${sentence} ${name}` : fill(known, { phone: words.down.phone, ...spelled });
  return { bad, text: where && name !== ROUTING ? `${text} (${where})` : text };
}

/** Several processes that do the same say the same. */
function once(lines: Line[]): Line[] {
  return [...new Map(lines.map((line) => [line.text, line])).values()];
}

/** An alarm's values as they are read: times (`…_at`) in the centre's zone, seconds (`…_s`) as a span. */
function spelt(values: ServiceAlarm["values"]): Record<string, string | number> {
  const one = (name: string, value: string | number): string | number => {
    if (name.endsWith("_at")) return dayOf(value);
    return name.endsWith("_s") ? spell(Math.round(Number(value)), words.frame.seconds) : value;
  };
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, one(name, value)]));
}

export const health = new Health();
