// Sounds made by the browser, without files: a ring, an overdue dispatch, a lost connection. Browsers are silent until
// somebody has pressed something: the frame calls `unlock` at the first key or press (`frame/sound.svelte.ts`).
type Tone = readonly [hertz: number, from: number, seconds: number];

/**
 * What each is: tones of a frequency (Hz), when (s), how long (s). Told apart without words: high pair, low triple, long fall.
 * All of it where a cheap loudspeaker, and an ear that is no longer young, still hears: 450 to 3 400 Hz.
 */
export const TONES = {
  ring: [[880, 0, 0.14], [1108, 0.18, 0.14]],
  overdue: [[523, 0, 0.18], [523, 0.26, 0.18], [523, 0.52, 0.18]],
  lost: [[784, 0, 0.3], [622, 0.32, 0.3], [494, 0.64, 0.5]],
} as const satisfies Record<string, readonly Tone[]>;
export type Sound = keyof typeof TONES;

const LOUDNESS = 0.3; // of full: a loud ring and another sound at once are not cut off
const LOUDER = 0.6;
const SOON_S = 0.02; // what begins in the past begins with a click
let context: AudioContext | null = null;
let changed: () => void = () => undefined;

/** Be told when sounds became allowed, or are no longer: a browser may suspend them by itself. */
export function onSound(then: () => void): void {
  changed = then;
}

/** Allow sounds; call it from a click or a key. */
export async function unlock(): Promise<boolean> {
  context ??= new AudioContext();
  context.onstatechange = () => changed();
  await context.resume();
  changed();
  return context.state === "running";
}

export const isUnlocked = (): boolean => context?.state === "running";

export function play(sound: Sound, louder = false): void {
  const loudness = louder ? LOUDER : LOUDNESS;
  if (!context || context.state !== "running") return;
  for (const [hertz, from, seconds] of TONES[sound]) {
    const start = context.currentTime + SOON_S + from;
    const tone = new OscillatorNode(context, { frequency: hertz, type: "triangle" });
    const volume = new GainNode(context, { gain: 0 });
    volume.gain.setValueAtTime(0, start);
    volume.gain.linearRampToValueAtTime(loudness, start + 0.01); // a hard edge would click
    volume.gain.setValueAtTime(loudness, start + seconds - 0.03);
    volume.gain.linearRampToValueAtTime(0, start + seconds);
    tone.connect(volume).connect(context.destination);
    tone.start(start);
    tone.stop(start + seconds);
  }
}
