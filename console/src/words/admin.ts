// The words of the administration, which only its page loads.
import en from "./admin.en.json" with { type: "json" };
import id from "./admin.id.json" with { type: "json" };
import { type Language, language } from "./words.ts";

type AdminWords = typeof id & typeof en;
const DICTIONARIES: Record<Language, AdminWords> = { id: id satisfies typeof en, en: en satisfies typeof id };

export const admin: AdminWords = DICTIONARIES[language];
