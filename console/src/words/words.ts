// All words of the console, in both languages. `id.json` is the first; a key that one of the two lacks fails svelte-check.
// The language is chosen when the page is opened: `words.queue.title`. What people wrote is never translated.
import { prefer, preference } from "../preferences.ts";
import { who } from "../who.ts";
import en from "./en.json" with { type: "json" };
import id from "./id.json" with { type: "json" };

export type Words = typeof id & typeof en;
export type Language = "id" | "en";

const DICTIONARIES: Record<Language, Words> = { id: id satisfies typeof en, en: en satisfies typeof id };
export const LOCALES: Record<Language, string> = { id: "id-ID", en: "en-GB" };

const chosen = preference("language") ?? who.language;
export const language: Language = chosen === "en" ? "en" : "id";
export const words: Words = DICTIONARIES[language];

/** Put values into a sentence: `fill("terima dalam {n} dtk", { n: 7 })`. */
export function fill(sentence: string, values: Record<string, string | number>): string {
  return sentence.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** The word for a code that the server sent; one that is newer than this page is shown as it is. */
export function wordOf(dictionary: Record<string, string>, code: string | null | undefined): string {
  return code ? (dictionary[code] ?? code) : "–";
}

/** Of a name in both languages, ours. */
export const named = (name: { id: string; en: string }): string => name[language];

/** Take another language: the page is opened anew, and what was being typed is in the journal. */
export function speak(another: Language): void {
  prefer("language", another);
  location.reload();
}
