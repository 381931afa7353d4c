// F6 goes from one part of the page to the next, Shift+F6 back; each part is marked with `data-pane`.
import { keys } from "../../keys.ts";
import { words } from "../../words/words.ts";

const PRESSABLE = "button:not(:disabled), input:not(:disabled), select, textarea, a[href]";

function go(by: 1 | -1): void {
  const parts = [...document.querySelectorAll<HTMLElement>("[data-pane]")];
  const here = parts.findIndex((part) => part.contains(document.activeElement));
  const next = parts[(here + by + parts.length) % parts.length];
  next?.querySelector<HTMLElement>(PRESSABLE)?.focus();
}

/** Answer to the keys while the page is shown; returns what ends that. */
export function panes(): () => void {
  const ends = [keys.on("F6", words.keys.pane, () => go(1)), keys.on("Shift+F6", words.keys.pane, () => go(-1))];
  return () => ends.forEach((end) => end());
}
