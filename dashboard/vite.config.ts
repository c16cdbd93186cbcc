// Two builds of one page: `live` is what a gateway serves, `file` is one HTML file that opens from anywhere.
// NETSCOPE_WASM names the compiled core; CMake sets it.
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { fileURLToPath } from "node:url";
import { defineConfig, type Plugin } from "vite";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const built = process.env["NETSCOPE_WASM"] ?? here("../build/wasm-core/netscope.wasm");
const assets = { "netscope.wasm": built, "sample.pcap": here("../tests/golden/home.pcap") };

function hasTheCore(): void {
  if (!existsSync(built)) throw new Error(`${built} is missing: build the target netscope_wasm, or set NETSCOPE_WASM`);
}

/** The core and the sample beside the page, as files. */
function assetsAsFiles(): Plugin {
  return {
    name: "netscope-assets",
    apply: "build",
    buildStart: hasTheCore,
    generateBundle() {
      for (const [fileName, path] of Object.entries(assets)) {
        this.emitFile({ type: "asset", fileName, source: readFileSync(path) });
      }
    },
  };
}

/** Everything in the one file, behind a policy that lets it run this script and connect to nothing. */
function oneFile(): Plugin {
  return {
    name: "netscope-one-file",
    enforce: "post",
    apply: "build",
    buildStart: hasTheCore,
    generateBundle(_, bundle) {
      const page = bundle["index.html"];
      if (page?.type !== "asset") throw new Error("there is no page");
      let script = "", style = "";
      for (const [name, part] of Object.entries(bundle)) {
        if (part.type === "chunk") script += part.code;
        else if (name.endsWith(".css")) style += String(part.source);
        if (name !== "index.html") delete bundle[name];
      }
      script = script.replaceAll("</script", "<\\/script");
      const hash = createHash("sha256").update(script).digest("base64");
      const policy = `default-src 'none'; script-src 'sha256-${hash}' 'wasm-unsafe-eval'; worker-src blob:; ` +
        "style-src 'unsafe-inline'; img-src data:; connect-src 'none'; base-uri 'none'; form-action 'none'";
      const data = Object.entries(assets).map(([name, path]) =>
        `<script type="text/plain" id="asset:${name}">${gzipSync(readFileSync(path), { level: 9 }).toString("base64")}</script>`);
      const html = String(page.source)
        .replace(/<script type="module".*?<\/script>\s*/s, "")
        .replace(/<link rel="stylesheet".*?>\s*/s, "");
      page.fileName = "netscope.html";
      page.source = html
        .replace("<head>", () => `<head>\n<meta http-equiv="Content-Security-Policy" content="${policy}">`)
        .replace("</head>", () => `<style>${style}</style>\n</head>`)
        .replace("</body>", () => `${data.join("\n")}\n<script type="module">${script}</script>\n</body>`);
    },
  };
}

export default defineConfig(({ mode }) => ({
  base: "./",
  esbuild: { jsx: "automatic", jsxImportSource: "preact", legalComments: "none" },
  resolve: { alias: { "#worker": here(mode === "file" ? "src/core/worker_in_page.ts" : "src/core/worker_beside_page.ts") } },
  worker: { format: "iife" },
  plugins: [mode === "file" ? oneFile() : assetsAsFiles()],
  build: {
    target: "es2022",
    outDir: mode === "file" ? "dist" : "dist/live",
    emptyOutDir: mode !== "file",
    modulePreload: false,
    cssCodeSplit: false,
    reportCompressedSize: false,
    ...(mode === "file" ? { assetsInlineLimit: 1 << 20, rollupOptions: { output: { inlineDynamicImports: true } } } : {}),
  },
  test: { include: ["src/**/*.test.ts", "wasm/*.test.mjs"] },
}) as never);
