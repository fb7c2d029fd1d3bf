/** View timers, and the one moment at which the engine wants to be woken (K6). */
import { stakeOf } from '@bursar/membership';
import { hasBatches } from './select-batches.ts';
import { leader, type Turn } from './turn.ts';

/** Views after which the time-out grows no more: 2^16 times the base is days. */
const DOUBLINGS = 16;
/** Resends that come sooner than `resendMs`. */
const QUICK_RESENDS = 2;

export const viewTimeout = (t: Turn): number => t.params.viewTimeoutMs * 2 ** Math.min(t.s.view, DOUBLINGS);

/**
 * When our last state goes out again: at first soon, which makes good what the network lost, then ever later up to every `resendMs`.
 * @param isNews there is something that was never sent
 */
export function scheduleResend({ s, now, params }: Turn, isNews: boolean): void {
  s.resends = isNews ? 0 : s.resends + 1;
  s.resendAt = now + params.resendMs / 2 ** Math.max(0, QUICK_RESENDS - s.resends);
}

/** First step of a height: its times begin. Also follows a wall clock that was set back, or every timer would wait for it. */
export function settleClock(t: Turn): void {
  const { s, now, params } = t;
  const back = s.clock - now;
  if (back > 0 && s.openedAt !== undefined) {
    s.openedAt -= back;
    s.dueAt -= back;
    s.deadline -= back;
    s.resendAt -= back;
  }
  if (back > 0) s.catchUpAt -= back;
  s.clock = now;
  if (s.openedAt !== undefined) return;
  s.openedAt = now;
  scheduleResend(t, true);
  const atOnce = s.view > 0 || s.tip.content || hasBatches(s, now);
  s.dueAt = atOnce ? now : now + params.blockIntervalMs;
  if (s.decided === undefined) s.deadline = s.dueAt + viewTimeout(t);
}

/** A proposal is due from now on; view 0 runs from the moment at which one is due. */
export function startView(t: Turn): void {
  const { s, now } = t;
  if (s.dueAt <= now) return;
  s.dueAt = now;
  if (s.view === 0 && s.decided === undefined) s.deadline = now + viewTimeout(t);
}

/** The timer of a view that was entered: it runs in full from there. */
export function restartView(t: Turn): void {
  t.s.dueAt = Math.min(t.s.dueAt, t.now);
  t.s.deadline = t.now + viewTimeout(t);
}

/**
 * While we wait for a NewView, the timer starts when a quorum is in this view or above. So a validator that was cut off stays
 * in the first view it asked for and the others can reach it, instead of doubling its time-outs alone.
 */
export function armViewTimer(t: Turn): boolean {
  const { s, params, rules } = t;
  if (s.standing !== 'changing' || s.deadline !== Infinity) return false;
  const there = s.viewChanges.flatMap((of, i) => ((of.at(-1)?.vote.vote.view ?? -1) >= s.view ? [i] : []));
  if (!rules.isQuorum(params.set, stakeOf(params.set, there))) return false;
  s.deadline = t.now + viewTimeout(t);
  return true;
}

/** Tells the driver when to send the next tick, if that changed; a tick used up the wake before it. */
export function wake(t: Turn, ticked: boolean): void {
  const { s, params } = t;
  const leads = s.standing === 'active' && s.accepted === undefined && s.decided === undefined && leader(t) === params.self;
  const due = leads && s.dueAt > t.now ? s.dueAt : Infinity;
  const next = Math.min(s.deadline, due, s.resendAt);
  if (next === Infinity || (next === s.wakeAt && !ticked)) return;
  s.wakeAt = next;
  t.effects.push({ type: 'wake', atMs: next });
}
