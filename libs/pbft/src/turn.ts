import { leaderOf } from '@bursar/membership';
import type { Digest, Message, Phase, RejectionName, Vote } from '@bursar/protocol';
import type { Effect, Unsigned } from './effect.ts';
import type { LogRecord } from './log-record.ts';
import type { Params } from './params.ts';
import type { PhaseName } from './phase-name.ts';
import { type Rules, standardRules } from './rules.ts';
import type { State } from './state.ts';

/**
 * One step under way. `s` is a shallow copy of the state that came in: its fields may be set, but what they hold is shared
 * with older states and is only ever replaced by changed copies.
 */
export interface Turn {
  readonly params: Params;
  readonly rules: Rules;
  readonly now: number;
  readonly s: { -readonly [K in keyof State]: State[K] };
  readonly effects: Effect[];
}

export const beginTurn = (params: Params, state: State, now: number): Turn => ({
  params,
  rules: params.rules ?? standardRules,
  now,
  s: { ...state },
  effects: [],
});

export const leader = (t: Turn, view = t.s.view): number => leaderOf(t.s.order, view);
export const isMute = (t: Turn): boolean => t.s.height < t.s.muteBelow;
/** We voted in the current view, or may have before a crash. lastVote.view never exceeds the view. */
export const hasVoted = (t: Turn): boolean => t.s.lastVote?.view === t.s.view;

export function reject(t: Turn, name: RejectionName, validator: number, height: number, view: number): void {
  t.effects.push({ type: 'reject', name, validator, height, view });
}
export function rejectMessage(t: Turn, name: RejectionName, message: Message): void {
  const { validator, vote } = message.vote;
  t.effects.push({ type: 'reject', name, validator, height: vote.height, view: vote.view, message });
}

/** Stops for good: every later input is ignored. */
export function halt(t: Turn, name: RejectionName, reason: string): void {
  t.s.halted = true;
  t.effects.push({ type: 'halt', name, reason });
}

export function record(t: Turn, entry: LogRecord, urgent = true): void {
  t.effects.push({ type: 'record', record: entry, urgent });
}

/** C7: every move of the phase machine is told. */
export function toPhase(t: Turn, to: PhaseName, trigger: string, reason: string): void {
  const { height, view, phase: from } = t.s;
  if (from === to) return;
  t.s.phase = to;
  t.effects.push({ type: 'transition', height, view, from, to, trigger, reason });
}

export const ownVote = (t: Turn, phase: Phase, digest: Digest): Vote => ({
  chain: t.params.chain,
  epoch: t.params.set.epoch,
  height: t.s.height,
  view: t.s.view,
  phase,
  digest,
});

/** docs/protocol.md "Durability": the full unsigned message is on disk before the signer hears of it. */
export function ask(t: Turn, message: Unsigned): void {
  record(t, {
    kind: 'intent',
    vote: message.vote,
    viewChange: message.kind === 'view-change' ? message.content : undefined,
    newView: message.kind === 'new-view' ? message.content : undefined,
  });
  t.effects.push({ type: 'sign', message });
}
