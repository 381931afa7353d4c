// Who has logged in, as the server wrote it into the page (console/index.html).
export type Role = "operator" | "supervisor" | "admin";

const said = typeof document === "undefined" ? ({} as DOMStringMap) : document.body.dataset;

export const who = {
  user: said["user"] ?? "",
  role: (said["role"] ?? "operator") as Role,
  language: said["language"] ?? "id",
  timezone: said["timezone"] ?? "Asia/Jakarta",
  version: said["version"] ?? "0",
};
