// Three likelihoods of the rate ratio of two counts, a day each, as the prior of the rate moves.
import spec from "./likelihoods.vl.json";
import { decimal, geometric, significant } from "./words.js";

const RATIOS = geometric(0.1, 10, 181);
const KINDS = ["conditional", "profile", "marginal, Gamma prior"];

/** A count times the log of a positive number, with 0 log 0 = 0. */
const times = (count, value) => (count === 0 ? 0 : count * Math.log(value));

/** Log probability of the split of the total, up to a constant. */
export function conditional(ratio, { before, after }) {
  if (ratio === Infinity) return before === 0 ? 0 : -Infinity;
  return times(after, ratio) - times(before + after, 1 + ratio);
}

/** Log probability of both counts at the best rate for each ratio, up to a constant. */
export function profile(ratio, { before, after }) {
  if (ratio === Infinity) return times(after, after) - after;
  const rate = (before + after) / (1 + ratio);
  return times(before, rate) - rate + times(after, ratio * rate) - ratio * rate;
}

/** Log probability of both counts with the rate integrated over its Gamma prior, up to a constant. */
export function marginal(ratio, { before, after, mean, shape }) {
  return times(after, ratio) - (shape + before + after) * Math.log(shape / mean + 1 + ratio);
}

/** Rate ratios at which the likelihoods are largest: without a prior, and with it. */
export function peaks({ before, after, mean, shape }) {
  const plain = before === 0 ? (after === 0 ? NaN : Infinity) : after / before;
  return { plain, withPrior: after / ((shape + before) / (shape / mean + 1)) };
}

/** A likelihood at each ratio, relative to its largest value. */
function relative(logLikelihood, settings, peak, kind) {
  const top = logLikelihood(Number.isNaN(peak) ? 1 : peak, settings);
  return RATIOS.map((x) => ({ x, y: Math.exp(logLikelihood(x, settings) - top), kind }));
}

const ratioInWords = (value) => (Number.isNaN(value) ? "none" : significant(value, 3));

export default {
  spec,
  controls: [
    { name: "before", label: "units sold before, one day", min: 0, max: 40, step: 1, value: 10 },
    { name: "after", label: "units sold after, one day", min: 0, max: 40, step: 1, value: 7 },
    {
      name: "mean",
      label: "prior mean of the rate before",
      unit: "units per day",
      values: [0.5, 1, 2, 3, 5, 7, 10, 15, 20, 30, 50],
      value: 2,
    },
    {
      name: "shape",
      label: "shape of the prior, as if sold before",
      unit: "units",
      values: [0.1, 0.5, 1, 2, 5, 10, 20, 50],
      value: 5,
    },
  ],

  compute(settings) {
    const { plain, withPrior } = peaks(settings);
    const curves = [
      relative(conditional, settings, plain, KINDS[0]),
      relative(profile, settings, plain, KINDS[1]),
      relative(marginal, settings, withPrior, KINDS[2]),
    ].flat();
    const peak = (x) => (x >= 0.1 && x <= 10 ? [{ x, y: 1 }] : []);
    return {
      data: { curves, plainPeak: peak(plain), priorPeak: peak(withPrior) },
      numbers: { plain, withPrior },
    };
  },

  sentence({ before, after, mean, shape }, { plain, withPrior }) {
    const without = Number.isNaN(plain)
      ? "the conditional and the profile likelihood are flat"
      : `the conditional and the profile likelihood are largest at a rate ratio of ${ratioInWords(plain)}`;
    return (
      `With ${before} sold before and ${after} after, ${without}, and the marginal likelihood ` +
      `under a Gamma prior of mean ${mean} and shape ${shape} at ${ratioInWords(withPrior)}.`
    );
  },

  table(settings, { plain, withPrior }) {
    const at = (logLikelihood, peak) => (ratio) => {
      const top = logLikelihood(Number.isNaN(peak) ? 1 : peak, settings);
      return decimal(Math.exp(logLikelihood(ratio, settings) - top), 3);
    };
    const columns = [at(conditional, plain), at(profile, plain), at(marginal, withPrior)];
    return {
      caption: "Likelihoods, each relative to its maximum",
      head: ["rate ratio α", ...KINDS],
      rows: [0.2, 0.5, 0.7, 1, 1.5, 2, 5].map((x) => [`${x}`, ...columns.map((f) => f(x))]),
    };
  },
};
