/** A message with our own signature from the network: an echo, or somebody else signs with our key. */
import type { Weighed } from './gate-stake.ts';
import { holdViewChange } from './on-view-change.ts';
import { rejectMessage, type Turn } from './turn.ts';

/** Heights above the one seen at which we stay mute as well. */
const QUARANTINE = 2;

/**
 * docs/protocol.md "Durability": whenever a peer shows a signature of ours that we do not know, this process lost its records or
 * another one runs with its key: it signs nothing until two heights later. Views that were left, a height that
 * is decided, and those where an earlier run signed what may be forgotten are not remembered vote by vote.
 */
export function onOwnEcho(t: Turn, m: Weighed): void {
  const { s } = t;
  const { height, view, digest } = m.vote.vote;
  if (height < s.height || (height === s.height && (view < s.view || s.decided !== undefined))) return;
  const { intents } = s;
  const isHere = height === s.height && view === s.view;
  if (isHere && m.kind === 'view-change' && s.standing === 'changing' && intents.viewChange === undefined) {
    // The log has lost what it says. A NewView may rest on it.
    if (!s.viewChanges[t.params.self]?.some((o) => o.vote.vote.view === view)) holdViewChange(t, m);
    return;
  }
  if (height < s.forgottenBelow || s.memory.has(height)) return; // an earlier run may have said it
  const known = {
    'pre-prepare': s.lastVote?.view === view && s.lastVote.digest === digest,
    prepare: s.lastVote?.view === view && s.lastVote.digest === digest,
    commit: intents.commit?.digest === digest,
    'view-change': intents.viewChange === undefined || intents.viewChange.vote.digest === digest,
    'new-view': intents.newView?.vote.digest === digest,
  }[m.kind];
  if (isHere && known) return;
  rejectMessage(t, 'SignerBehind', m);
  s.muteBelow = Math.max(s.muteBelow, height + QUARANTINE + 1);
}
