// One figure of a page: sliders, a drawing, the same in a sentence and in a table.
import { draw } from "./vega.js";
import { decimal } from "./words.js";

const SPEAK_AFTER = 350; // milliseconds without a move, so that a reader is not talked over

/** An element with attributes and children. */
function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** A labelled slider; `read` gives its value, `write` sets it. */
function slider(control, prefix, onInput) {
  const { values, unit = "" } = control;
  const { min, max, step } = values ? { min: 0, max: values.length - 1, step: 1 } : control;
  const digits = values ? 0 : (String(step).split(".")[1] ?? "").length;
  const id = `${prefix}-${control.name}`;
  const input = element("input", { type: "range", id, min, max, step });
  const output = element("output", { for: id });
  const read = () => (values ? values[input.value] : Number(input.value));
  const show = () => {
    const number = values && read() < 10 ? String(read()) : decimal(read(), digits);
    output.textContent = `${number} ${unit}`.trim();
    input.setAttribute("aria-valuetext", output.textContent);
  };
  const write = (value) => {
    input.value = values ? values.indexOf(value) : value;
    show();
  };
  input.addEventListener("input", () => {
    show();
    onInput();
  });
  const row = element("div", { class: "figure-control" });
  row.append(element("label", { for: id }, control.label), input, output);
  return { row, read, write };
}

function table({ caption, head, rows }) {
  const cells = (tag, attributes, texts) => texts.map((text) => element(tag, attributes, text));
  const body = rows.map(([first, ...rest]) =>
    element("tr", {}, element("th", { scope: "row" }, first), ...cells("td", {}, rest)));
  return [
    element("caption", {}, caption),
    element("thead", {}, element("tr", {}, ...cells("th", { scope: "col" }, head))),
    element("tbody", {}, ...body),
  ];
}

/** A function that puts a text into a live paragraph, when the reader rests. */
function speaker(paragraph) {
  let timer;
  return (text) => {
    clearTimeout(timer);
    timer = setTimeout(() => paragraph.replaceChildren(text), SPEAK_AFTER);
  };
}

/** Fill an element of the page with a figure. */
export function build(root, { spec, controls, compute, sentence, table: tabulate }) {
  const chart = element("div", { class: "figure-chart" });
  const said = element("p", { class: "figure-says", "aria-live": "polite" });
  const numbers = element("table");
  const reset = element("button", { type: "button", class: "figure-reset" }, "Reset");
  const sliders = controls.map((control) => slider(control, root.id, () => update()));
  const details = element("details", {}, element("summary", {}, "Show the numbers"), numbers);
  const view = draw(spec, chart);
  for (const name of ["role", "aria-roledescription"]) chart.removeAttribute(name);
  const say = speaker(said);

  function update() {
    const read = sliders.map(({ read }, i) => [controls[i].name, read()]);
    const settings = Object.fromEntries(read);
    const shown = compute(settings);
    for (const [name, rows] of Object.entries(shown.data)) view.data(name, rows);
    const text = sentence(settings, shown.numbers);
    numbers.replaceChildren(...table(tabulate(settings, shown.numbers)));
    root.shown = { settings, ...shown };
    view.run();
    const svg = chart.querySelector("svg");
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", text);
    say(text);
    return text;
  }

  const start = () => sliders.forEach(({ write }, i) => write(controls[i].value));
  reset.addEventListener("click", () => {
    start();
    update();
  });
  const panel = element("div", { class: "figure-controls" }, ...sliders.map(({ row }) => row), reset);
  start();
  root.replaceChildren(chart, panel, said, details);
  said.textContent = update();
  new ResizeObserver(() => view.width(chart.clientWidth).run()).observe(chart);
}
