/** Resending never stops: our last state goes out again, and what is missing is asked for again (C13, K6). */
import { aheadOf, catchUp } from './catch-up.ts';
import type { Turn } from './turn.ts';

export function resend(t: Turn): void {
  const { s, now, params } = t;
  s.resendAt = now + params.resendMs;
  if (s.decided !== undefined) return;
  for (const message of s.sent) t.effects.push({ type: 'broadcast', message });
  s.fetching = undefined;
  for (const [name, message] of s.found) {
    if (message !== undefined) continue;
    const found = new Map(s.found);
    found.delete(name);
    s.found = found;
  }
  catchUp(t, aheadOf(t));
}
