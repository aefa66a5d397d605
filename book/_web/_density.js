// A small drawing of a posterior: its density, the credible interval, the median, the exact
// interval and the value that matters, -1 for an elasticity and 1 for a ratio.

const HEIGHT = 210, LEFT = 8, TOP = 24, FLOOR = 148, EXACT = 164, AXIS = 176; // pixels
const POINTS = 240;

const element = (name, attributes, text = "") => {
  const listed = Object.entries(attributes).map(([key, value]) => ` ${key}="${value}"`).join("");
  return `<${name}${listed}>${text}</${name}>`;
};

// Where the axis begins and ends: nearly all of the posterior, and the mark unless it is far away.
function window(law, mark) {
  let low = law.quantile(0.0005), high = law.quantile(0.9995);
  const width = high - low, near = 1.5 * width;
  if (mark < low && low - mark < near) low = mark;
  if (mark > high && mark - high < near) high = mark;
  const margin = 0.04 * (high - low);
  return [Math.max(law.support[0], low - margin), Math.min(law.support[1], high + margin)];
}

function ticks(low, high, most) {
  const rough = (high - low) / most, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= rough);
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, i) => (first + i) * step)
    .map((value) => Number(value.toPrecision(12)));
}

// Heights between 0 and 1. At a count of 0 the density has no bound at the end of its support;
// the curve then leaves the picture at the top.
function curve(law, low, high) {
  const x = Array.from({ length: POINTS + 1 }, (_, i) => low + (high - low) * (i + 0.5) / (POINTS + 1));
  const log = x.map(law.logDensity);
  const inside = log.slice(3, -3);
  const top = Math.max(...inside);
  return x.map((at, i) => [at, Math.min(1.05, Math.exp(log[i] - top))]);
}

// SVG of one result, `width` pixels wide; nothing where the posterior has no width to be drawn.
export function density({ law, lower, median, upper, interval }, mark, words, width) {
  const [low, high] = window(law, mark);
  if (!(high - low > 0 && high - low < Infinity)) return "";
  const right = width - LEFT;
  const across = (value) => {
    const inside = Math.min(Math.max(value, low), high);
    return Number((LEFT + (right - LEFT) * (inside - low) / (high - low)).toFixed(2));
  };
  const up = (height) => Number((FLOOR - (FLOOR - TOP) * height).toFixed(2));
  const points = curve(law, low, high).map(([x, y]) => [across(x), up(y)]);
  const path = points.map((point) => point.join(" ")).join(" L");
  const between = points.filter(([x]) => x >= across(lower) && x <= across(upper));
  const shade = between.map((point) => point.join(" ")).join(" L");
  const [from, to] = interval.map(across);
  const label = (x, y, text, kind, room = 60) => {
    const anchor = x < room ? "start" : x > width - room ? "end" : "middle";
    return element("text", { x, y, class: kind, "text-anchor": anchor }, text);
  };
  const parts = [element("title", { id: "calc-picture-title" }, words.title),
    element("desc", { id: "calc-picture-text" }, words.text)];
  if (between.length > 1) {
    const floor = [`${between.at(-1)[0]} ${FLOOR}`, `${between[0][0]} ${FLOOR}`].join(" L");
    parts.push(element("path", { d: `M${shade} L${floor} Z`, class: "calc-shade" }));
  }
  parts.push(element("path", { d: `M${path}`, class: "calc-curve" }),
    element("line", { x1: across(median), x2: across(median), y1: TOP, y2: FLOOR, class: "calc-median" }),
    element("line", { x1: from, x2: to, y1: EXACT, y2: EXACT, class: "calc-exact" }),
    element("line", { x1: LEFT, x2: right, y1: AXIS, y2: AXIS, class: "calc-axis" }));
  for (const tick of ticks(low, high, width / 90)) {
    const x = across(tick);
    parts.push(element("line", { x1: x, x2: x, y1: AXIS, y2: AXIS + 5, class: "calc-axis" }),
      label(x, AXIS + 20, String(tick).replace("-", "−"), "calc-tick", 20));
  }
  if (mark >= low && mark <= high) {
    const x = across(mark);
    parts.push(element("line", { x1: x, x2: x, y1: TOP - 6, y2: AXIS, class: "calc-mark" }),
      label(x, TOP - 10, words.mark, "calc-note"));
  } else {
    const arrow = mark < low ? `← ${words.mark}` : `${words.mark} →`;
    parts.push(label(mark < low ? LEFT : right, TOP - 10, arrow, "calc-note"));
  }
  return element("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT, role: "img",
    "aria-labelledby": "calc-picture-title calc-picture-text" }, parts.join(""));
}
