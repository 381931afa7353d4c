// What a form asks, as values: FieldInput.svelte draws a field, Rows.svelte a list of things that have fields themselves.

export interface Option {
  value: string;
  name: string;
}

/**
 * - `text`, `area`, `when` (a time of the centre's clock, `2026-11-27T08:00`): a string
 * - `number`: a number, null when empty
 * - `check`: a boolean
 * - `choice`: one of `options`, by its value; `choices`: several, in the options' order
 * - `list`: strings, written with commas; `places`: codes of places, found by name
 * - `rows`: things with `columns` of their own
 * - `csv`: a whole file
 */
export type Kind = "text" | "area" | "when" | "number" | "check" | "choice" | "choices" | "list" | "places" | "rows" | "csv";

export interface Field {
  name: string;
  label: string;
  as: Kind;
  hint?: string;
  /** Of rows: what one of them is called, where that is not the label. */
  one?: string;
  options?: readonly Option[];
  columns?: readonly Field[];
  /** Of rows: what a new one begins with. */
  blank?: Readonly<Record<string, unknown>>;
  /** Of rows: their order means something. */
  ordered?: boolean;
  /** It is asked only of a new one: it never changes. */
  onlyNew?: boolean;
  /** It is not asked of a new one. */
  onlyOld?: boolean;
  needed?: boolean;
  min?: number;
  max?: number;
  pattern?: string;
}

/** Of these the label stands for one thing that takes the focus; the others are groups, which name themselves. */
export const isLabelled = (field: Field): boolean => field.as !== "rows" && field.as !== "choices";

/** A value in one text, for a conflict, where both are shown. `yes`, `no`, `nothing`: the language's words. */
export function inWords(field: Field, value: unknown, [yes, no, nothing]: readonly [string, string, string]): string {
  const nameOf = (one: unknown): string => field.options?.find(({ value: code }) => code === one)?.name ?? String(one);
  if (field.as === "check") return value ? yes : no;
  if (value === null || value === undefined || value === "" || (Array.isArray(value) && value.length === 0)) return nothing;
  if (field.as === "rows" && Array.isArray(value)) {
    return value
      .map((row: Record<string, unknown>, index) => {
        const cells = (field.columns ?? [])
          .map((column) => ({ column, text: inWords(column, row[column.name], [yes, no, ""]) }))
          .filter(({ column, text }) => text !== "" && !(column.as === "check" && text === no));
        const told = cells.map(({ column, text }) => (column.as === "rows" ? `${column.label}: (${text.replaceAll("\n", "; ")})` : text));
        return `${index + 1}. ${told.join(" · ")}`;
      })
      .join("\n");
  }
  return Array.isArray(value) ? value.map(nameOf).join(", ") : nameOf(value);
}

/** A column of a list. */
export interface Column<Row> {
  name: string;
  of: (row: Row) => string;
  tone?: (row: Row) => "bad" | "warn" | "ok" | "quiet" | "";
}
