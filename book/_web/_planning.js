// Days that a planned price change needs: `elastic_tutorial.days_needed`, search for search, so
// that both give the same whole number. Chapter 4, "How many days?".
import betainc from "@stdlib/math-base-special-betainc";
import betaincinv from "@stdlib/math-base-special-betaincinv";
import normalQuantile from "@stdlib/stats-base-dists-normal-quantile";
import { ArgumentError, MOST_UNITS, finiteNumber, positiveNumber, probability }
  from "./_arguments.js";
import { ratioOfArc, relativePriceStep } from "./_price_change.js";

const MOST_DAYS = 1e6;
const MOST_TOTALS = 1000; // at most so many totals enter the mean over the Poisson total
const UPPER = true;

// Give either `halfWidth` or `exclude`; two periods of equal length, whole days, 1 or more.
export function daysNeeded({ rateBefore, priceBefore, priceAfter, elasticity, halfWidth, exclude,
  prob = 0.95, power = 0.8 }) {
  positiveNumber("rateBefore", rateBefore);
  if (rateBefore > MOST_UNITS) {
    throw new ArgumentError("rateBefore", `must be at most 10,000,000; got ${rateBefore}.`);
  }
  positiveNumber("priceBefore", priceBefore);
  positiveNumber("priceAfter", priceAfter);
  const step = relativePriceStep(priceBefore, priceAfter);
  const tail = (1 - probability("prob", prob)) / 2;
  const ratio = ratioOfArc("elasticity", finiteNumber("elasticity", elasticity), step);
  if ((halfWidth === undefined) === (exclude === undefined)) {
    throw new ArgumentError("halfWidth", "or exclude must be given, and not both.");
  }
  if (exclude === undefined) {
    positiveNumber("halfWidth", halfWidth);
    const narrow = (units) => arcHalfWidth(units, ratio * units, step, tail) <= halfWidth;
    return firstDay(narrow, rateBefore, "halfWidth");
  }
  probability("power", power);
  const nullRatio = ratioOfArc("exclude", finiteNumber("exclude", exclude), step);
  if (nullRatio === ratio) {
    throw new ArgumentError("exclude", "must differ from elasticity, the value planned for; "
      + `got ${exclude} for both.`);
  }
  const powerful = (units) => exclusionProbability(units, ratio, nullRatio, tail) >= power;
  return firstDay(powerful, rateBefore, "power");
}

// Half the exact interval of the arc elasticity; fractional counts stand for expected ones.
function arcHalfWidth(unitsBefore, unitsAfter, step, tail) {
  const low = 2 * betaincinv(tail, unitsAfter, unitsBefore + 1) - 1;
  const high = 1 - 2 * betaincinv(tail, unitsBefore, unitsAfter + 1);
  return (high - low) / 2 / Math.abs(step);
}

// Probability that the exact interval of two equal periods leaves out `nullRatio`: given the total
// n the count after is binomial, and a tail of it at the null ratio must fall below `tail`; then
// the mean over n ~ Poisson, of every n or of an even selection of very many.
export function exclusionProbability(unitsBefore, ratio, nullRatio, tail) {
  const share = ratio / (1 + ratio), nullShare = nullRatio / (1 + nullRatio);
  const z = normalQuantile(tail, 0, 1);
  const spread = (n) => z * Math.sqrt(n * nullShare * (1 - nullShare));
  let excluded = 0, weights = 0, high, low, last;
  for (const [n, weight] of poissonTotals(unitsBefore * (1 + ratio))) {
    const shift = last === undefined ? undefined : (n - last) * nullShare;
    high = firstCount(high === undefined ? n * nullShare - spread(n) : high + shift,
      (k) => binomialAbove(k, n, nullShare) <= tail);
    low = firstCount(low === undefined ? n * nullShare + spread(n) : low + shift,
      (k) => 1 - binomialAbove(k, n, nullShare) >= tail);
    excluded += weight * (binomialAbove(high, n, share) + binomialBelow(low, n, share));
    weights += weight;
    last = n;
  }
  return excluded / weights;
}

// Totals and their Poisson weights relative to that of the most probable one.
function poissonTotals(mean) {
  const reach = 8 * Math.sqrt(mean) + 10;
  const lowest = Math.max(0, Math.trunc(mean - reach)), highest = Math.trunc(mean + reach) + 1;
  const stride = 1 + Math.floor((highest - lowest) / MOST_TOTALS);
  const mode = Math.floor(mean);
  const weight = new Float64Array(highest - lowest + 1);
  weight[mode - lowest] = 1;
  for (let n = mode; n < highest; n += 1) weight[n + 1 - lowest] = weight[n - lowest] * mean / (n + 1);
  for (let n = mode; n > lowest; n -= 1) weight[n - 1 - lowest] = weight[n - lowest] * n / mean;
  const totals = [];
  for (let n = lowest; n <= highest; n += stride) totals.push([n, weight[n - lowest]]);
  return totals;
}

// P(X > k) and P(X < k) of X ~ Binomial(n, share), each from its own tail.
function binomialAbove(k, n, share) {
  if (k < 0) return 1;
  return k >= n ? 0 : betainc(share, k + 1, n - k);
}

function binomialBelow(k, n, share) {
  if (k <= 0) return 0;
  return k > n ? 1 : betainc(share, k, n - k + 1, true, UPPER);
}

// Smallest count from 0 on that holds, searched from a guess; it holds for all larger counts.
function firstCount(guess, holds) {
  let k = Math.max(0, Math.round(guess));
  while (!holds(k)) k += 1;
  while (k > 0 && holds(k - 1)) k -= 1;
  return k;
}

// First whole number of days that is enough while the day before it is not.
function firstDay(enough, rateBefore, field) {
  const most = Math.max(1, Math.trunc(Math.min(MOST_DAYS, MOST_UNITS / rateBefore)));
  let high = 1;
  while (!enough(rateBefore * high)) {
    if (high >= most) {
      throw new ArgumentError(field, `would take over ${most.toLocaleString("en")} days: plan a `
        + "larger price change, or ask for less.");
    }
    high = Math.min(2 * high, most);
  }
  let low = Math.floor(high / 2);
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (enough(rateBefore * middle)) high = middle;
    else low = middle;
  }
  return high;
}
