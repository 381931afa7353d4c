// Which tabs there are room for, and what of them outlives a reload of the page. Pure.
export interface Tabs {
  open: string[];
  front: string | null;
  /** Came by themselves and were not looked at yet. */
  waiting: string[];
}

/** The tabs to close so that `most` are left, the oldest first; never one that `stays` holds, so it may be more. */
export function tooMany(tabs: readonly string[], most: number, stays: (number: string) => boolean): string[] {
  const free = tabs.filter((number) => !stays(number));
  return free.slice(0, Math.max(0, tabs.length - most));
}

/** What was kept, or no tabs when it is not readable. */
export function tabsOf(text: string | null): Tabs {
  try {
    const { open, front, waiting } = JSON.parse(text ?? "") as Tabs;
    const numbers = open.filter((one) => typeof one === "string");
    return {
      open: numbers,
      front: numbers.find((one) => one === front) ?? null,
      waiting: waiting.filter((one) => numbers.includes(one)),
    };
  } catch {
    return { open: [], front: null, waiting: [] };
  }
}
