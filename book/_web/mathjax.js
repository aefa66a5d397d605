// MathJax 3.2.2 with what this book needs of it, and nothing that it would fetch: TeX as input (base, AMS,
// macros of the settings), CommonHTML as output, hidden MathML for screen readers. No menu, no loader.
//
// Formulas are set a few at a time, those in sight first, so that a page with hundreds of them answers
// the reader meanwhile. `MathJax.startup.promise` is kept when all of them are set.
import { mathjax } from "mathjax-full/ts/mathjax.js";
import { TeX } from "mathjax-full/ts/input/tex.js";
import "mathjax-full/ts/input/tex/base/BaseConfiguration.js";
import "mathjax-full/ts/input/tex/ams/AmsConfiguration.js";
import "mathjax-full/ts/input/tex/newcommand/NewcommandConfiguration.js";
import "mathjax-full/ts/input/tex/configmacros/ConfigMacrosConfiguration.js";
import { CHTML } from "mathjax-full/ts/output/chtml.js";
import { browserAdaptor } from "mathjax-full/ts/adaptors/browserAdaptor.js";
import { RegisterHTMLHandler } from "mathjax-full/ts/handlers/html.js";
import { AssistiveMmlHandler } from "mathjax-full/ts/a11y/assistive-mml.js";
import { STATE } from "mathjax-full/ts/core/MathItem.js";
import { SerializedMmlVisitor } from "mathjax-full/ts/core/MmlTree/SerializedMmlVisitor.js";

const SLICE = 20; // milliseconds of work between two pauses; a task over 50 ms is felt
const FONTS = new URL("../mathjax/output/chtml/fonts/woff-v2", document.currentScript.src).href;
const settings = window.MathJax ?? {};

AssistiveMmlHandler(RegisterHTMLHandler(browserAdaptor()));
const input = new TeX({ packages: ["base", "ams", "newcommand", "configmacros"], ...settings.tex });
const output = new CHTML({ fontURL: FONTS, ...settings.chtml });
const book = mathjax.document(document, { InputJax: input, OutputJax: output, ...settings.options });
const visitor = new SerializedMmlVisitor();

const pause = () => new Promise((resume) => { setTimeout(resume); });

/** Do something with each item, and let the page breathe in between. */
async function inSlices(items, work, afterSlice = () => {}) {
  let start = performance.now();
  for (const item of items) {
    work(item);
    if (performance.now() - start < SLICE) continue;
    afterSlice();
    await pause();
    start = performance.now();
  }
  afterSlice();
}

/** Distance of a formula from what the reader sees, in pixels. */
function distance(item) {
  const box = item.start.node.parentElement.getBoundingClientRect();
  return Math.max(0, box.top - window.innerHeight, -box.bottom);
}

/** Set the formulas of some elements, or of the whole page. */
async function typeset(elements) {
  const scope = mathjax.document(document, {
    InputJax: input, OutputJax: output, ...settings.options, ...(elements ? { elements } : {}),
  });
  scope.findMath();
  const items = [...scope.math];
  await inSlices(items, (item) => item.compile(scope)); // in order, because of numbers and macros
  scope.getMetrics();
  const far = new Map(items.map((item) => [item, distance(item)]));
  items.sort((one, other) => far.get(one) - far.get(other));
  let ready = [];
  const show = () => {
    showStyles(scope);
    ready.forEach((item) => item.updateDocument(scope));
    ready = [];
  };
  await inSlices(items, (item) => {
    item.typeset(scope);
    item.assistiveMml(scope);
    ready.push(item);
  }, show);
}

/** Bring the style sheet of the formulas up to date; it holds the characters met so far. */
function showStyles(scope) {
  const sheet = scope.documentStyleSheet();
  if (!sheet.isConnected) document.head.append(sheet);
}

/** MathML of a formula in TeX. */
function tex2mml(tex, options = {}) {
  return visitor.visitTree(book.convert(tex, { display: true, ...options, end: STATE.CONVERT }));
}

let done = Promise.resolve();
const typesetPromise = (elements) => (done = done.then(() => typeset(elements)));
const loaded = new Promise((resume) => {
  if (document.readyState !== "loading") resume();
  else document.addEventListener("DOMContentLoaded", () => resume(), { once: true });
});
window.MathJax = {
  version: mathjax.version,
  config: settings,
  startup: { document: book, promise: loaded.then(() => typesetPromise()) },
  tex2mml,
  typesetPromise,
};
