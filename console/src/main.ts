// The beginning of every page: who is logged in, in which language and theme, and which page the address names.
import { mount } from "svelte";
import { onLoggedOut } from "./api/client.ts";
import Frame from "./frame/Frame.svelte";
import { listen } from "./keys.ts";
import { look } from "./look/theme.svelte.ts";
import "./look/tokens.css";
import "./look/base.css";
import { PAGES } from "./pages.ts";
import { language, words } from "./words/words.ts";

document.documentElement.lang = language;
look.apply();
listen();

const page = PAGES.find(({ path }) => path === location.pathname);
if (!page?.bare) onLoggedOut(() => location.assign("/masuk")); // what was typed is in the journal, and back after the log-in
document.title = page ? `${page.name} 112` : "112";
if (page) {
  const { default: content } = await page.load();
  if (page.bare) mount(content, { target: document.body });
  else mount(Frame, { target: document.body, props: { page, content } });
} else {
  document.body.append(words.pages.unknown);
}
