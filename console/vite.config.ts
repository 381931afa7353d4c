import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";
import { outline } from "./outline.ts";

// Everything is served by us, from /static/console/: no inline script, style or data: URL, which the CSP would refuse.
export default defineConfig({
  base: "/static/console/",
  plugins: [svelte(), outline()],
  build: {
    outDir: "../intake/static/console",
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: "es2022",
    reportCompressedSize: false,
    license: { fileName: "licenses.md" }, // of what is bundled: they want to be told with it
  },
  worker: { format: "es" },
});
