// How a dispatch stands, in words. To an agency without a computer system nothing is sent: it never "waits to be sent". Pure.
import type { Dispatch } from "../api/schema.ts";

interface Said {
  states: Readonly<Record<string, string>>;
  byTelephone: string;
  noSystem: string;
}

/** Its state; a word that is newer than this page is shown as it is. */
export const stateIn = (said: Said, { state, agency_no_system }: Pick<Dispatch, "state" | "agency_no_system">): string =>
  agency_no_system && state === "queued" ? said.byTelephone : (said.states[state] ?? state);

/** Whom to telephone where there is no system; empty for the others. */
export const noSystemIn = (said: Pick<Said, "noSystem">, without: boolean, phone: string | null): string =>
  without ? said.noSystem.replace("{number}", () => phone ?? "?") : "";
