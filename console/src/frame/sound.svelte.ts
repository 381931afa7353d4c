// Whether this page can be heard. The first key or press allows it, and any later one where the browser took it back.
import { isUnlocked, onSound, unlock } from "../sounds.ts";

class Sound {
  on = $state(isUnlocked());

  /** Listen; called once, by the frame. */
  start(): void {
    onSound(() => (this.on = isUnlocked()));
    const pressed = (): void => void (this.on || unlock());
    addEventListener("keydown", pressed, { capture: true });
    addEventListener("pointerdown", pressed, { capture: true });
  }
}

export const sound = new Sound();
