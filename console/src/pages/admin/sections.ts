// The sections of the administration, and who may see each; what one may change there the server decides, and the section shows.
import type { Component } from "svelte";
import type { Role } from "../../who.ts";
import { admin } from "../../words/admin.ts";
import Agencies from "./sections/Agencies.svelte";
import Audit from "./sections/Audit.svelte";
import Callers from "./sections/Callers.svelte";
import Dispositions from "./sections/Dispositions.svelte";
import Kinds from "./sections/Kinds.svelte";
import Maps from "./sections/Maps.svelte";
import OwnPlaces from "./sections/OwnPlaces.svelte";
import People from "./sections/People.svelte";
import Pilots from "./sections/Pilots.svelte";
import Rules from "./sections/Rules.svelte";
import Tokens from "./sections/Tokens.svelte";

type Name = keyof typeof admin.sections;

const EVERY: readonly { name: Name; component: Component; roles?: readonly Role[] }[] = [
  { name: "agencies", component: Agencies },
  { name: "rules", component: Rules },
  { name: "kinds", component: Kinds },
  { name: "dispositions", component: Dispositions },
  { name: "callers", component: Callers },
  { name: "pilots", component: Pilots },
  { name: "places", component: OwnPlaces },
  { name: "map", component: Maps },
  { name: "people", component: People, roles: ["admin"] },
  { name: "tokens", component: Tokens, roles: ["admin"] },
  { name: "audit", component: Audit, roles: ["admin"] },
];

export const sectionsOf = (role: Role): typeof EVERY => EVERY.filter(({ roles }) => roles?.includes(role) ?? true);
