import { leaderOf, skippedBitmap } from '@bursar/membership';
import { type Block, equalBytes, type RejectionName } from '@bursar/protocol';
import { checkRefs } from './check-refs.ts';
import type { Params } from './params.ts';
import type { State } from './state.ts';

/**
 * Everything in a block of the open height that every validator must find the same, whenever it looks: no clock. The digests
 * (header, references, certificate) were compared before (`checkMessage`). The origin view decides about proposer and `skipped`.
 *
 * @param view the view it is proposed or certified in.
 * @returns undefined, or StateForkDetected for other roots than ours, WrongValidator, InvalidView, OutOfSequence, WrongChain,
 * MalformedMessage, BatchExpired.
 */
export function checkHeader(params: Params, s: State, block: Block, view: number): RejectionName | undefined {
  const { header: h } = block;
  const { tip, order } = s;
  if (h.version !== 1) return 'MalformedMessage';
  if (h.chain !== params.chain) return 'WrongChain';
  if (h.height !== s.height) return 'OutOfSequence';
  if (h.epoch !== params.set.epoch || h.nextValidators !== params.set.hash) return 'MalformedMessage';
  if (h.view > view) return 'InvalidView';
  if (h.proposer !== leaderOf(order, h.view)) return 'WrongValidator';
  if (h.parent !== tip.digest || h.time <= tip.time) return 'MalformedMessage';
  // K6, docs/protocol.md "Votes" 2: another root is a fork of the state.
  if (h.stateRoot !== tip.stateRoot || h.resultsRoot !== tip.resultsRoot) return 'StateForkDetected';
  if (h.beacon !== s.beacon || h.proofVersion !== 0 || h.proof.length !== 0) return 'MalformedMessage';
  if (!equalBytes(h.skipped, skippedBitmap(order, h.view, params.set.validators.length))) return 'MalformedMessage';
  return checkRefs(block.batches, tip.nextBatch, h.time);
}

/**
 * What holds for a block proposed for the first time only: it is of this view, and its time is near ours. Nothing here is asked
 * of a mandatory block: a clock must not undo what may be final.
 */
export function checkFresh(params: Params, block: Block, view: number, now: number): RejectionName | undefined {
  if (block.header.view !== view) return 'InvalidView';
  if (Math.abs(block.header.time - now) > params.clockToleranceMs) return 'MessageExpired';
  return undefined;
}
