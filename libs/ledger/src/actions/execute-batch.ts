/** ExecuteBatch (docs/treasury.md): seven checks in this order; steps 1 to 5 change nothing, step 6 consumes the seq. */
import {
  type ActionOf,
  type Digest,
  type Hex32,
  type PaymentReceipt,
  type RejectionName,
  rejections,
  type TransactionResult,
} from '@bursar/protocol';
import type { Execution, Lease } from '../entities.ts';
import { type ExecutionContext, executeItem } from '../execute-item.ts';
import type { State } from '../state.ts';
import { executionDigest } from '../state-codecs.ts';
import { isHeld } from './lease.ts';

export interface BatchOutcome {
  readonly result: TransactionResult;
  readonly receipts: readonly PaymentReceipt[];
}

/** `transaction` has passed step 1 (form, size, chain; its signature before the vote) and stands at `index` of the block. */
export function executeBatch(
  s: State,
  signer: Hex32,
  a: ActionOf<'executeBatch'>,
  transaction: Digest,
  index: number,
): BatchOutcome | RejectionName {
  const lease = s.leases[a.shard];
  if (!lease) return 'UnknownShard';
  if (a.seq < lease.nextSeq) {
    const before = lease.executions[Number(a.seq) - 1];
    return before?.transaction === transaction ? { result: resultOf(before), receipts: [] } : 'SeqReused'; // 2
  }
  if (s.time > a.expiresAt) return 'BatchExpired'; // 3
  if (a.seq > lease.nextSeq) return 'SeqGap'; // 3b
  if (!isHeld(lease, s.time) || lease.holder !== signer || lease.epoch !== a.leaseEpoch) return 'Fenced'; // 4
  if (isPaused(s, a)) return 'Paused'; // 5
  return apply(s, lease, signer, a, transaction, index); // 6
}

/** A pause is a treasury's: a batch with anything of a paused treasury waits as a whole. */
function isPaused(s: State, a: ActionOf<'executeBatch'>): boolean {
  if (![...s.treasuries.values()].some((t) => t.paused)) return false;
  return a.items.some(({ id }) => {
    const n = s.disbursements.find(id);
    return n !== undefined && s.importOf(n).treasury.paused;
  });
}

function apply(s: State, lease: Lease, signer: Hex32, a: ActionOf<'executeBatch'>, transaction: Digest, index: number): BatchOutcome {
  const codes = new Uint16Array(a.items.length);
  const execution: Execution = {
    number: s.executions.length,
    transaction,
    height: s.height,
    time: s.time,
    index,
    count: codes.length,
    codes: undefined,
  };
  const { shard, lane, leaseEpoch, seq } = a;
  const context: ExecutionContext = { signer, shard, lane, execution, leaseEpoch, seq };
  const receipts: PaymentReceipt[] = [];
  for (const [i, item] of a.items.entries()) {
    const outcome = executeItem(s, item, context);
    if (typeof outcome === 'string') codes[i] = rejections[outcome].code;
    else receipts.push(outcome);
  }
  const kept: Execution = receipts.length === codes.length ? execution : { ...execution, codes };
  s.executions.push(kept);
  lease.executions.push(kept);
  lease.nextSeq += 1n;
  const result = resultOf(kept);
  lease.history = executionDigest(lease.history, kept, result.items);
  s.touchLease(lease);
  return { result, receipts };
}

const resultOf = (e: Execution): TransactionResult => ({
  kind: 'transaction',
  transaction: e.transaction,
  code: 0,
  consumed: true,
  height: e.height,
  index: e.index,
  items: e.codes ? [...e.codes] : new Array<number>(e.count).fill(0),
});
