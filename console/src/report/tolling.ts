// When something sounds that somebody must look at: at once, and every 15 s until they have.
export const EVERY_MS = 15_000;

export class Tolling {
  private readonly sounded = new Set<string>();
  private readonly seen = new Set<string>();
  private last = -Infinity;

  /** What is to sound now (ms, of a clock that nobody can set) of these, which are to be looked at; mostly nothing. */
  due(keys: readonly string[], now: number): string[] {
    for (const known of [this.sounded, this.seen]) for (const key of known) if (!keys.includes(key)) known.delete(key);
    const unseen = keys.filter((key) => !this.seen.has(key));
    if (unseen.every((key) => this.sounded.has(key)) && now - this.last < EVERY_MS) return [];
    for (const key of unseen) this.sounded.add(key);
    if (unseen.length) this.last = now;
    return unseen;
  }

  /** Somebody has looked at these; what has not sounded yet they cannot have been called to. */
  look(keys: readonly string[]): void {
    for (const key of keys) if (this.sounded.has(key)) this.seen.add(key);
  }

  isSeen(key: string): boolean {
    return this.seen.has(key);
  }
}
