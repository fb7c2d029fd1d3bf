import { batchRefsDigest, certificateDigest, headerDigest, ZERO_DIGEST } from '@bursar/protocol';
import { acceptProposal } from './accept-proposal.ts';
import { onNotice } from './catch-up.ts';
import { commit } from './commit.ts';
import type { Effect } from './effect.ts';
import { digestOrNothing, finalise } from './finalise.ts';
import type { Input } from './input.ts';
import { putKnown } from './known-blocks.ts';
import { joinView, leave } from './leave-view.ts';
import { announceView, followView } from './new-view.ts';
import { onMessage } from './on-message.ts';
import { onRefused, onSigned } from './on-signed.ts';
import { onCaughtUp, onExecuted } from './over.ts';
import type { Params } from './params.ts';
import { prepare } from './prepare.ts';
import { propose } from './propose.ts';
import { resend } from './resend.ts';
import { hasBatches } from './select-batches.ts';
import type { State } from './state.ts';
import { armViewTimer, settleClock, startView, wake } from './timers.ts';
import { beginTurn, reject, type Turn } from './turn.ts';

export interface Step {
  readonly state: State;
  readonly effects: readonly Effect[];
}

/** Most moves that one input can enable; each changes the view, the phase or a vote, so a longer run is a defect. */
const MOVES = 64;

/**
 * The engine: what happened and when → the next state and what the world must do, in that order. Pure, and total: input that is
 * wrong yields `reject` effects, never an exception.
 *
 * @param now milliseconds since 1970 by our clock.
 */
export function step(params: Params, state: State, input: Input, now: number): Step {
  if (state.halted) return { state, effects: [] };
  const t = beginTurn(params, state, now >= 0 && now <= Number.MAX_SAFE_INTEGER ? now : Math.max(0, state.clock));
  settleClock(t);
  on(t, input);
  // The order is that of certainty: final, then the view to be in, then what to say in it.
  for (let i = 0; i < MOVES && !t.s.halted && t.s.decided === undefined; i++) {
    const moved =
      finalise(t) ||
      joinView(t) ||
      followView(t) ||
      announceView(t) ||
      propose(t) ||
      acceptProposal(t) ||
      prepare(t) ||
      commit(t) ||
      armViewTimer(t);
    if (!moved) break;
  }
  if (!t.s.halted) wake(t, input.type === 'tick');
  return { state: t.s, effects: t.effects };
}

function on(t: Turn, input: Input): void {
  const { s } = t;
  switch (input.type) {
    case 'tick':
      onTick(t);
      return;
    case 'message':
      onMessage(t, input.message);
      return;
    case 'signed':
      onSigned(t, input.message);
      return;
    case 'refused':
      onRefused(t, input.vote);
      return;
    case 'offer':
      s.batches = input.batches.slice(0, MOST_OFFERED);
      if (hasBatches(s, t.now)) startView(t); // a proposal is due, whoever leads
      return;
    case 'bodies': {
      const known = s.known.get(input.block);
      if (known !== undefined) putKnown(t, input.block, { ...known, bodies: 'held' });
      return;
    }
    case 'block':
      onBlock(t, input);
      return;
    case 'caught-up':
      onCaughtUp(t, input.certificates, input.start);
      return;
    case 'notice':
      onNotice(t, input.from, input.height, input.certificate);
      return;
    case 'executed':
      onExecuted(t, input.height, input.stateRoot, input.resultsRoot);
      return;
  }
}

/** References that an offer may hold: many times what a block takes. */
const MOST_OFFERED = 8192;

function onTick(t: Turn): void {
  const { s, now } = t;
  // K6: the timer of the view is over.
  if (s.decided === undefined && now >= s.deadline) leave(t, s.view + 1, 'timeout', 'no block was final in time');
  else if (now >= s.resendAt) resend(t);
}

/** A block that we asked for. An honest validator voted for its digest, so the certificate that it names needs no other check. */
function onBlock(t: Turn, { block, certificate }: Extract<Input, { type: 'block' }>): void {
  const { s, params } = t;
  const digest = digestOrNothing(() => headerDigest(block.header));
  if (s.fetching.size === 0 || s.decided !== undefined) return;
  const whole =
    digest !== undefined &&
    s.fetching.has(digest) &&
    digestOrNothing(() => batchRefsDigest(block.batches)) === block.header.batches &&
    digestOrNothing(() => (certificate === undefined ? ZERO_DIGEST : certificateDigest(certificate))) === block.header.certificate;
  if (!whole || digest === undefined) {
    reject(t, 'MalformedMessage', params.self, s.height, s.view);
    return;
  }
  s.fetching = new Set([...s.fetching].filter((d) => d !== digest));
  putKnown(t, digest, { block, certificate, recorded: false, bodies: 'unasked' });
}
