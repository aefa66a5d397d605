// A product's elasticity between its own estimate and its category, as its sales grow.
import spec from "./shrinkage.vl.json";
import { decimal, geometric, percent } from "./words.js";

const SD_LOG_PRICE = 0.12; // of the product's prices over the weeks, as in the chapter
const Z90 = 1.6448536269514722; // half width of the central 90% of a standard normal
const UNITS = [1, 10, 30, 100, 200, 300, 500, 700, 1000, 2000, 3000, 5000, 10000, 100000];

/** Weight, mean and standard deviation of the pooled estimate of a product that sold `units`. */
export function pool(units, { spread, category, own }) {
  const information = units * SD_LOG_PRICE ** 2;
  const weight = information / (information + 1 / spread ** 2);
  const sd = Math.sqrt(1 / (information + 1 / spread ** 2));
  return { information, weight, sd, mean: weight * own + (1 - weight) * category };
}

/** Units at which a product's own sales weigh as much as its category. */
export const equalSay = (spread) => 1 / (spread ** 2 * SD_LOG_PRICE ** 2);

function row(units, settings) {
  const { mean, sd, weight } = pool(units, settings);
  return { x: units, y: mean, lower: mean - Z90 * sd, upper: mean + Z90 * sd, weight };
}

export default {
  spec,
  controls: [
    { name: "spread", label: "spread σ of the category's products", min: 0.05, max: 1.5, step: 0.05, value: 0.3 },
    { name: "category", label: "category mean", min: -5, max: -0.5, step: 0.1, value: -2 },
    { name: "own", label: "the product's own estimate", min: -6, max: 0, step: 0.1, value: -3.2 },
    { name: "units", label: "units sold by the product", unit: "units", values: UNITS, value: 300 },
  ],

  compute(settings) {
    const here = row(settings.units, settings);
    const half = equalSay(settings.spread);
    const levels = [
      { x: 1, y: settings.own, text: "its own estimate", kind: "own" },
      { x: 1, y: settings.category, text: "its category", kind: "category" },
    ];
    // Labels of two lines that are close stand on opposite sides.
    for (const [i, level] of levels.entries()) {
      level.below = settings.own === settings.category ? i : level.y < levels[1 - i].y;
    }
    return {
      data: {
        path: geometric(1, 100000, 121).map((units) => row(units, settings)),
        own: levels.slice(0, 1),
        category: levels.slice(1),
        labelsAbove: levels.filter(({ below }) => !below),
        labelsBelow: levels.filter(({ below }) => below),
        equal: half <= 100000 ? [{ x: half }] : [],
        here: [here],
      },
      numbers: { ...here, half },
    };
  },

  sentence: ({ spread, units }, { y, lower, upper, weight, half }) =>
    `With ${decimal(units, 0)} units sold and a spread of ${decimal(spread, 2)} the product's own ` +
    `estimate has a weight of ${percent(weight)}, and the pooled elasticity is ${decimal(y, 2)}, ` +
    `90% interval ${decimal(lower, 2)} to ${decimal(upper, 2)}. ` +
    `It has equal say with its category at ${decimal(half, 0)} units.`,

  table: (settings) => ({
    caption: "Pooled elasticity of the product, by what it sold",
    head: ["units sold", "weight of its own sales", "pooled", "5%", "95%"],
    rows: [1, 10, 100, 1000, 10000, 100000].map((units) => {
      const { y, lower, upper, weight } = row(units, settings);
      return [decimal(units, 0), decimal(weight, 3), ...[y, lower, upper].map((v) => decimal(v, 2))];
    }),
  }),
};
