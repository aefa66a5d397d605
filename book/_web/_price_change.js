// One product, one price change, as in the package: the functions have the names of `elasticity`
// and `rate_ratio` in `elastic_tutorial.one_change`, and a test compares the two.
// The incomplete Beta function and its inverse come from stdlib; the rest is chapters 1 and 4.
import betainc from "@stdlib/math-base-special-betainc";
import betaincinv from "@stdlib/math-base-special-betaincinv";
import { ArgumentError, checkChange, checkPrior, probability } from "./_arguments.js";

const UPPER = true; // of stdlib's last argument: the tail above instead of the one below

const quotient = (numerator, denominator) => (denominator === 0 ? NaN : numerator / denominator);

// t = (P2 - P1) / (P2 + P1), half the relative price step. Chapter 4, "Through the tanh".
export const relativePrice = (priceBefore, priceAfter) =>
  (priceAfter - priceBefore) / (priceAfter + priceBefore);

// The same, refused where there is no change.
export function relativePriceStep(priceBefore, priceAfter) {
  if (priceBefore === priceAfter) {
    const says = `must differ from the price before, ${priceBefore}: without a price change there `;
    throw new ArgumentError("priceAfter", `${says}is no arc elasticity.`);
  }
  return relativePrice(priceBefore, priceAfter);
}

// (Q2 - Q1) / (Q2 + Q1) over (P2 - P1) / (P2 + P1), the quantities per day. Chapter 1, eq-arc.
export function arcElasticity(priceBefore, priceAfter, quantityBefore, quantityAfter) {
  const sum = quantityAfter + quantityBefore;
  return quotient(
    quotient(quantityAfter - quantityBefore, sum),
    relativePrice(priceBefore, priceAfter),
  );
}

// (alpha - 1) / (alpha + 1) / t of a rate ratio alpha, infinity included. Chapter 1, eq-tanh.
export function arcElasticityFromRatio(priceBefore, priceAfter, rateRatio) {
  const relative = rateRatio === Infinity ? 1 : (rateRatio - 1) / (rateRatio + 1);
  return quotient(relative, relativePrice(priceBefore, priceAfter));
}

// (1 + t e) / (1 - t e), the rate ratio of an arc elasticity, where the step can show it.
export function ratioOfArc(field, elasticity, priceStep) {
  const relative = elasticity * priceStep;
  if (!(Math.abs(relative) < 1)) {
    const bound = Number((1 / Math.abs(priceStep)).toPrecision(6));
    const says = `must lie strictly between ${-bound} and ${bound}, the arc elasticities that this `;
    throw new ArgumentError(field, `${says}price change can show; got ${elasticity}.`);
  }
  return (1 + relative) / (1 - relative);
}

// Quantile of B / (1 - B) at lower-tail probability q, B ~ Beta(first, second); both parts of the
// odds are inverted from the tail that keeps their digits.
const oddsQuantile = (q, first, second) =>
  betaincinv(q, first, second) / betaincinv(q, second, first, UPPER);

// Exact (Clopper-Pearson) interval of the rate ratio. Chapter 4, "Three intervals".
export function rateRatioInterval(change, prob) {
  const tail = (1 - probability("prob", prob)) / 2;
  const { unitsBefore: before, unitsAfter: after } = change;
  const factor = change.daysBefore / change.daysAfter;
  const lower = after ? oddsQuantile(tail, after, before + 1) : 0;
  const upper = before ? 1 / oddsQuantile(tail, before, after + 1) : Infinity;
  return [factor * lower, factor * upper];
}

// P(B <= share) and P(B > share) of B ~ Beta(first, second), with rest = 1 - share.
function tails(share, rest, first, second) {
  if (share < 0.5) {
    return [betainc(share, first, second), betainc(share, first, second, true, UPPER)];
  }
  return [betainc(rest, second, first, true, UPPER), betainc(rest, second, first)];
}

function posteriorParameters(change, { shape = 0.5, rate = 0 } = {}) {
  checkPrior(shape, rate, change);
  const factor = (rate + change.daysBefore) / (rate + change.daysAfter);
  return [shape + change.unitsAfter, shape + change.unitsBefore, factor];
}

const logBeta = (share, rest, first, second) =>
  (first - 1) * Math.log(share) + (second - 1) * Math.log(rest);

// Posterior of the rate ratio, factor * B / (1 - B). Chapter 4, thm-ratio-posterior.
export function rateRatioPosterior(change, prior) {
  const [after, before, factor] = posteriorParameters(change, prior);
  return {
    support: [0, Infinity],
    quantile: (q) => factor * oddsQuantile(q, after, before),
    cdf: (ratio) => tails(ratio / (ratio + factor), factor / (ratio + factor), after, before)[0],
    logDensity(ratio) { // up to a constant
      const sum = ratio + factor;
      return logBeta(ratio / sum, factor / sum, after, before) - 2 * Math.log(sum);
    },
  };
}

// Posterior of the arc elasticity, the law above through the tanh. Chapter 4,
// eq-interval-arc-density.
export function arcElasticityPosterior(change, prior) {
  const step = relativePriceStep(change.priceBefore, change.priceAfter);
  const [after, before, factor] = posteriorParameters(change, prior);
  const relative = (q, first, second, ratio) => {
    const share = ratio * betaincinv(q, first, second);
    const rest = betaincinv(q, second, first, UPPER);
    return (share - rest) / (share + rest);
  };
  const shares = (arc) => {
    const up = 1 + arc * step, down = factor * (1 - arc * step);
    return [up / (up + down), down / (up + down), up + down];
  };
  return {
    support: [-1 / Math.abs(step), 1 / Math.abs(step)],
    quantile: (q) => (step > 0
      ? relative(q, after, before, factor)
      : -relative(q, before, after, 1 / factor)) / step,
    cdf(arc) {
      const [share, rest] = shares(arc);
      return tails(share, rest, after, before)[step > 0 ? 0 : 1];
    },
    logDensity(arc) { // up to a constant
      const [share, rest, sum] = shares(arc);
      return logBeta(share, rest, after, before) - 2 * Math.log(sum);
    },
  };
}

const summary = (law, tail) => ({
  lower: law.quantile(tail), median: law.quantile(0.5), upper: law.quantile(1 - tail),
});

// All that the page reports of one price change. `arc` is null at equal prices.
export function priceChange(inputs) {
  const change = checkChange(inputs);
  const { priceBefore, priceAfter, prob = 0.95 } = inputs;
  const rateBefore = change.unitsBefore / change.daysBefore;
  const rateAfter = change.unitsAfter / change.daysAfter;
  const interval = rateRatioInterval(change, prob);
  const tail = (1 - prob) / 2;
  const law = rateRatioPosterior(change, inputs);
  const ratio = { estimate: rateAfter / rateBefore, interval, ...summary(law, tail),
    probFell: law.cdf(1), law };
  if (priceBefore === priceAfter) return { rateBefore, rateAfter, ratio, arc: null };
  const arcLaw = arcElasticityPosterior(change, inputs);
  const arcs = interval.map((limit) => arcElasticityFromRatio(priceBefore, priceAfter, limit));
  const arc = { estimate: arcElasticity(priceBefore, priceAfter, rateBefore, rateAfter),
    interval: arcs.sort((a, b) => a - b), ...summary(arcLaw, tail), probElastic: arcLaw.cdf(-1),
    law: arcLaw };
  return { rateBefore, rateAfter, ratio, arc };
}
