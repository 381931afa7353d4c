// How a try ended, in words: an outcome of the server (`status_503`, `dns_nxdomain`, `tls_expired`, `refused`, …) is looked up as
// it is, then by its beginning.

export function outcomeIn(dictionary: Readonly<Record<string, string>>, outcome: string): string {
  const beginning = outcome.split("_")[0] ?? "";
  const found = dictionary[outcome] ?? dictionary[`${beginning}_`];
  return found === undefined ? outcome : found.replace("{n}", outcome.slice(beginning.length + 1));
}

/** Who may still be reached by trying again: what is dead is sent again from its report. */
export const mayGoAgain = (state: string): boolean => state === "pending";
