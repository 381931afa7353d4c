// What the fields of a report are called on the screen, by their names on the wire.
import { wordOf, words } from "../words/words.ts";

const LABELS: Record<string, string> = {
  "location.text": words.report.location,
  "location.place": words.report.location,
  kind: words.report.kind,
  priority: words.report.priority,
  class: words.report.class,
  narrative: words.report.narrative,
  "caller.number": words.report.callerNumber,
  "caller.name": words.report.callerName,
  entry: words.entries.title,
  scrap: words.unsaved.scrap,
};

export const labelOf = (leaf: string): string => wordOf(leaf.startsWith("flags.") ? words.flags : LABELS, leaf.replace(/^flags\./, ""));
