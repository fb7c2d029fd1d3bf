/** ExecuteBatch (docs/treasury.md): seven checks in this order; steps 1 to 5 change nothing, step 6 consumes the seq. */
import {
  type Digest,
  EXECUTE_ITEM_BYTES,
  type Hex32,
  type PackedExecuteBatch,
  type RejectionName,
  receiptAt,
  rejections,
  type TransactionResult,
} from '@bursar/protocol';
import type { BlockResults } from '../block-results.ts';
import type { Execution, Lease } from '../entities.ts';
import { type ExecutionContext, executeItem } from '../execute-item.ts';
import { ReceiptWriter } from '../receipt.ts';
import type { State } from '../state.ts';
import { executionDigest } from '../state-codecs.ts';
import { isHeld } from './lease.ts';

type PackedBatch = PackedExecuteBatch['action'];

const receipts = new ReceiptWriter();

/**
 * `transaction` has passed step 1 (form, size, chain; its signature before the vote) and stands at `index` of the block.
 * @returns why nothing changed; undefined: its result and receipts stand in `results`
 */
export function executeBatch(
  s: State,
  signer: Hex32,
  a: PackedBatch,
  transaction: Digest,
  index: number,
  results: BlockResults,
): RejectionName | undefined {
  const lease = s.leases[a.shard];
  if (!lease) return 'UnknownShard';
  if (a.seq < lease.nextSeq) {
    const before = lease.executions[Number(a.seq) - 1];
    if (before?.transaction !== transaction) return 'SeqReused'; // 2
    results.transaction(resultOf(before));
    return undefined;
  }
  if (s.time > a.expiresAt) return 'BatchExpired'; // 3
  if (a.seq > lease.nextSeq) return 'SeqGap'; // 3b
  if (!isHeld(lease, s.time) || lease.holder !== signer || lease.epoch !== a.leaseEpoch) return 'Fenced'; // 4
  if (isPaused(s, a)) return 'Paused'; // 5
  apply(s, lease, signer, a, transaction, index, results); // 6
  return undefined;
}

/** A pause is a treasury's: a batch with anything of a paused treasury waits as a whole. */
function isPaused(s: State, { items }: PackedBatch): boolean {
  if (![...s.treasuries.values()].some((t) => t.paused)) return false;
  for (let at = 0; at < items.length; at += EXECUTE_ITEM_BYTES) {
    const n = s.disbursements.findAt(items, at);
    if (n !== undefined && s.importOf(n).treasury.paused) return true;
  }
  return false;
}

function apply(s: State, lease: Lease, signer: Hex32, a: PackedBatch, transaction: Digest, index: number, results: BlockResults): void {
  const count = a.items.length / EXECUTE_ITEM_BYTES;
  const { height, time } = s;
  const execution: Execution = { number: s.executions.length, transaction, height, time, index, count, codes: undefined };
  const { shard, lane, leaseEpoch, seq } = a;
  const context: ExecutionContext = { signer, shard, lane, execution };
  const place = results.reserve(count);
  const codes = new Uint16Array(count);
  let paid = 0;
  receipts.begin({ height, time, transaction, leaseEpoch, seq });
  for (let i = 0; i < count; i++) {
    const outcome = executeItem(s, a.items, i * EXECUTE_ITEM_BYTES, context);
    if (typeof outcome === 'string') codes[i] = rejections[outcome].code;
    else {
      paid += 1;
      receipts.write(s.disbursements, outcome, s.importOf(outcome), attemptAt(a.items, i * EXECUTE_ITEM_BYTES));
      results.receipt(receipts.room, receiptAt.end);
    }
  }
  const kept: Execution = paid === count ? execution : { ...execution, codes };
  s.executions.push(kept);
  lease.executions.push(kept);
  lease.nextSeq += 1n;
  const result = resultOf(kept);
  results.settle(place, result);
  lease.history = executionDigest(lease.history, kept, result.items);
  s.touchLease(lease);
}

const attemptAt = (items: Uint8Array, at: number): number => ((items[at + 64] as number) << 8) | (items[at + 65] as number);

const resultOf = (e: Execution): TransactionResult => ({
  kind: 'transaction',
  transaction: e.transaction,
  code: 0,
  consumed: true,
  height: e.height,
  index: e.index,
  items: e.codes ? [...e.codes] : new Array<number>(e.count).fill(0),
});
