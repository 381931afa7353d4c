// The command line (Ctrl+K), pure: a text becomes what it would do, which is shown before Enter does it.
//
//     k kebakaran   l bluto pakandangan   p1   d damkar   n dua korban   buka 0007

export interface Choice {
  code: string;
  name: string;
}

export interface Known {
  kinds: readonly Choice[];
  agencies: readonly Choice[];
  /** Numbers of reports, the newest first. */
  reports: readonly string[];
}

export type Command =
  | { does: "kind" | "dispatch"; choice: Choice }
  | { does: "location" | "note"; text: string }
  | { does: "priority"; priority: "P1" | "P2" | "P3" }
  | { does: "open"; number: string }
  | { does: "find"; text: string }; // a report that is not known here: the server is asked

/** Why nothing would be done. `empty`: nothing is written yet; `several`: it fits more than one. */
export type Unclear =
  | { why: "empty" | "needsText" }
  | { why: "unknown" | "nothing"; text: string }
  | { why: "several"; names: string[] };

export const isCommand = (read: Command | Unclear): read is Command => "does" in read;

export function read(line: string, known: Known): Command | Unclear {
  const text = line.trim();
  const [, word = "", rest = ""] = /^(\S*)\s*([\s\S]*)$/.exec(text) ?? [];
  const verb = word.toLowerCase();
  if (!verb) return { why: "empty" };
  const priority = /^p([123])$/.exec(verb)?.[1];
  if (priority && !rest) return { does: "priority", priority: `P${priority}` as "P1" | "P2" | "P3" };
  if (!["k", "l", "d", "n", "buka", "open"].includes(verb)) return { why: "unknown", text };
  if (!rest) return { why: "needsText" };
  switch (verb) {
    case "k":
      return chosen("kind", known.kinds, rest);
    case "d":
      return chosen("dispatch", known.agencies, rest);
    case "l":
      return { does: "location", text: rest };
    case "n":
      return { does: "note", text: rest };
    default:
      return opened(known.reports, rest);
  }
}

function chosen(does: "kind" | "dispatch", choices: readonly Choice[], text: string): Command | Unclear {
  const asked = plain(text);
  const whole = choices.find((one) => plain(one.code) === asked || plain(one.name) === asked);
  if (whole) return { does, choice: whole };
  const fit = choices.filter((one) => plain(one.code).startsWith(asked) || plain(one.name).split(" ").some((word) => word.startsWith(asked)));
  const [only] = fit;
  if (!only) return { why: "nothing", text };
  return fit.length === 1 ? { does, choice: only } : { why: "several", names: fit.map((one) => one.name) };
}

function opened(numbers: readonly string[], text: string): Command {
  const number = endingIn(numbers, text);
  return number ? { does: "open", number } : { does: "find", text: endOf(text) };
}

/** The newest report whose number ends so, never in the middle of another's: `7`, `0007`, `20261126-0007`, or the whole. */
export function endingIn(numbers: readonly string[], text: string): string | undefined {
  const end = endOf(text);
  return numbers.find((one) => one === end || one.endsWith(`-${end}`));
}

function endOf(text: string): string {
  const asked = text.trim();
  return /^\d{1,4}$/.test(asked) ? asked.padStart(4, "0") : asked;
}

const plain = (text: string): string => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().trim().replace(/\s+/g, " ");
