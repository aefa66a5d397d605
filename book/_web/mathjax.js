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

const SLICE = 8; // milliseconds of work between two pauses; a task over 50 ms is felt, on slow machines too
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

/** Formulas in the order in which the reader meets them: from what is in sight to the end. */
function inOrder(items) {
  const top = document.elementFromPoint(window.innerWidth / 2, window.innerHeight / 4);
  const precedes = ({ start }) => (
    top && start.node.compareDocumentPosition(top) & Node.DOCUMENT_POSITION_FOLLOWING);
  const first = items.findIndex((item) => !precedes(item));
  return first < 0 ? items : [...items.slice(first), ...items.slice(0, first)];
}

const KINDS = "table, figcaption, summary, form, legend, h1, h2, h3, h4, .admonition-title, .sd-card, .quiz";
const measured = new Map();

/** Size of the letters around a formula, measured once for each kind of text. */
function measure(item) {
  const around = item.start.node.parentElement;
  const kind = around.closest(KINDS);
  const key = `${item.display} ${kind?.localName} ${kind?.className}`;
  if (measured.has(key)) return measured.get(key);
  const metrics = output.getMetricsFor(around, item.display);
  if (around.getClientRects().length) measured.set(key, metrics); // it is not hidden
  return metrics;
}

/** Make of a formula what will be shown. It needs no other: macros are those of the settings. */
function prepare(item, scope) {
  const { em, ex, containerWidth, lineWidth, scale } = measure(item);
  item.compile(scope);
  item.setMetrics(em, ex, containerWidth, lineWidth, scale);
  item.state(STATE.METRICS);
  item.typeset(scope);
  item.assistiveMml(scope);
}

/** Set the formulas of some elements, or of the whole page. */
async function typeset(elements) {
  const scope = mathjax.document(document, {
    InputJax: input, OutputJax: output, ...settings.options,
  });
  scope.findMath(elements ? { elements } : {});
  output.setDocument(scope);
  let ready = [];
  const work = (item) => { prepare(item, scope); ready.push(item); };
  const show = () => {
    showStyles(scope);
    ready.forEach((item) => item.updateDocument(scope));
    ready = [];
  };
  await inSlices(inOrder([...scope.math]), work, show);
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
