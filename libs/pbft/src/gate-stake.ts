/**
 * Gate 6, quorum (C5), first half: what a message stands on has enough stake. It needs no state and comes before anything is taken from a
 * message: what waits for a later height and what a NewView names are believed for their certificates as well.
 */
import type { ValidatorSet } from '@bursar/membership';
import type { Message, RejectionName } from '@bursar/protocol';
import { checkStake } from './check-message.ts';
import type { Rules } from './rules.ts';

declare const passed: unique symbol;
export type Weighed<M extends Message = Message> = M & { readonly [passed]: 'stake' };

/** @returns QuorumNotReached, or the message. */
export function stakeGate(set: ValidatorSet, rules: Rules, m: Message): Weighed | RejectionName {
  return checkStake(set, m, rules) ?? (m as Weighed);
}
