// What a section shows does not grow old: it is read when the section opens, every 10 s, and when a live event tells of it.
import { live } from "../../live/live.svelte.ts";

const EVERY_MS = 10_000;

/** What was read, or the same object as before where nothing is new: a list that is replaced makes its open form be read anew. */
export const unlessSame = <T>(before: T, now: T): T => (JSON.stringify(before) === JSON.stringify(now) ? before : now);

/** Read for as long as the component lives. */
export function keepFresh(read: () => Promise<void>, ...tells: Parameters<typeof live.on>[0][]): void {
  void read();
  $effect(() => {
    const timer = setInterval(() => void read(), EVERY_MS);
    const ends = tells.map((kind) => live.on(kind, () => void read()));
    return () => {
      clearInterval(timer);
      ends.forEach((end) => end());
    };
  });
}
