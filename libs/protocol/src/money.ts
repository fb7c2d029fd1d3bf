/** Amounts: `bigint` base units inside, decimal text outside; no float in between. */

/** The largest amount: u64. */
export const MAX_AMOUNT = 2n ** 64n - 1n;

/**
 * `parseAmount('1250.50', 2)` = 125050n.
 * @returns undefined for anything but digits with at most `exponent` decimals, no sign, no separator, within u64.
 */
export function parseAmount(text: string, exponent: number): bigint | undefined {
  const found = /^(0|[1-9]\d{0,19})(?:\.(\d{1,18}))?$/.exec(text);
  if (!found) return undefined;
  const fraction = found[2] ?? '';
  if (fraction.length > exponent) return undefined;
  const units = BigInt(`${found[1]}${fraction.padEnd(exponent, '0')}`);
  return units <= MAX_AMOUNT ? units : undefined;
}

/** `formatAmount(125050n, 2)` = '1,250.50'. */
export function formatAmount(units: bigint, exponent: number): string {
  const digits = units.toString().padStart(exponent + 1, '0');
  const whole = digits.slice(0, digits.length - exponent).replace(/\B(?=(\d{3})+$)/g, ',');
  return exponent === 0 ? whole : `${whole}.${digits.slice(-exponent)}`;
}
