// The keyboard: `keys.on("F8", words.keys.dispatch, () => …)` for as long as something is on the screen. No single letters
// (WCAG 2.1.4). A key that nothing answers to is left to the browser; the list of keys shows only those that do something.

export interface Key {
  combo: string;
  name: string;
  run: () => void;
  first: boolean;
}

/** As much of a KeyboardEvent as is used here. */
export interface Pressed {
  key: string;
  code: string;
  ctrlKey: boolean;
  altKey: boolean;
  shiftKey: boolean;
  metaKey: boolean;
  /** The board says it again because the key is held down. */
  repeat?: boolean;
}

/** How a key is written: `Ctrl+Enter`, `Alt+3`, `F8`. Letters and digits by their place on the board, as Alt changes them. */
export function comboOf(event: Pressed): string {
  const place = /^(?:Key|Digit|Numpad)([A-Z0-9])$/.exec(event.code)?.[1];
  const name = place && (event.ctrlKey || event.altKey || event.metaKey) ? place : event.key;
  const held = [event.ctrlKey && "Ctrl", event.altKey && "Alt", event.metaKey && "Meta", event.shiftKey && name.length > 1 && "Shift"];
  return [...held.filter(Boolean), name].join("+");
}

export class Keys {
  private readonly known: Key[] = [];
  private readonly changed: () => void;

  constructor(changed: () => void = () => undefined) {
    this.changed = changed;
  }

  /** Answer to a key until the returned function is called; whoever came last is asked first. `first`: before whatever has the focus, too. */
  on(combo: string, name: string, run: () => void, first = false): () => void {
    const key: Key = { combo, name, run, first };
    this.known.push(key);
    this.changed();
    return () => {
      this.known.splice(this.known.indexOf(key), 1);
      this.changed();
    };
  }

  /** What can be pressed now, in the order in which it was said. */
  get list(): Key[] {
    const last = new Map(this.known.map((key) => [key.combo, key]));
    return this.known.filter((key) => last.get(key.combo) === key);
  }

  /** Do what a key is for, once however long it is held: a second press is one of a finger. False when it is for nothing. */
  press(event: Pressed, first = false): boolean {
    const combo = comboOf(event);
    const key = this.known.findLast((one) => one.combo === combo && (one.first || !first));
    if (!event.repeat) key?.run();
    return key !== undefined;
  }
}

export const keys = new Keys();

/** Listen to the keyboard of this page. */
export function listen(): void {
  const early = (event: KeyboardEvent): void => {
    if (!keys.press(event, true)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  };
  addEventListener("keydown", early, true);
  addEventListener("keydown", (event) => {
    if (!event.defaultPrevented && !event.isComposing && keys.press(event)) event.preventDefault();
  });
}
