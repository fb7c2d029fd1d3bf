/** Votes of a validator that contradict each other, signed with its real key. */
import { sign } from '@bursar/crypto';
import { type Digest, type Evidence, evidenceOf, type MessageOf, type Statement, voteHash } from '@bursar/protocol';
import { keysOf } from './cell.ts';

/** A Prepare of validator `i`, whose key is number i + 1. */
export function prepare(chain: Digest, validator: number, height: number, digest: Digest, view = 0): MessageOf<'prepare'> {
  const vote = { chain, epoch: 0, height, view, phase: 'prepare' as const, digest };
  return { kind: 'prepare', vote: { vote, validator, signature: sign(keysOf(validator + 1).secretKey, voteHash(vote)) } };
}
export const statementOf = ({ vote: { vote, signature } }: MessageOf<'prepare'>): Statement => ({
  phase: vote.phase,
  view: vote.view,
  digest: vote.digest,
  signature,
  content: undefined,
});
export const A = 'a'.repeat(64);
export const B = 'b'.repeat(64);
/** Proof of a double Prepare. */
export const doublePrepare = (chain: Digest, validator: number, height: number): Evidence =>
  evidenceOf(validator, 0, height, statementOf(prepare(chain, validator, height, A)), statementOf(prepare(chain, validator, height, B)));
