/** Resending never stops: our last state goes out again, and what is missing is asked for again (C13, K6). */
import { aheadOf, catchUp } from './catch-up.ts';
import { forgetUnfound } from './new-view.ts';
import { scheduleResend } from './timers.ts';
import type { Turn } from './turn.ts';

export function resend(t: Turn): void {
  const { s } = t;
  scheduleResend(t, false);
  // Also while our storage is at work on the block: others may still need our Commit.
  for (const message of s.sent) t.effects.push({ type: 'broadcast', message });
  if (s.decided !== undefined) return;
  s.fetching = new Set();
  forgetUnfound(t);
  catchUp(t, aheadOf(t));
}
