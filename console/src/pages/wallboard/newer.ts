// When a screen on the wall, which nobody touches, takes up what a newer server has.

/**
 * Whether to reload: the server is of another version than this page, and was not reloaded for before (`tried`). Once
 * only: a page that comes back old, from a cache or another server, would else reload for ever.
 */
export function reloadsFor(theirs: string, mine: string, tried: string | null): boolean {
  return theirs !== "" && theirs !== mine && theirs !== tried;
}
