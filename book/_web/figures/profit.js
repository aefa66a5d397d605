// Profit at each price when the elasticity is known up to a normal distribution.
import quantile from "@stdlib/stats-base-dists-normal-quantile";
import spec from "./profit.vl.json";
import { change, decimal, percent } from "./words.js";

const DRAWS = 200;
const LOWEST = 0.7; // lower bound of the new price, relative to today's
const STANDARD = Array.from({ length: DRAWS }, (_, i) => quantile((i + 0.5) / DRAWS, 0, 1));
const GRID = Array.from({ length: 116 }, (_, i) => LOWEST + i / 50); // prices / today's price
const HALVINGS = 60;

/** Elasticities that the normal distribution holds equally likely, in order. */
export const draws = ({ mean, sd }) => STANDARD.map((z) => mean + sd * z);

/** Quantile of sorted values, linear between neighbours. */
function quantileOf(sorted, prob) {
  const place = prob * (sorted.length - 1);
  const low = Math.floor(place);
  const part = place - low;
  return (1 - part) * sorted[low] + part * sorted[Math.min(low + 1, sorted.length - 1)];
}

/** Mean and central 90% of the profit at a price, relative to the profit at today's price of 1. */
export function profit(price, betas, cost) {
  const demand = betas.map((beta) => price ** beta).sort((a, b) => a - b);
  const margin = (price - cost) / (1 - cost);
  const ends = [0.05, 0.95].map((prob) => quantileOf(demand, prob) * margin);
  const mean = (demand.reduce((sum, each) => sum + each, 0) / DRAWS) * margin;
  return { x: price, y: mean, lower: Math.min(...ends), upper: Math.max(...ends) };
}

/** Slope of the expected profit, without the factor that does not change its sign. */
function slope(price, betas, cost) {
  return betas.reduce(
    (sum, beta) => sum + price ** (beta - 1) * (price + beta * (price - cost)), 0);
}

/** Price of the highest expected profit between the bounds, found by bisection of the slope. */
export function bestPrice(betas, cost, upper) {
  const steps = 300;
  const nodes = Array.from({ length: steps + 1 }, (_, i) => LOWEST + ((upper - LOWEST) * i) / steps);
  const slopes = nodes.map((price) => slope(price, betas, cost));
  const found = [LOWEST, upper];
  for (let i = 0; i < steps; i += 1) {
    if (!(slopes[i] > 0 && slopes[i + 1] <= 0)) continue;
    let [low, high] = [nodes[i], nodes[i + 1]];
    for (let k = 0; k < HALVINGS; k += 1) {
      const middle = (low + high) / 2;
      if (slope(middle, betas, cost) > 0) low = middle;
      else high = middle;
    }
    found.push((low + high) / 2);
  }
  const expected = (price) => betas.reduce((sum, beta) => sum + price ** beta, 0) * (price - cost);
  return found.reduce((best, price) => (expected(price) > expected(best) ? price : best));
}

export default {
  spec,
  controls: [
    { name: "mean", label: "posterior mean of the elasticity", min: -5, max: -0.5, step: 0.1, value: -1.8 },
    { name: "sd", label: "its standard deviation", min: 0, max: 1, step: 0.05, value: 0.25 },
    { name: "cost", label: "unit cost relative to today's price", min: 0.1, max: 0.9, step: 0.05, value: 0.5 },
    { name: "upper", label: "highest price allowed, relative to today's", min: 1.1, max: 3, step: 0.1, value: 1.5 },
  ],

  compute(settings) {
    const { cost, upper } = settings;
    const betas = draws(settings);
    const price = bestPrice(betas, cost, upper);
    const best = profit(price, betas, cost);
    const bound = price >= upper ? "upper" : price <= LOWEST ? "lower" : "";
    const inelastic = betas.filter((beta) => beta > -1).length / DRAWS;
    return {
      data: {
        curve: GRID.map((x) => profit(x, betas, cost)),
        best: [best],
        allowed: [{ x: LOWEST, x2: upper }],
        today: [{ x: 1, y: 1 }],
        zero: [{ y: 0 }],
      },
      numbers: { price, gain: best.y - 1, lower: best.lower - 1, upper: best.upper - 1, bound, inelastic },
    };
  },

  sentence({ mean, sd, cost }, { price, gain, lower, upper, bound, inelastic }) {
    const where = bound
      ? `is highest at the ${bound} bound, ${decimal(price, 2)} times today's price, and higher beyond it`
      : `is highest at ${decimal(price, 2)} times today's price`;
    return (
      `With an elasticity of ${decimal(mean, 1)}, standard deviation ${decimal(sd, 2)}, and a unit ` +
      `cost of ${percent(cost)} of today's price, expected profit ${where}: ${change(gain)} against ` +
      `today, 90% interval ${change(lower)} to ${change(upper)}. Demand is inelastic in ` +
      `${percent(inelastic, 1)} of the draws.`
    );
  },

  table(settings) {
    const betas = draws(settings);
    return {
      caption: "Profit relative to today's, by price",
      head: ["price relative to today's", "expected", "5%", "95%"],
      rows: [0.7, 0.8, 0.9, 1, 1.1, 1.25, 1.5, 2, 3].map((x) => {
        const { y, lower, upper } = profit(x, betas, settings.cost);
        return [decimal(x, 2), ...[y, lower, upper].map((each) => decimal(each, 3))];
      }),
    };
  },
};
