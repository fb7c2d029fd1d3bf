/** A height is over when storage holds its block: only then the roots are known and the next one opens (docs/protocol.md "Votes" 2). */
import type { Certificate, Digest } from '@bursar/protocol';
import { takeEarly } from './early.ts';
import { nothingHeard } from './heard.ts';
import { onMessage } from './on-message.ts';
import { nextTip, openHeight, tipOf } from './open-height.ts';
import type { Start, Tip } from './state.ts';
import { settleClock } from './timers.ts';
import { record, type Turn, toPhase } from './turn.ts';
import { closeHeight, witness, witnessCertificate } from './witness.ts';

export function onExecuted(t: Turn, height: number, stateRoot: Digest, resultsRoot: Digest): void {
  const { s } = t;
  if (s.decided === undefined || height !== s.height) return;
  toPhase(t, 'Idle', 'executed', 'storage holds the block');
  const { block, certificate } = s.decided;
  openAbove(t, nextTip(s.tip, block, certificate, stateRoot, resultsRoot));
}

/**
 * Storage holds final blocks of others up to `start`: the height above it opens, as after a restart there. Storage has checked every one
 * of them by certificate, and nothing that was said at a height below is needed any more, except to convict whoever contradicted himself.
 *
 * @param certificates of those blocks, in order
 */
export function onCaughtUp(t: Turn, certificates: readonly Certificate[], start: Start): void {
  const { s } = t;
  if (start.height >= s.height) toPhase(t, 'Idle', 'caught up', 'storage holds the blocks that others made final');
  for (const certificate of certificates) {
    witnessCertificate(t, certificate);
    if (certificate.height === s.height && s.height < start.height) passHeight(t);
  }
  if (start.height < s.height) return;
  if (s.height !== start.height) s.past = [];
  openAbove(t, tipOf(t.params.chain, start));
}

/** Opens the height above `tip`, which storage holds. */
function openAbove(t: Turn, tip: Tip): void {
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
function passHeight(t: Turn): void {
  const { s } = t;
  closeHeight(t);
  s.height++;
  s.heard = s.heard.map(() => nothingHeard);
  for (const message of takeEarly(t)) witness(t, message);
}
