// What /readyz told. Something else in its place (a page that broke, a proxy's refusal) is no answer, and no "all is well".
import type { Ready } from "../api/schema.ts";

export type Told = Pick<Ready, "checks" | "alarms" | "lacks" | "version">;

export const SILENT: Told = { checks: [{ name: "server", ok: false, message: "" }], alarms: [], lacks: [], version: "" };

/** Take an answer as it came; `SILENT` where it is none. A server that is older than this page may lack what is new. */
export function toldBy(answer: unknown): Told {
  const said = answer as Partial<Ready> | null;
  if (typeof said !== "object" || !Array.isArray(said?.checks) || !Array.isArray(said.alarms)) return SILENT;
  if (!said.checks.every((check) => typeof check?.name === "string" && typeof check.ok === "boolean")) return SILENT;
  return { checks: said.checks, alarms: said.alarms, lacks: said.lacks ?? [], version: said.version ?? "" };
}

/** Whether no bridge is to be heard at all: then nobody knows who is on the line either. */
export const hasNoBridge = ({ checks, lacks }: Told): boolean =>
  lacks.includes("bridge") && !checks.some(({ name }) => name.split(":")[0] === "bridge");
