// Which page stands at which address, and who may see it. A new page is a folder in pages/ and a line here (and a line in
// PAGES of intake/api/console.py, which decides). Each is loaded only where it is opened.
import type { Component } from "svelte";
import type { Role } from "./who.ts";
import { words } from "./words/words.ts";

export interface PageOf {
  path: string;
  name: string;
  roles: readonly Role[];
  /** Shown without the frame: to a screen, which nobody sits at. */
  bare?: true;
  load: () => Promise<{ default: Component }>;
}

const EVERYBODY = ["operator", "supervisor", "admin"] as const;
const SUPERVISORS = ["supervisor", "admin"] as const;

export const PAGES: readonly PageOf[] = [
  { path: "/", name: words.pages.operator, roles: EVERYBODY, load: () => import("./pages/operator/Operator.svelte") },
  { path: "/pengawas", name: words.pages.supervisor, roles: SUPERVISORS, load: () => import("./pages/supervisor/Supervisor.svelte") },
  { path: "/papan", name: words.pages.wallboard, roles: EVERYBODY, load: () => import("./pages/wallboard/Wallboard.svelte") },
  { path: "/papan/layar", name: words.pages.wallboard, roles: ["wall"], bare: true, load: () => import("./pages/wallboard/Wallboard.svelte") },
  { path: "/statistik", name: words.pages.statistics, roles: SUPERVISORS, load: () => import("./pages/statistics/Statistics.svelte") },
  { path: "/admin", name: words.pages.admin, roles: SUPERVISORS, load: () => import("./pages/admin/Admin.svelte") },
];
