/** A message with our own signature from the network: an echo, or somebody else signs with our key. */
import type { Message } from '@bursar/protocol';
import { rejectMessage, type Turn } from './turn.ts';

/** Heights above the one seen at which we stay mute as well. */
const QUARANTINE = 2;

/**
 * docs/protocol.md "Durability": whenever a peer shows a signature of ours that we do not know, this process lost its records or
 * another one runs with its key: it signs nothing until two heights later. Views that were left, and a height that
 * is decided, are not remembered vote by vote.
 */
export function onOwnEcho(t: Turn, m: Message): void {
  const { s } = t;
  const { height, view, digest } = m.vote.vote;
  if (height < s.height || (height === s.height && (view < s.view || s.decided !== undefined))) return;
  const { intents } = s;
  const known = {
    'pre-prepare': s.lastVote?.view === view && s.lastVote.digest === digest,
    prepare: s.lastVote?.view === view && s.lastVote.digest === digest,
    commit: intents.commit?.digest === digest,
    'view-change': intents.viewChange === undefined ? s.standing === 'active' : intents.viewChange.vote.digest === digest,
    'new-view': intents.newView?.vote.digest === digest,
  }[m.kind];
  if (height === s.height && view === s.view && known) return;
  rejectMessage(t, 'SignerBehind', m);
  s.muteBelow = Math.max(s.muteBelow, height + QUARANTINE + 1);
}
