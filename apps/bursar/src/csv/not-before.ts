/** When a payment is due: an instant with its zone, or a wait from now. */

const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const MAX_WAIT_MS = 3_660 * 86_400_000;
const INSTANT = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,3}))?)?(Z|([+-])(\d\d):(\d\d))$/;

/**
 * `2026-12-24T08:00:00+01:00`, `2026-12-24T07:00Z`, or `+8s`, `+15m`, `+2h`, `+1d` from `nowMs`; empty = at once;
 * at most ten years ahead.
 * @returns ms since 1970 (0 = at once), or undefined for anything else
 */
export function parseNotBefore(text: string, nowMs: number): number | undefined {
  if (text === '') return 0;
  const wait = /^\+(\d{1,9})([smhd])$/.exec(text);
  if (wait) {
    const ms = Number(wait[1]) * (UNIT_MS[wait[2] ?? ''] ?? 0);
    return ms <= MAX_WAIT_MS ? nowMs + ms : undefined;
  }
  const m = INSTANT.exec(text);
  if (!m) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = m.slice(1, 7).map((x) => Number(x ?? 0));
  const utc = Date.UTC(year, month - 1, day, hour, minute, second, Number((m[7] ?? '').padEnd(3, '0')));
  const back = new Date(utc);
  // Date rolls 31 February over into March and takes the year 26 for 1926; a typing error must not become another day.
  if (
    back.getUTCFullYear() !== year ||
    back.getUTCMonth() !== month - 1 ||
    back.getUTCDate() !== day ||
    back.getUTCHours() !== hour ||
    minute > 59 ||
    second > 59
  )
    return undefined;
  const [offsetHours, offsetMinutes] = [Number(m[10] ?? 0), Number(m[11] ?? 0)];
  if (offsetHours > 14 || offsetMinutes > 59) return undefined;
  const offset = (offsetHours * 60 + offsetMinutes) * 60_000;
  const ms = m[9] === '-' ? utc + offset : utc - offset;
  return ms >= 0 && ms <= nowMs + MAX_WAIT_MS ? ms : undefined; // a payment meant for 2026 must not wait for 2126
}
