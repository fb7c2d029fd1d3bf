/** A height is over when storage holds its block: only then the roots are known and the next one opens (docs/protocol.md "Votes" 2). */
import type { Digest } from '@bursar/protocol';
import { takeEarly } from './early.ts';
import { onMessage } from './on-message.ts';
import { nextTip, openHeight } from './open-height.ts';
import type { Tip } from './state.ts';
import { settleClock } from './timers.ts';
import { record, type Turn, toPhase } from './turn.ts';
import { closeHeight, nothingHeard, witness } from './witness.ts';

export function onExecuted(t: Turn, height: number, stateRoot: Digest, resultsRoot: Digest): void {
  const { s } = t;
  if (s.decided === undefined || height !== s.height) return;
  toPhase(t, 'Idle', 'executed', 'storage holds the block');
  const { block, certificate } = s.decided;
  openAbove(t, nextTip(s.tip, block, certificate, stateRoot, resultsRoot));
}

/** Opens the height above `tip`, which storage holds. */
export function openAbove(t: Turn, tip: Tip): void {
  const { s } = t;
  const { height, digest } = tip;
  const askers = s.decided?.askers ?? [];
  // A floor drops every record before it. While the log holds something of later heights (storage was put back to an older one,
  // or the floor that should stand between was never written), it stays whole.
  const isAllKnown = [...s.memory.keys()].every((h) => h <= height);
  openHeight(t, tip);
  if (height > s.floor && isAllKnown) {
    s.floor = height;
    record(t, { kind: 'floor', height, block: digest }, false);
  }
  for (const to of askers) t.effects.push({ type: 'notify', to });
  settleClock(t);
  for (const message of takeEarly(t)) if (!t.s.halted) onMessage(t, message);
}

/** Catch-up goes over the open height on its way: what was heard of it is remembered, what came early for the next one is heard. */
export function passHeight(t: Turn): void {
  const { s } = t;
  closeHeight(t);
  s.height++;
  s.heard = s.heard.map(() => nothingHeard);
  for (const message of takeEarly(t)) witness(t, message);
}
