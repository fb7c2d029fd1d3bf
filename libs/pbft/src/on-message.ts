/** Where a message of another validator belongs: the open height, the next one, or one that is over (C5). */
import { isFinalKind } from '@bursar/membership';
import type { Message, MessageOf } from '@bursar/protocol';
import { catchUp, noteFinal, takeCertificate } from './catch-up.ts';
import { holdEarly } from './early.ts';
import { onNewView, onViewChange } from './on-view-change.ts';
import { onPrePrepare, onVote } from './on-vote.ts';
import { onOwnEcho } from './own-echo.ts';
import { reject, rejectMessage, type Turn } from './turn.ts';

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
  if (validator === params.self) {
    onOwnEcho(t, m);
    return;
  }
  if (m.kind === 'view-change' && s.decided === undefined && t.rules.countsViewChange(vote, s.height)) {
    onViewChange(t, m);
    return;
  }
  if (vote.height > s.height) {
    onAhead(t, m);
    return;
  }
  if (vote.height < s.height || s.decided !== undefined) {
    onOver(t, m);
    return;
  }
  switch (m.kind) {
    case 'pre-prepare':
      onPrePrepare(t, m);
      return;
    case 'prepare':
    case 'commit':
      onVote(t, m);
      return;
    case 'new-view':
      onNewView(t, m);
      return;
    case 'view-change':
      rejectMessage(t, 'InvalidPhase', m); // a rule that counts no ViewChange at all
      return;
  }
}

/**
 * A height that is final here. Whoever still asks about it is told by certificate, also when it asks again (the driver limits the
 * rate). The last votes of a block that was just finished are the normal case, not a question.
 */
function onOver(t: Turn, m: Message): void {
  const { s, params } = t;
  const { height } = m.vote.vote;
  if (m.kind === 'commit' && onNeedlessCommit(t, m)) return;
  const late = height >= s.height - 1 && m.kind !== 'view-change' && t.now - (s.openedAt ?? t.now) < params.resendMs / 2;
  if (late || s.decided !== undefined) return;
  rejectMessage(t, 'OutOfSequence', m);
  t.effects.push({ type: 'notify', to: m.vote.validator });
}

/**
 * Where all Prepares made the block final, Commits are not sent. Whoever sends one lacks a Prepare, or did so a moment ago: it is
 * told at once, by certificate, or when storage holds the block.
 */
function onNeedlessCommit(t: Turn, { vote: { vote, validator } }: MessageOf<'commit'>): boolean {
  const { s } = t;
  if (s.decided === undefined) {
    if (vote.height !== s.tip.height || s.tip.certificate?.kind !== 'fast') return false;
    t.effects.push({ type: 'notify', to: validator });
    return true;
  }
  const { certificate, askers } = s.decided;
  if (vote.height !== s.height || certificate.kind !== 'fast') return false;
  if (!askers.includes(validator)) s.decided = { ...s.decided, askers: [...askers, validator] };
  return true;
}

/** The next height is kept until it opens; who speaks of it says that ours is final, and a PrePrepare proves it. */
function onAhead(t: Turn, m: Message): void {
  const { s } = t;
  const { validator, vote } = m.vote;
  noteFinal(t, validator, vote.height - 1);
  if (vote.height > s.height + 1) {
    rejectMessage(t, 'SequenceGap', m);
    catchUp(t, [validator]);
    return;
  }
  if (!holdEarly(t, m)) return;
  if (m.kind === 'pre-prepare' && s.decided === undefined) onShownCertificate(t, m);
}

function onShownCertificate(t: Turn, m: MessageOf<'pre-prepare'>): void {
  const { certificate } = m;
  if (certificate === undefined || !isFinalKind(certificate.kind) || certificate.height !== t.s.height) return;
  if (!takeCertificate(t, certificate)) catchUp(t, [m.vote.validator]);
}
