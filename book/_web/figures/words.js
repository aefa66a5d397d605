// Numbers as the sentences and tables of the figures write them.

/** A number with so many decimals, a true minus sign, and no "minus zero". */
export function decimal(value, digits) {
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const text = Math.abs(value).toLocaleString("en-GB", {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
  return value < 0 && /[1-9]/.test(text) ? `−${text}` : text;
}

/** A number with so many significant digits. */
export function significant(value, digits) {
  if (!Number.isFinite(value) || value === 0) return decimal(value, 0);
  const size = Math.floor(Math.log10(Math.abs(value)));
  return decimal(value, Math.max(0, digits - 1 - size));
}

/** A share as a percentage. */
export const percent = (share, digits = 0) => `${decimal(100 * share, digits)}%`;

/** A change as a percentage that has its sign. */
export const change = (share, digits = 1) =>
  (share > 0 && /[1-9]/.test(decimal(100 * share, digits)) ? "+" : "") + percent(share, digits);

/** Numbers evenly spaced on the log scale, both ends included. */
export function geometric(first, last, count) {
  const step = Math.log(last / first) / (count - 1);
  return Array.from({ length: count }, (_, i) => first * Math.exp(i * step));
}
