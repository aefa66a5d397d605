// Bundles each book/_web/NAME.js into book/_static/js/NAME.js, one classic script that also
// loads from disk. With --check it writes nothing and fails where a bundle is out of date.
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { build } from "esbuild";
import { compile } from "vega-lite";

const source = "book/_web";
const target = "book/_static/js";
const check = process.argv.includes("--check");

// Vega's packages as their sources, so that what no figure uses can be left out; nothing in the
// place of what reads files, draws maps or holds colour schemes.
const vega = {
  sources: /^vega-(dataflow|encode|expression|format|functions|interpreter|parser|runtime|scale|scenegraph|selections|statistics|time|transforms|view|view-transforms)$/,
  unused: /^(d3-dsv|d3-geo|topojson-client|\.\/palettes\.js)$/,
};

const smallVega = {
  name: "small-vega",
  setup(building) {
    building.onResolve({ filter: vega.unused }, ({ path }) => ({ path, namespace: "unused" }));
    building.onResolve({ filter: vega.sources }, ({ path }) => (
      { path: resolve("node_modules", path, "index.js"), sideEffects: false }));
    building.onResolve({ filter: /^\.\.?\// }, ({ path, resolveDir }) => (
      /node_modules\/vega-/.test(resolveDir) ? { path: resolve(resolveDir, path), sideEffects: false } : null));
    building.onLoad({ filter: /./, namespace: "unused" }, () => ({ contents: "module.exports = {};" }));
  },
};

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

// A figure is written in Vega-Lite; its page gets what that compiles to.
const vegaLite = {
  name: "vega-lite",
  setup(building) {
    building.onLoad({ filter: /\.vl\.json$/ }, ({ path }) => {
      const read = (name) => JSON.parse(readFileSync(name, "utf8"));
      const whole = { ...read(join(source, "figures", "common.json")), ...read(path) };
      const { $schema, ...spec } = compile(whole).spec;
      return { contents: JSON.stringify(spec), loader: "json" };
    });
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
  metafile: true,
  legalComments: "none",
  banner: { js: "/* Licences of the packages in this file: LICENSES.txt */" },
  logLevel: "warning",
  plugins: [smallVega, mathjax, vegaLite],
  tsconfigRaw: { compilerOptions: { useDefineForClassFields: false } }, // as MathJax is written
  define: { "process.env.NODE_ENV": '"production"' },
});

/** Licences of all packages that went into the bundles, equal ones once. */
function licences({ outputs }) {
  const inputs = Object.values(outputs).flatMap((output) => Object.keys(output.inputs)).sort();
  const found = inputs.map((path) => path.match(/^(.*node_modules\/(@[^/]+\/)?[^/]+)\//)?.[1]);
  const packages = {};
  for (const folder of new Set(found.filter(Boolean))) {
    const files = readdirSync(folder).filter((name) => /^(licen[cs]e|notice)/i.test(name)).sort();
    const text = files.map((name) => readFileSync(join(folder, name), "utf8").trim()).join("\n\n");
    (packages[text] ??= []).push(folder.split("node_modules/").pop());
  }
  const sections = Object.entries(packages).map(([text, names]) => `${names.join("\n")}\n\n${text}\n`);
  return sections.join(`\n${"-".repeat(80)}\n\n`);
}

const notices = { path: join(target, "LICENSES.txt"), contents: licences(bundled.metafile) };
let outdated = 0;
mkdirSync(target, { recursive: true });
for (const { path, contents } of [...bundled.outputFiles, notices]) {
  const file = join(target, basename(path));
  if (existsSync(file) && Buffer.compare(readFileSync(file), Buffer.from(contents)) === 0) continue;
  outdated += 1;
  if (check) console.error(`${file} is out of date; run: make bundles`);
  else writeFileSync(file, contents);
}
process.exit(check && outdated > 0 ? 1 : 0);
