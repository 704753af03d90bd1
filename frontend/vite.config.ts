import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

const BASE =
  /node_modules\/(react|react-dom|scheduler|@tanstack\/(react-)?(router|router-core|history|store|query|query-core)|@mantine\/notifications|openapi-fetch|openapi-react-query|eventsource-parser)\//;
// What lists, menus and pickers bring along: nothing that a player's first page shows.
const HEAVY = /floating-ui|\/(ScrollArea|Popover|Combobox|Table|Pagination|Modal)/;
const BUILT = "../src/ctfy/server/web/built";

/** Compresses every file once, here, so that the server only hands them out. */
function compressed(): Plugin {
  return {
    name: "compressed",
    apply: "build",
    closeBundle() {
      for (const name of readdirSync(BUILT, { recursive: true, encoding: "utf8" })) {
        if (!/\.(js|css|svg|json|webmanifest)$/.test(name)) continue;
        const path = join(BUILT, name);
        const plain = readFileSync(path);
        if (plain.length < 1024) continue;
        writeFileSync(`${path}.gz`, gzipSync(plain, { level: 9 }));
        const quality = { [constants.BROTLI_PARAM_QUALITY]: 11 };
        writeFileSync(`${path}.br`, brotliCompressSync(plain, { params: quality }));
      }
    },
  };
}

/** The stylesheets after the page's shell: a browser then paints what stands before them. */
function paintedFirst(): Plugin {
  return {
    name: "painted-first",
    apply: "build",
    transformIndexHtml: {
      order: "post",
      handler(page) {
        const styles = / *<link rel="stylesheet"[^>]*>\n/g;
        const found = page.match(styles) ?? [];
        return page.replace(styles, "").replace("    <!--styles-->\n", found.join(""));
      },
    },
  };
}

export default defineConfig({
  plugins: [react(), compressed(), paintedFirst()],
  build: {
    outDir: BUILT,
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 700,
    // What every page needs of libraries is one file, and what most pages need another: they
    // compress better, and load sooner, than many.
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            { name: "base", test: BASE, priority: 2 },
            { name: "parts", test: (id) => !HEAVY.test(id), minShareCount: 14, priority: 1 },
          ],
        },
      },
    },
  },
  server: { proxy: { "/api": { target: "http://127.0.0.1:8100", ws: true } } },
});
