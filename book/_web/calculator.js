// The page `calculator`: a form, its results, and the address that holds its state.
import { ArgumentError } from "./_arguments.js";
import { density } from "./_density.js";
import { daysNeeded } from "./_planning.js";
import { arcElasticity, arcElasticityFromRatio, priceChange, ratioOfArc, rateRatioInterval,
  relativePriceStep } from "./_price_change.js";
import { labelOf, query, readAll, restore, showErrors } from "./_state.js";
import { level, number, percent, planned, python, range, sentence } from "./_words.js";

const WAIT = 250; // milliseconds without a key before the page answers

// What the page computes, for whoever wants it in the console.
window.elasticTutorial = { ...window.elasticTutorial, arcElasticity, arcElasticityFromRatio,
  daysNeeded, priceChange, ratioOfArc, rateRatioInterval, relativePriceStep };

const form = document.getElementById("price-change");
const results = document.getElementById("calc-results");
const part = (name) => results.querySelector(`[data-out="${name}"]`);
const inputsOf = (id) => [...document.getElementById(id).querySelectorAll("input[type=text]")];
let shown = null; // the last result, to draw again in another width
let timer = 0;

// A function's value, or its complaint.
function attempt(compute) {
  try {
    return { value: compute(), errors: [] };
  } catch (error) {
    if (!(error instanceof ArgumentError)) throw error;
    return { value: null, errors: [error] };
  }
}

const complaint = (inputs, errors) => errors.map((error) => {
  const input = inputs.find((each) => each.id === error.field);
  return `${input ? labelOf(input) : error.field} ${error.says}`;
}).join(" ");

function put(name, text, value) {
  const cell = part(name);
  cell.textContent = text;
  if (value === undefined) cell.removeAttribute("data-value");
  else cell.dataset.value = [value].flat().join(" ");
}

function fillColumn(name, law, probability) {
  for (const key of ["estimate", "median"]) {
    put(`${name}.${key}`, law ? number(law[key]) : "undefined", law?.[key] ?? NaN);
  }
  for (const [key, ends] of [["interval", law?.interval], ["credible", law && [law.lower, law.upper]]]) {
    put(`${name}.${key}`, law ? range(ends) : "undefined", ends ?? NaN);
  }
  const word = name === "arc" ? "elastic" : "sales fell";
  put(`${name}.probability`, law ? `${word}: ${percent(probability)}` : "undefined",
    probability ?? NaN);
}

function draw() {
  const figure = part("picture");
  figure.parentElement.hidden = !shown;
  if (!shown) return;
  const { result, inputs } = shown;
  const law = result.arc ?? result.ratio;
  const name = result.arc ? "arc elasticity" : "rate ratio";
  const words = {
    title: `Posterior density of the ${name}.`,
    text: `Its median is ${number(law.median)}; the credible interval is ${range([law.lower, law.upper])}, `
      + `the exact interval ${range(law.interval)}.`,
    mark: result.arc ? "−1, unit elastic" : "1, no change",
  };
  const drawn = density(law, result.arc ? -1 : 1, words, Math.max(260, figure.clientWidth));
  figure.innerHTML = drawn;
  figure.parentElement.hidden = !drawn;
  part("caption").textContent = `Posterior of the ${name}. Shaded, the ${level(inputs.prob)} credible `
    + "interval; dotted, the median; the bar below, the exact interval.";
}

function showResult(inputs, result) {
  fillColumn("arc", result.arc, result.arc?.probElastic);
  fillColumn("ratio", result.ratio, result.ratio.probFell);
  part("python").textContent = python(inputs);
  shown = { result, inputs };
  draw();
}

function clearResult() {
  for (const cell of results.querySelectorAll("td[data-out]")) put(cell.dataset.out, "–");
  part("python").textContent = "";
  shown = null;
  draw();
}

// Estimate what the first fields say; the inputs come back where they are good.
function estimate() {
  const fields = inputsOf("calc-data");
  const { values, errors } = readAll(fields);
  const tried = errors.length ? { value: null, errors } : attempt(() => priceChange(values));
  showErrors(form, fields, tried.errors);
  if (tried.value) showResult(values, tried.value);
  else clearResult();
  part("sentence").textContent = tried.value
    ? sentence(values, tried.value) : `No result. ${complaint(fields, tried.errors)}`;
  return tried.value && { ...values, rateBefore: tried.value.rateBefore };
}

// The fields of the plan that count: the goal chosen, and the rate where one is given.
function planFields() {
  const excludes = form.elements.goal.value === "exclude";
  for (const input of inputsOf("calc-plan")) {
    const unused = input.id === (excludes ? "halfWidth" : "exclude") || (!excludes && input.id === "power");
    input.parentElement.hidden = unused;
  }
  return inputsOf("calc-plan").filter((input) => !input.parentElement.hidden);
}

function plan(data) {
  const fields = planFields();
  const output = document.getElementById("calc-days");
  const needed = fields.filter((input) => input.id !== "rateBefore" || input.value.trim());
  const { values, errors } = readAll(needed);
  const wanted = data && { rateBefore: data.rateBefore, ...values, prob: data.prob,
    priceBefore: data.priceBefore, priceAfter: data.priceAfter };
  const tried = errors.length || !data ? { value: null, errors } : attempt(() => daysNeeded(wanted));
  showErrors(form, fields, tried.errors);
  output.dataset.value = tried.value ?? "";
  if (tried.value) output.textContent = planned(tried.value, wanted);
  else if (tried.errors.length) output.textContent = `No plan. ${complaint([...inputsOf("calc-data"), ...fields], tried.errors)}`;
  else output.textContent = "No plan without two prices and a probability above.";
}

function update() {
  const data = estimate();
  window.history.replaceState(null, "", query(form) + window.location.hash);
  plan(data);
  form.dataset.ready = "true";
}

function now() {
  clearTimeout(timer);
  update();
}

function later() {
  form.dataset.ready = "false";
  planFields(); // at once, or a quick Tab would miss a field
  clearTimeout(timer);
  timer = setTimeout(update, WAIT);
}

async function copyLink() {
  const said = document.getElementById("calc-copied");
  now();
  try {
    await navigator.clipboard.writeText(window.location.href);
    said.textContent = "Link copied.";
  } catch {
    said.textContent = "The browser does not let this page copy; the address bar holds the link.";
  }
}

if (form) {
  restore(form, window.location.search);
  form.hidden = false;
  results.hidden = false;
  form.addEventListener("input", later);
  form.addEventListener("change", now);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(now));
  document.getElementById("calc-copy").addEventListener("click", copyLink);
  window.addEventListener("resize", draw);
  update();
}
