// What the wall may say of numbers that stand still or of a part: a number that nobody knows is "?".
import type { Lamp } from "../../api/schema.ts";

/** Whether the PBX is heard. When not, the calls are those that were known before: nobody knows who waits. */
export const isHeard = (lamps: readonly Lamp[]): boolean => lamps.some(({ name, state }) => name === "ami" && state === "ok");
