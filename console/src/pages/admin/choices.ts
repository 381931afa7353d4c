// What kinds and dispositions have in common: a code that stays, a name in both languages, a place in the list, on or off.
import { admin } from "../../words/admin.ts";
import type { Field } from "./fields.ts";
import type { Values } from "./merge.ts";

const f = admin.form;

export const CHOICE_FIELDS: readonly Field[] = [
  { name: "code", label: f.code, as: "text", onlyNew: true, needed: true, pattern: "[a-z0-9_\\-]+", max: 32, hint: f.codeHint },
  { name: "id", label: f.nameId, as: "text", needed: true, max: 80 },
  { name: "en", label: f.nameEn, as: "text", needed: true, max: 80 },
  { name: "position", label: f.position, as: "number", min: 0, max: 9999, onlyOld: true },
  { name: "disabled", label: f.disabledHint, as: "check", onlyOld: true },
];

interface Choice {
  name: { id: string; en: string };
  position: number;
  disabled: boolean;
}

export const spread = ({ name, position, disabled }: Choice): Values => ({ ...name, position, disabled });

/** The body's fields of those that changed; the name goes whole. */
export function gathered(values: Values, changed: readonly string[]): Record<string, unknown> {
  const body: Record<string, unknown> = {};
  if (changed.includes("id") || changed.includes("en")) body["name"] = { id: values["id"], en: values["en"] };
  for (const name of ["position", "disabled", "priority", "icon", "classes"]) {
    if (changed.includes(name) && values[name] !== null) body[name] = values[name];
  }
  return body;
}
