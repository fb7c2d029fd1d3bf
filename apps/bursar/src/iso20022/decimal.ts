/** Decimal texts of XML Schema as bigint: no float in between. */
import { parseAmount } from '@bursar/protocol';

const DECIMAL = /^(\d{1,40})(?:\.(\d{1,40}))?$/;

/**
 * An amount as XML writes it: blanks around it, zeros before it and zeros behind its decimals say nothing. `parseXmlAmount('0012.500', 2)` = 1250n.
 * @returns base units, or undefined for a sign, an exponent, a separator, more decimals than the currency has, or more than 64 bits
 */
export function parseXmlAmount(text: string, exponent: number): bigint | undefined {
  const [, whole, fraction = ''] = DECIMAL.exec(text.trim()) ?? [];
  if (whole === undefined) return undefined;
  const [integer, decimals] = [whole.replace(/^0+(?=\d)/, ''), fraction.replace(/0+$/, '')];
  return parseAmount(decimals === '' ? integer : `${integer}.${decimals}`, exponent);
}

/** Whether the text of a control sum is exactly so many base units. */
export function isSum(text: string, units: bigint, exponent: number): boolean {
  const [, whole, fraction = ''] = DECIMAL.exec(text.trim()) ?? [];
  if (whole === undefined) return false;
  const scale = Math.max(exponent, fraction.length);
  return BigInt(whole + fraction.padEnd(scale, '0')) === units * 10n ** BigInt(scale - exponent);
}

/** Base units as XML writes them: no separators. `xmlAmount(125050n, 2)` = '1250.50'. */
export function xmlAmount(units: bigint, exponent: number): string {
  const digits = units.toString().padStart(exponent + 1, '0');
  return exponent === 0 ? digits : `${digits.slice(0, -exponent)}.${digits.slice(-exponent)}`;
}
