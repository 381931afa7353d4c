// The sounds of a browser: one tab makes them, whichever of its tabs asks, so that nothing is heard twice and nothing that
// only one tab knows is lost. The first key or press allows a tab to be heard, and any later one where the browser took it back.
import { isUnlocked, onSound, play, type Sound, unlock } from "../sounds.ts";
import { Echo } from "./echo.ts";
import { Turn } from "./turn.ts";

interface Asked {
  sound: Sound;
  about: readonly string[];
  louder: boolean;
}

class Sounds {
  /** Whether this tab can be heard. */
  on = $state(isUnlocked());
  /** Whether another tab sounds for this one. */
  elsewhere = $state(false);
  private readonly tabs = new BroadcastChannel("intake112.sound");
  private readonly echo = new Echo();
  private readonly turn = new Turn((mine) => (this.elsewhere = !mine));

  /** Listen; called once, by the frame. */
  start(): void {
    const looked = (): void => {
      this.on = isUnlocked();
      this.turn.want(this.on);
    };
    onSound(looked);
    looked();
    const pressed = (): void => void (this.on || unlock());
    addEventListener("keydown", pressed, { capture: true });
    addEventListener("pointerdown", pressed, { capture: true });
    this.tabs.onmessage = ({ data }: MessageEvent<Asked>) => this.hear(data);
  }

  /** Ask for a sound. `about`: whom or what it calls to; what was just heard about them is not heard again. */
  play(sound: Sound, about: readonly string[] = [], louder = false): void {
    if (this.turn.mine) this.hear({ sound, about, louder });
    else this.tabs.postMessage({ sound, about, louder } satisfies Asked);
  }

  private hear({ sound, about, louder }: Asked): void {
    if (this.turn.mine && this.echo.isNew(sound, about, performance.now())) play(sound, louder);
  }
}

export const sound = new Sounds();
