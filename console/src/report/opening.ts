// Open a report from anywhere: on the operator's page at once, from another page by its address.
let open: ((number: string) => void) | null = null;

/** Say how this page opens a report; returns what ends that. */
export function opensHere(then: (number: string) => void): () => void {
  open = then;
  return () => (open = null);
}

/** Whether this page has opened it; else follow the link. */
export function openHere(number: string): boolean {
  open?.(number);
  return open !== null;
}
