// Checks of what a reader gives: the rules and the words of `elastic_tutorial.validation`.

export const MOST_UNITS = 1e7; // the incomplete Beta function of the library keeps nine digits so far

// An argument that cannot be used: `field` names it, `says` what is allowed and what came.
export class ArgumentError extends Error {
  constructor(field, says) {
    super(`${field} ${says}`);
    this.name = "ArgumentError";
    this.field = field;
    this.says = says;
  }
}

function realNumber(field, value) {
  if (typeof value !== "number") throw new ArgumentError(field, `must be a number; got ${value}.`);
  return value;
}

function must(field, value, holds, allowed) {
  if (!holds(realNumber(field, value))) {
    throw new ArgumentError(field, `must ${allowed}; got ${value}.`);
  }
  return value;
}

export const positiveNumber = (field, value) =>
  must(field, value, (x) => x > 0 && x < Infinity, "be a finite number above 0");

export const nonNegativeNumber = (field, value) =>
  must(field, value, (x) => x >= 0 && x < Infinity, "be a finite number, 0 or more");

export const finiteNumber = (field, value) =>
  must(field, value, Number.isFinite, "be a finite number");

export const probability = (field, value) =>
  must(field, value, (x) => x > 0 && x < 1, "lie strictly between 0 and 1");

// The package goes further.
const notTooLarge = (field, value) =>
  must(field, value, (x) => x <= MOST_UNITS, "be at most 10,000,000 on this page");

export function wholeCount(field, value) {
  must(field, value, (x) => x >= 0 && Number.isInteger(x), "be a whole number, 0 or more");
  return notTooLarge(field, value);
}

const gammaShape = (field, value) => notTooLarge(field, nonNegativeNumber(field, value));

// What each argument must be by itself.
export const RULES = {
  priceBefore: positiveNumber, priceAfter: positiveNumber,
  daysBefore: positiveNumber, daysAfter: positiveNumber,
  unitsBefore: wholeCount, unitsAfter: wholeCount,
  prob: probability, shape: gammaShape, rate: nonNegativeNumber,
  rateBefore: positiveNumber, elasticity: finiteNumber,
  halfWidth: positiveNumber, exclude: finiteNumber, power: probability,
};

// The arguments of `PriceChange`, in its order.
export function checkChange(change) {
  const prices = ["priceBefore", "priceAfter"], days = ["daysBefore", "daysAfter"];
  for (const field of [...prices, ...days, "unitsBefore", "unitsAfter"]) {
    RULES[field](field, change[field]);
  }
  return change;
}

// A Gamma(shape, rate) prior, or its improper limit at rate 0.
export function checkPrior(shape, rate, change) {
  RULES.shape("shape", shape);
  RULES.rate("rate", rate);
  if (shape === 0 && rate > 0) {
    throw new ArgumentError("shape", `must be above 0 when rate is; got shape=0, rate=${rate}.`);
  }
  for (const field of ["unitsBefore", "unitsAfter"]) {
    if (shape + change[field] === 0) {
      const says = "is 0: with shape=0 the posterior is improper; give a shape above 0.";
      throw new ArgumentError(field, says);
    }
  }
}
