// What a person set for this browser: theme, zoom, language. Kept by name, so that the next shift has its own.
import { who } from "./who.ts";

const keyOf = (name: string): string => `intake112.${name}.${who.user}`;

export function preference(name: string): string | null {
  const asked = who.role === "wall" ? new URLSearchParams(location.search).get(name) : null; // nobody sits at a screen to choose
  if (asked) return asked;
  try {
    return localStorage.getItem(keyOf(name));
  } catch {
    return null; // a browser that keeps nothing
  }
}

export function prefer(name: string, value: string): void {
  try {
    localStorage.setItem(keyOf(name), value);
  } catch {
    // it holds until the page is left
  }
}
