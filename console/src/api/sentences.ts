// What to tell a person about an error: our own words where we have them for its code, else the server's sentence.
import { words, wordOf } from "../words/words.ts";
import { Refusal, Unreachable } from "./client.ts";
import { stepRefused, valueRefused } from "./refused.ts";

export function sentenceOf(error: unknown): string {
  if (error instanceof Unreachable) return words.errors.unreachable;
  if (error instanceof Refusal) {
    if (error.code === "illegal_step") return stepRefused(error.problem) ?? error.message;
    if (error.code === "invalid") return valueRefused(error.problem) ?? error.message;
    const known = wordOf(words.errors, error.code);
    return known === error.code ? error.message : known;
  }
  return error instanceof Error ? error.message : String(error);
}
