// When it rings at a desk: at once when somebody new waits, and again for as long as anybody does and this desk is ready.
export const AGAIN_AFTER_MS = 4_000;
const LOUD_AFTER_S = 20;

/** Whether it is to ring now. `sinceMs`: since it rang last. `ready`: somebody sits here and could answer. */
export const ringsNow = (now: { fresh: boolean; waiting: number; ready: boolean; sinceMs: number }): boolean =>
  now.fresh || (now.ready && now.waiting > 0 && now.sinceMs >= AGAIN_AFTER_MS);

/** Whether it rings louder: somebody has waited for long. */
export const isLoud = (waits_s: readonly number[]): boolean => waits_s.some((s) => s >= LOUD_AFTER_S);
