// The beginning of every page: who is logged in, in which language and theme, and which page the address names.
import { mount } from "svelte";
import { onLoggedOut } from "./api/client.ts";
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
  // A screen on the wall does without the frame: what keeps typed words (recovery.ts) cannot even be loaded over plain http.
  const [{ default: content }, frame] = await Promise.all([page.load(), page.bare ? null : import("./frame/Frame.svelte")]);
  if (frame) mount(frame.default, { target: document.body, props: { page, content } });
  else mount(content, { target: document.body });
} else {
  document.body.append(words.pages.unknown);
}
