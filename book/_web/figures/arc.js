// The arc elasticity of a demand curve of constant elasticity, as the price step grows.
import spec from "./arc.vl.json";
import { decimal, geometric } from "./words.js";

/** Arc (midpoint) elasticity between a price of 1 and one of `ratio` when demand is price^beta. */
export function arcElasticity(beta, ratio) {
  const rate = ratio ** beta;
  return (rate - 1) / (rate + 1) / ((ratio - 1) / (ratio + 1));
}

export default {
  spec,
  controls: [
    { name: "beta", label: "constant elasticity β", min: -6, max: -0.1, step: 0.1, value: -4 },
    {
      name: "ratio",
      label: "price ratio (after over before)",
      values: [1.05, 1.1, 1.2, 1.3, 1.5, 1.75, 2, 2.5, 3, 4, 5, 7, 10, 15, 20, 30],
      value: 2,
    },
  ],

  compute({ beta, ratio }) {
    const here = { x: ratio, y: arcElasticity(beta, ratio) };
    const curve = geometric(1.001, 30, 150).map((x) => ({ x, y: arcElasticity(beta, x) }));
    const labels = [{ x: 30, y: beta, text: "constant elasticity β" }];
    if (Math.abs(beta + 1) > 0.35) labels.push({ x: 30, y: -1, text: "equal revenue, −1" });
    return {
      data: { curve, constant: [{ y: beta }], revenue: [{ y: -1 }], here: [here], labels },
      numbers: { arc: here.y },
    };
  },

  sentence: ({ beta, ratio }, { arc }) =>
    `With a constant elasticity of ${decimal(beta, 1)} and a price ratio of ${ratio} ` +
    `the arc elasticity is ${decimal(arc, 2)}.`,

  table: ({ beta }) => ({
    caption: `Arc elasticity of demand with the constant elasticity ${decimal(beta, 1)}`,
    head: ["price ratio", "arc elasticity"],
    rows: [1.05, 1.1, 1.5, 2, 5, 10, 30].map((x) => [`${x}`, decimal(arcElasticity(beta, x), 3)]),
  }),
};
