/** A limit over time as it is typed: `treasury:1d:200000.00` or `payee:30d:60000.00`. */
import { type Genesis, type PaymentLimits, parseAmount } from '@bursar/protocol';
import { usage } from '../errors.ts';

const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** @throws FieldInvalid (exit 64) for anything else */
export function windowOf(text: string, { code, exponent }: Genesis['currency']): PaymentLimits['windows'][number] {
  const [, scope, count, unit, amount] = /^(treasury|payee):(\d{1,6})([smhd]):([\d.]{1,40})$/.exec(text) ?? [];
  const most = amount === undefined ? undefined : parseAmount(amount, exponent);
  if (scope === undefined || !most)
    throw usage(`"${text.slice(0, 60)}" is no limit over time`, `Write treasury:1d:200000.00 or payee:30d:60000.00, amounts in ${code}.`);
  return { lengthMs: Number(count) * (UNIT_MS[unit ?? ''] ?? 0), most, scope: scope === 'payee' ? 'payee' : 'treasury' };
}
