// The words of the administration, which only its page loads.
import type en from "./admin.en.json";
import type id from "./admin.id.json";
import { language, spokenIn } from "./words.ts";

type AdminWords = typeof id & typeof en;

export const admin: AdminWords = await spokenIn<AdminWords>(language, {
  id: async () => (await import("./admin.id.json", { with: { type: "json" } })).default satisfies typeof en,
  en: async () => (await import("./admin.en.json", { with: { type: "json" } })).default satisfies typeof id,
});
