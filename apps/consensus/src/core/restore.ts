/** What a restart finds in the log: the engine's records, and the transactions, batches and bodies that are still open. */
import { type LogRecord, logRecord } from '@bursar/pbft';
import {
  type Batch,
  batchCodec,
  DecodeError,
  type Digest,
  decode,
  type SignedVote,
  signedTransaction,
  toHex,
  transactionId,
} from '@bursar/protocol';
import type { DurableLog } from '@bursar/shared-core';
import type { Accuser } from './accuser.ts';
import type { Body, BodyStore } from './body-store.ts';
import { type JournalRecord, journalRecord } from './journal-record.ts';
import type { Mempool, Pending } from './mempool.ts';
import type { OwnBatches } from './own-batches.ts';
import { verifyBatch } from './verify-job.ts';

export interface Found {
  readonly engine: LogRecord[];
  /** By id, in the order of arrival. */
  readonly transactions: Map<Digest, Pending>;
  /** The last one of each number. */
  readonly own: Map<number, { readonly batch: Batch; readonly encoded: Uint8Array }>;
  readonly bodies: Map<Digest, Body>;
  /** Unsigned transactions with evidence, by id. */
  readonly accusations: Map<Digest, Uint8Array>;
}

/** Reads the log once. Records stand there because they were checked when they came. @throws LogCorrupt, with the place, for what is no record */
export async function readJournal(log: Pick<DurableLog, 'replay' | 'unreadable'>, chain: Digest): Promise<Found> {
  const found: Found = { engine: [], transactions: new Map(), own: new Map(), bodies: new Map(), accusations: new Map() };
  for await (const { bytes, ...position } of log.replay()) {
    try {
      takeIn(found, decode(journalRecord, bytes), chain);
    } catch (e) {
      throw e instanceof DecodeError ? log.unreadable(position, e) : e;
    }
  }
  return found;
}

function takeIn(found: Found, record: JournalRecord, chain: Digest): void {
  switch (record.kind) {
    case 'engine':
      found.engine.push(decode(logRecord, record.record));
      break;
    case 'transactions':
      for (const { transaction, ...trace } of record.entries) {
        const id = transactionId(decode(signedTransaction, transaction).body);
        found.transactions.set(id, { id, transaction: transaction.slice(), ...trace });
      }
      break;
    case 'own': {
      const batch = decode(batchCodec, record.batch);
      found.own.set(batch.number, { batch, encoded: record.batch });
      break;
    }
    case 'body': {
      const verdict = verifyBatch(chain, record.batch, undefined);
      if (verdict.ok) found.bodies.set(verdict.batch.ref.digest, { ...verdict.batch, encoded: record.batch, signature: record.signature });
      break;
    }
    case 'done':
      for (const id of record.ids) {
        found.transactions.delete(id);
        found.accusations.delete(id);
      }
      break;
    case 'accusation':
      found.accusations.set(transactionId(record.body), record.body);
      break;
  }
}

/** Fills mempool, own batches and body store. `next`: for each origin the number of its first batch that storage has not executed. */
export function restore(
  found: Found,
  self: number,
  next: readonly number[],
  height: number,
  into: { mempool: Mempool; own: OwnBatches; store: BodyStore },
): void {
  const { mempool, own, store } = into;
  const ownNext = next[self] ?? 1;
  const batched = new Set<Digest>();
  const kept: Body[] = [];
  for (const [number, { batch, encoded }] of [...found.own].sort(([a], [b]) => a - b)) {
    const verdict = verifyBatch(batch.chain, encoded, undefined);
    const ids = verdict.ok ? idsOf(verdict.batch.ids) : [];
    if (own.restore(batch, encoded, ids, ownNext) === 'ordered' || number < ownNext) {
      for (const id of ids) found.transactions.delete(id); // executed
      continue;
    }
    for (const id of ids) batched.add(id);
    if (verdict.ok) kept.push({ ...verdict.batch, encoded, signature: undefined });
  }
  for (const [id, pending] of found.transactions) mempool.restore(pending, batched.has(id) ? 'batched' : 'queued');
  for (const body of found.bodies.values()) {
    if (body.ref.number < (next[body.ref.origin] ?? 1)) continue;
    if (body.signature === undefined || store.hold(body) !== 'held') kept.push(body);
  }
  // Not offered, but blocks of the open heights may need them: until the next one is executed.
  if (kept.length > 0) store.pin('restored', height + RESTORED_HEIGHTS, kept, true);
}
/** Blocks that may lie certified in the log, executed by storage one after the other. */
const RESTORED_HEIGHTS = 8;

/** What of the log is still needed beside the engine's records. */
export function* liveRecords(mempool: Mempool, own: OwnBatches, store: BodyStore, accuser: Accuser): Generator<JournalRecord> {
  yield* accuser.live();
  for (const pending of mempool.all()) yield { kind: 'transactions', entries: [pending] };
  const mine = new Set<Digest>();
  for (const { ref, encoded } of own.outstanding()) {
    mine.add(ref.digest);
    yield { kind: 'own', batch: encoded };
  }
  for (const { ref, encoded, signature } of store.all()) if (!mine.has(ref.digest)) yield { kind: 'body', batch: encoded, signature };
}

function idsOf(joined: Uint8Array): Digest[] {
  const ids: Digest[] = [];
  for (let at = 0; at < joined.length; at += 32) ids.push(toHex(joined.subarray(at, at + 32)));
  return ids;
}

/** Our newest signatures in the log: the signer must know them, else its record was lost (docs/protocol.md, "Durability"). */
export function ownSignatures(engine: readonly LogRecord[], self: number, max: number): SignedVote[] {
  return engine.flatMap((r) => (r.kind === 'signed' ? [{ vote: r.vote, validator: self, signature: r.signature }] : [])).slice(-max);
}
