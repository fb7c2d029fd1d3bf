/** The period of a statement: days of UTC, or instants with their zone. */
import { parseNotBefore } from '../csv/not-before.ts';

const DAY_MS = 86_400_000;

/**
 * `2026-11-01` is a day from 00:00 to 24:00 UTC: from its beginning on, and up to its end. An instant is taken as it is; the last one is
 * not in the period any more.
 * @returns ms since 1970, or undefined for anything else
 */
export function periodEdge(text: string, edge: 'from' | 'to', nowMs: number): number | undefined {
  if (/^\d{4}-\d\d-\d\d$/.test(text)) {
    const start = parseNotBefore(`${text}T00:00:00Z`, nowMs);
    return start === undefined || edge === 'from' ? start : start + DAY_MS;
  }
  return text.includes('T') ? parseNotBefore(text, nowMs) : undefined;
}
