// Who has logged in, as the server wrote it into the page (console/index.html).
/** `wall`: nobody has logged in, it is a screen with a link of its own (pages/wallboard). */
export type Role = "operator" | "supervisor" | "admin" | "wall";

const said = typeof document === "undefined" ? ({} as DOMStringMap) : document.body.dataset;

export const who = {
  user: said["user"] ?? "",
  role: (said["role"] ?? "operator") as Role,
  language: said["language"] ?? "id",
  timezone: said["timezone"] ?? "Asia/Jakarta",
  version: said["version"] ?? "0",
};
