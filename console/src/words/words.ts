// All words of the console, in both languages. `id.json` is the first; a key that one of the two lacks fails svelte-check.
// The language is chosen when the page is opened, and only its words are loaded: `words.queue.title`. What people wrote is
// never translated.
import { prefer, preference } from "../preferences.ts";
import { who } from "../who.ts";
import type en from "./en.json";
import type id from "./id.json";

export type Words = typeof id & typeof en;
export type Language = "id" | "en";

export const LOCALES: Record<Language, string> = { id: "id-ID", en: "en-GB" };

const chosen = preference("language") ?? who.language;
export const language: Language = chosen === "en" ? "en" : "id";
export const words: Words = await spokenIn<Words>(language, {
  id: async () => (await import("./id.json", { with: { type: "json" } })).default satisfies typeof en,
  en: async () => (await import("./en.json", { with: { type: "json" } })).default satisfies typeof id,
});

/** Load the words of one language. The compiler compares the two. */
export function spokenIn<T>(language: Language, dictionaries: Record<Language, () => Promise<T>>): Promise<T> {
  return dictionaries[language]();
}

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
