// Several tabs of a browser ask for the same sound at about the same time: it is heard once. Something new is heard at once.
import type { Sound } from "../sounds.ts";

/** How long (ms) the same is the same: a little less than the time after which a tab asks again. */
const SAME_FOR_MS: Record<Sound, number> = { ring: 3_500, overdue: 14_000, lost: 11_000 };

export class Echo {
  private readonly heard = new Map<Sound, { at: number; about: Set<string> }>();

  /** Whether it is to be heard now (ms, of a clock that nobody can set). `about`: whom or what it calls to. */
  isNew(sound: Sound, about: readonly string[], now: number): boolean {
    const last = this.heard.get(sound);
    if (last && now - last.at < SAME_FOR_MS[sound] && about.every((one) => last.about.has(one))) return false;
    this.heard.set(sound, { at: now, about: new Set(about) });
    return true;
  }
}
