// What was typed here and the server does not have, by report. Pure: the stores say what each of them holds.
export interface Unsaved {
  report: string;
  /** The field by its name on the wire; `entry`: a note; `guide`: an answer to a question; `scrap`: what goes out with a press. */
  leaf: string;
  /** `half`: written and not sent; `sent`: on its way, or tried again; then what needs a person. */
  state: "half" | "sent" | "conflict" | "refused";
}

export interface OfReport {
  report: string;
  items: Unsaved[];
  /** Something of it does not go by itself. */
  needs: boolean;
}

/** One line for each report, those that need a person first. */
export function byReport(all: readonly Unsaved[]): OfReport[] {
  const groups = new Map<string, Unsaved[]>();
  for (const one of all) groups.set(one.report, [...(groups.get(one.report) ?? []), one]);
  return [...groups]
    .map(([report, items]) => ({ report, items, needs: items.some(({ state }) => state !== "sent") }))
    .sort((a, b) => Number(b.needs) - Number(a.needs) || a.report.localeCompare(b.report));
}
