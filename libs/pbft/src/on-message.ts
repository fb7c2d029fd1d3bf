/** Where a message of another validator belongs: the open height, a later one, or one that is over (C5). */
import { isFinalKind } from '@bursar/membership';
import type { Message, MessageOf, RejectionName } from '@bursar/protocol';
import { bounds } from './bounds.ts';
import { catchUp, noteFinal, takeCertificate } from './catch-up.ts';
import { holdEarly } from './early.ts';
import { phaseGate } from './gate-phase.ts';
import { type Admitted, quorumGate } from './gate-quorum.ts';
import { stakeGate, type Weighed } from './gate-stake.ts';
import { onNewView, onViewChange, takeWanted } from './on-view-change.ts';
import { onPrePrepare, onVote } from './on-vote.ts';
import { onOwnEcho } from './own-echo.ts';
import { reject, rejectMessage, type Turn } from './turn.ts';
import { witness, witnessShown } from './witness.ts';

export function onMessage(t: Turn, m: Message): void {
  const { s, params } = t;
  const { vote, validator } = m.vote;
  if (params.set.validators[validator] === undefined) {
    reject(t, 'UnknownValidator', validator, vote.height, vote.view);
    return;
  }
  if (vote.chain !== params.chain) {
    rejectMessage(t, 'WrongChain', m);
    return;
  }
  if (vote.epoch !== params.set.epoch) {
    rejectMessage(t, 'UnknownValidator', m);
    return;
  }
  const isOurs = validator === params.self;
  if (isOurs) witnessShown(t, m);
  else witness(t, m);
  const weighed = stakeGate(params.set, t.rules, m);
  if (typeof weighed === 'string') rejectMessage(t, weighed, m);
  else if (isOurs) onOwnEcho(t, weighed);
  else if (m.kind === 'view-change' && s.decided === undefined && t.rules.countsViewChange(vote, s.height)) onOpen(t, weighed);
  else if (vote.height > s.height) onAhead(t, weighed);
  else if (vote.height < s.height) onOver(t, weighed);
  else onOpen(t, weighed);
}

/** Gate 5 and the second half of gate 6 (C5), then what is new is taken. */
function onOpen(t: Turn, m: Weighed): void {
  const { s } = t;
  const isWanted = takeWanted(t, m);
  const inPhase = phaseGate(s, m);
  const admitted = typeof inPhase === 'string' ? inPhase : quorumGate(s, inPhase);
  if (s.decided !== undefined) onDecided(t, m, admitted);
  else if (typeof admitted !== 'string') take(t, admitted);
  else if (!isWanted || admitted === 'EquivocationDetected') rejectMessage(t, admitted, m);
}

function take(t: Turn, m: Admitted): void {
  switch (m.kind) {
    case 'pre-prepare':
      onPrePrepare(t, m);
      return;
    case 'prepare':
    case 'commit':
      onVote(t, m);
      return;
    case 'view-change':
      // A rule that counts no ViewChange at all comes here as well.
      if (t.rules.countsViewChange(m.vote.vote, t.s.height)) onViewChange(t, m);
      return;
    case 'new-view':
      onNewView(t, m);
      return;
  }
}

/** The block is final, storage is at work on it. Who shows that it does not know so is told as soon as storage holds it. */
function onDecided(t: Turn, m: Message, admitted: Admitted | RejectionName): void {
  const { s } = t;
  const { validator } = m.vote;
  if (s.decided === undefined) return;
  const { certificate, askers } = s.decided;
  // Where all Prepares made it final, Commits are not sent: whoever sends one lacks a Prepare, or did so a moment ago.
  const asks = m.kind === 'view-change' || m.kind === 'new-view' || (m.kind === 'commit' && certificate.kind === 'fast');
  if (asks && !askers.includes(validator)) s.decided = { ...s.decided, askers: [...askers, validator] };
  // Repeats of late votes are the normal case.
  if (admitted === 'InvalidPhase' || admitted === 'EquivocationDetected') rejectMessage(t, admitted, m);
}

/**
 * A height that is over. Whoever still asks about it is told by certificate, also when it asks again (the driver limits the
 * rate). The last votes of a block that was just finished are the normal case, not a question.
 */
function onOver(t: Turn, m: Weighed): void {
  const { s, params } = t;
  const { height } = m.vote.vote;
  if (s.decided !== undefined) return;
  const notify = () => t.effects.push({ type: 'notify', to: m.vote.validator });
  if (m.kind === 'commit' && height === s.tip.height && s.tip.certificate?.kind === 'fast') {
    notify(); // as in onDecided
    return;
  }
  const isLate = height >= s.height - 1 && m.kind !== 'view-change' && t.now - (s.openedAt ?? t.now) < params.resendMs / 2;
  if (isLate) return;
  rejectMessage(t, 'OutOfSequence', m);
  notify();
}

/** Kept until its height opens (C5); who speaks of it says that ours is final, and a PrePrepare of the next one proves it. */
function onAhead(t: Turn, m: Weighed): void {
  const { s } = t;
  const { validator, vote } = m.vote;
  noteFinal(t, validator, vote.height - 1);
  if (vote.height > s.height + 1) catchUp(t, [validator]);
  if (vote.height > s.height + bounds.heightsAhead) rejectMessage(t, 'SequenceGap', m);
  else if (holdEarly(t, m) && m.kind === 'pre-prepare' && s.decided === undefined) onShownCertificate(t, m);
}

function onShownCertificate(t: Turn, m: Weighed<MessageOf<'pre-prepare'>>): void {
  const { certificate } = m;
  if (certificate === undefined || !isFinalKind(certificate.kind) || certificate.height !== t.s.height) return;
  if (!takeCertificate(t, certificate)) catchUp(t, [m.vote.validator]);
}
