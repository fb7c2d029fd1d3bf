/** Goes on with a height where an earlier run of this validator left it (docs/protocol.md "Durability"). */
import { headerDigest, type Message, type SignedVote, type Vote, viewChangeDigest } from '@bursar/protocol';
import type { Place } from './choose.ts';
import type { Unsigned } from './effect.ts';
import { decide } from './finalise.ts';
import { putKnown } from './known-blocks.ts';
import { claimOf } from './new-view.ts';
import { adopt } from './on-signed.ts';
import type { Recalled } from './recall-records.ts';
import { ask, isMute, leader, ownVote, type Turn, toPhase } from './turn.ts';

export function recall(t: Turn, r: Recalled): void {
  const { s } = t;
  if (!isMute(t)) {
    s.lastVote = lastVoteOf(r);
    for (const c of r.prepared) if (c.view > (s.prepared?.view ?? -1)) s.prepared = c;
  }
  for (const { block, certificate } of r.proposals) {
    putKnown(t, headerDigest(block.header), { block, certificate, recorded: true, bodies: 'unasked' });
  }
  if (r.final !== undefined) {
    decide(t, r.final.certificate.digest, r.final.block, r.final.certificate);
    return;
  }
  if (isMute(t)) return; // how we voted there may be forgotten in part: we only listen, and serve what we have
  // The highest view of which anything was said: nothing below it is ever signed again.
  s.view = Math.max(0, s.prepared?.view ?? 0, ...votesOf(r).map((v) => v.view));
  s.standing = s.view === 0 || s.lastVote?.view === s.view || s.prepared?.view === s.view ? 'active' : 'changing';
  recallViewChange(t, r);
  recallNewView(t, r);
  recallPrepare(t, r);
  recallCommit(t, r);
}

const votesOf = (r: Recalled): Vote[] => [...r.intents.map((i) => i.vote), ...r.signed.map((v) => v.vote)];

/** max(log, signer's rows): an intent may have been signed; where they differ, what was signed holds. */
function lastVoteOf(r: Recalled): Place | undefined {
  let last: Place | undefined;
  for (const { phase, view, digest } of votesOf(r)) if (phase === 'prepare' && view >= (last?.view ?? 0)) last = { view, digest };
  return last;
}

const isSame = (a: Vote, b: Vote): boolean => a.phase === b.phase && a.view === b.view && a.digest === b.digest;
const isIntended = (r: Recalled, vote: Vote): boolean => r.intents.some((i) => isSame(i.vote, vote));
const signatureOf = (r: Recalled, vote: Vote): SignedVote | undefined => r.signed.find((s) => isSame(s.vote, vote));

/** With the signature that exists, or asks for it again: the same bytes, hence the same signature. What the log has lost is written first. */
function again(t: Turn, r: Recalled, message: Unsigned): void {
  const vote = isIntended(r, message.vote) ? signatureOf(r, message.vote) : undefined;
  if (vote === undefined) ask(t, message);
  else adopt(t, { ...message, vote } as Message);
}

/** A ViewChange found signed is adopted, and one that was about to be signed is signed: the view was left. */
function recallViewChange(t: Turn, r: Recalled): void {
  const { s } = t;
  if (s.standing === 'active') return;
  const intent = r.intents.find(({ vote }) => vote.phase === 'view-change' && vote.view === s.view);
  // Signed, but the log lost its content: the view stays left, and the next ViewChange speaks for us, or this one when it comes back (`onOwnEcho`).
  if (intent?.viewChange === undefined) return;
  s.intents = { viewChange: { vote: intent.vote, content: intent.viewChange } };
  again(t, r, { kind: 'view-change', vote: intent.vote, content: intent.viewChange });
}

/** A view of ours: its set is in the log, so the choice comes out the same. If it is not, this view gets no second NewView. */
function recallNewView(t: Turn, r: Recalled): void {
  const { s, params, rules } = t;
  const vote = votesOf(r).find((v) => v.phase === 'new-view' && v.view === s.view);
  if (vote === undefined) return;
  const content = r.intents.find((i) => i.newView !== undefined && i.vote.digest === vote.digest)?.newView;
  s.intents = { ...s.intents, newView: { vote, content: content ?? { viewChanges: [] } } };
  if (content === undefined) return;
  const own = ownViewChange(t, r);
  const held = own === undefined ? r.evidence : [...r.evidence, own];
  const set = content.viewChanges.map(({ validator, digest }) =>
    held.find((m) => m.vote.validator === validator && m.vote.vote.view === s.view && m.vote.vote.digest === digest),
  );
  if (set.some((m) => m === undefined)) return;
  s.justification = set.filter((m) => m !== undefined);
  s.mandatory = rules.choose(params.set, s.justification.map(claimOf));
  s.standing = 'active';
  s.sent = [];
  again(t, r, { kind: 'new-view', vote, content });
}

function ownViewChange(t: Turn, r: Recalled) {
  const intent = r.intents.find(({ vote }) => vote.phase === 'view-change' && vote.view === t.s.view);
  const vote = intent === undefined ? undefined : signatureOf(r, intent.vote);
  if (intent?.viewChange === undefined || vote === undefined || viewChangeDigest(intent.viewChange) !== vote.vote.digest) return undefined;
  return { kind: 'view-change' as const, vote, content: intent.viewChange };
}

function recallPrepare(t: Turn, r: Recalled): void {
  const { s, params } = t;
  if (s.lastVote?.view !== s.view) return;
  const { digest } = s.lastVote;
  const known = s.known.get(digest);
  const vote = ownVote(t, 'prepare', digest);
  // Signed, but the log lost the block, or with the intent the bodies: nothing to say in this view any more.
  if (known === undefined || !isIntended(r, vote)) return;
  s.accepted = digest;
  s.intents = { ...s.intents, prepare: vote };
  toPhase(t, 'WaitingForPrepares', 'recovery', 'the log holds our Prepare');
  const { block, certificate } = known;
  again(t, r, leader(t) === params.self ? { kind: 'pre-prepare', vote, block, certificate } : { kind: 'prepare', vote });
}

function recallCommit(t: Turn, r: Recalled): void {
  const { s } = t;
  if (s.prepared?.view !== s.view) return;
  const vote = ownVote(t, 'commit', s.prepared.digest);
  s.accepted ??= s.prepared.digest;
  s.intents = { ...s.intents, commit: vote };
  toPhase(t, 'Prepared', 'recovery', 'the log holds a PreparedCert of this view');
  again(t, r, { kind: 'commit', vote });
}
