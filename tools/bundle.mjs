// Bundles each book/_web/NAME.js into book/_static/js/NAME.js, one classic script that also
// loads from disk. With --check it writes nothing and fails where a bundle is out of date.
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { build } from "esbuild";

const source = "book/_web";
const target = "book/_static/js";
const check = process.argv.includes("--check");

// MathJax's sources: two fifths smaller than its files in ES5.
const mathjax = {
  name: "mathjax-sources",
  setup(building) {
    const source = (...parts) => ({ path: resolve(...parts).replace(/\.js$/, ".ts") });
    building.onResolve({ filter: /^mathjax-full\/ts\// }, ({ path }) => source("node_modules", path));
    building.onResolve({ filter: /^\.\.?\/.*\.js$/ }, ({ path, resolveDir }) => (
      /mathjax-full\/ts/.test(resolveDir) ? source(resolveDir, path) : null));
  },
};

const bundled = await build({
  entryPoints: readdirSync(source).filter((name) => /^[a-z].*\.js$/.test(name)).sort()
    .map((name) => join(source, name)),
  outdir: target,
  bundle: true,
  minify: true,
  write: false,
  format: "iife",
  platform: "browser",
  target: "es2020",
  charset: "utf8",
  legalComments: "eof",
  plugins: [mathjax],
  tsconfigRaw: { compilerOptions: { useDefineForClassFields: false } }, // as MathJax is written
  logLevel: "warning",
  define: { "process.env.NODE_ENV": '"production"' },
});

let outdated = 0;
mkdirSync(target, { recursive: true });
for (const { path, contents } of bundled.outputFiles) {
  const file = join(target, basename(path));
  if (existsSync(file) && Buffer.compare(readFileSync(file), Buffer.from(contents)) === 0) continue;
  outdated += 1;
  if (check) console.error(`${file} is out of date; run: make bundles`);
  else writeFileSync(file, contents);
}
process.exit(check && outdated > 0 ? 1 : 0);
