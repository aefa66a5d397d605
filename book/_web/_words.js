// Numbers and sentences of the price-change calculator. No locale: a point, and a real minus sign.

const sign = (text) => text.replace(/-/g, "−");
const raised = (power) => String(power).replace(/./g, (digit) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(digit)]);

// Three significant digits, whole digits never rounded off.
export function number(value) {
  if (Number.isNaN(value)) return "undefined";
  if (!Number.isFinite(value)) return value > 0 ? "infinity" : "−infinity";
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e9)) {
    const [digits, power] = value.toExponential(2).split("e");
    return `${sign(digits)} × 10${raised(Number(power))}`;
  }
  const decimals = size === 0 ? 0 : Math.max(0, 2 - Math.floor(Math.log10(size)));
  return sign(value.toFixed(decimals));
}

// The same without zeros at the end, for what the reader gave.
export const plain = (value) => sign(String(Number(value.toPrecision(12))));

// A probability in per cent. What rounds to 0% or 100% says so.
export function percent(value) {
  if (value > 0.9999) return "more than 99.99%";
  if (value < 0.0001) return "less than 0.01%";
  const far = value > 0.99 || value < 0.01;
  return `${(100 * value).toFixed(far ? 2 : 1)}%`;
}

export const range = ([lower, upper]) => `${number(lower)} to ${number(upper)}`;

export const level = (prob) => `${plain(100 * prob)}%`;

function sold({ unitsBefore, unitsAfter }) {
  if (unitsBefore + unitsAfter === 0) {
    return "Nothing was sold in either period: what follows comes from the prior alone.";
  }
  const exact = "so the exact interval keeps every rate ratio";
  if (unitsBefore === 0) return `Nothing was sold before, ${exact} up to infinity.`;
  if (unitsAfter === 0) return `Nothing was sold after, ${exact} down to 0.`;
  return "";
}

// What a change of price did to revenue has the probability of elastic demand: chapter 1.
function revenue({ priceBefore, priceAfter }) {
  return priceAfter > priceBefore ? "the price rise lowered revenue" : "the price cut raised revenue";
}

// The result in words.
export function sentence(inputs, { rateBefore, rateAfter, ratio, arc }) {
  const { prob } = inputs;
  const rates = [rateBefore, rateAfter].map((rate) => plain(Number(rate.toPrecision(3))));
  const said = [`Sales went from ${rates[0]} to ${rates[1]} units a day.`];
  said.push(sold(inputs));
  if (arc === null) {
    said.push("The prices are equal, and without a price change there is no arc elasticity.",
      `With ${level(prob)} probability the rate ratio lies between ${number(ratio.lower)} and `
      + `${number(ratio.upper)}; sales fell with probability ${percent(ratio.probFell)}.`);
  } else {
    said.push(`With ${level(prob)} probability the arc elasticity lies between `
      + `${number(arc.lower)} and ${number(arc.upper)}. Demand is elastic, and ${revenue(inputs)}, `
      + `with probability ${percent(arc.probElastic)}.`);
  }
  return said.filter(Boolean).join(" ");
}

// The plan in words.
export function planned(days, { halfWidth, power, exclude, elasticity, prob }) {
  const each = days === 1 ? "1 day" : `${days} days`;
  const goal = exclude === undefined
    ? `the exact ${level(prob)} interval is at most ${plain(halfWidth)} to either side, `
      + "at the counts expected"
    : `the exact ${level(prob)} interval leaves out ${plain(exclude)} with probability `
      + `${level(power)}`;
  return `${each} before the change and ${each} after it: then, if the elasticity is `
    + `${plain(elasticity)}, ${goal}.`;
}

// Lines of Python that give the same numbers.
export function python(inputs) {
  const { priceBefore, priceAfter, unitsBefore, unitsAfter, daysBefore, daysAfter } = inputs;
  const { prob, shape, rate } = inputs;
  const prior = shape === 0.5 && rate === 0 ? "" : `, shape=${shape}, rate=${rate}`;
  const units = `${unitsBefore}, ${unitsAfter}`;
  const days = `days_before=${daysBefore}, days_after=${daysAfter}`;
  const lines = ["import elastic_tutorial as et", "",
    `change = et.PriceChange(${priceBefore}, ${priceAfter}, ${units}, ${days})`,
    `print(et.rate_ratio_interval(change, prob=${prob}))`,
    `ratio = et.rate_ratio_posterior(change${prior})`,
    `print(ratio.interval(${prob}), ratio.cdf(1))`];
  if (priceBefore !== priceAfter) {
    lines.push(`arc = et.arc_elasticity_posterior(change${prior})`,
      `print(arc.median(), arc.interval(${prob}), arc.cdf(-1))`);
  }
  return lines.join("\n");
}
