/** bursar.treasury.v1.Treasury: builds bytes, and forwards what the caller signed. No key of a proposer or approver comes near it. */
import {
  buildApproval,
  buildCancel,
  buildImport,
  type Connection,
  importError,
  type LedgerClient,
  settleMany,
  type Unsigned,
} from '@bursar/client';
import { type AccountId, type Digest, decode, disbursementBody, fromHex, toHex, transactionId } from '@bursar/protocol';
import type { treasury as rpc } from '@bursar/protocol/rpc';
import { type CallContext, createBulkhead, errorFrom, type Handlers, rejection } from '@bursar/shared-core';
import type { Bell } from './bell.ts';
import { isSettled, MAX_LOOKUPS, ordersOf, outsideDependencies } from './payments.ts';

export interface TreasuryServiceOptions {
  readonly chain: Digest;
  /** The treasury that payments are imported into: the first of the genesis. */
  readonly treasury: Digest;
  /** Accounts of all treasuries of the genesis. */
  readonly treasuryAccounts: readonly AccountId[];
  readonly connection: Connection;
  /** Rings with each final block. */
  readonly blocks: Bell;
  /** Longest wait for a block before an import is looked at again, ms. */
  readonly pollMs: number;
}

const LOOKUPS_AT_ONCE = 16;
/** Calls of SubmitSigned at work and waiting; imports watched at once, each a read with every block. */
const SUBMITS = 8;
const SUBMITS_WAITING = 64;
const WATCHERS = 128;
const unsigned = ({ body, hash }: Unsigned) => ({ body, hash });

export function treasuryHandlers(options: TreasuryServiceOptions): Handlers<(typeof rpc.Treasury)['method']> {
  const { chain, treasury, treasuryAccounts, connection, blocks, pollMs } = options;
  const submitting = createBulkhead('SubmitSigned', SUBMITS, SUBMITS_WAITING);
  let watchers = 0;
  const nonceOf = async (account: Uint8Array): Promise<bigint> => (await connection.read((l) => l.getAccount({ account }))).nextNonce;

  return {
    async prepareImport({ proposer, payments }, context) {
      const { orders, violations } = ordersOf(payments);
      if (violations.length > 0) throw rejection('FieldInvalid', undefined, { violations });
      const known = await knownOf(connection, outsideDependencies(treasury, orders), context);
      const firstNonce = await nonceOf(proposer);
      const built = buildImport({
        chain,
        treasury,
        treasuryAccounts,
        proposer: toHex(proposer),
        firstNonce,
        payments: orders,
        isKnown: (id) => known.has(id),
      });
      if (!built.ok) throw importError(built);
      return {
        import: fromHex(built.import),
        transactions: built.transactions.map(unsigned),
        disbursements: built.disbursements.map(fromHex),
        total: built.total,
      };
    },

    async prepareApproval({ approver, import: digest }) {
      const found = await connection.read((l) => l.getImport({ import: digest }));
      const author = { chain, signer: toHex(approver), nonce: await nonceOf(approver) };
      return { transaction: unsigned(buildApproval(author, toHex(found.treasury), toHex(digest))) };
    },

    async prepareCancel({ signer, disbursement }) {
      const found = await connection.read((l) => l.getDisbursement({ disbursement }));
      const body = decode(disbursementBody, found.disbursement?.body ?? new Uint8Array());
      const author = { chain, signer: toHex(signer), nonce: await nonceOf(signer) };
      return { transaction: unsigned(buildCancel(author, body.treasury, toHex(disbursement))) };
    },

    async submitSigned({ transactions }, { signal, deadlineMs }) {
      const signed = transactions.map(({ body, signature }) => ({ id: transactionId(body), body, signature }));
      const timeoutMs = Math.max(1, deadlineMs - Date.now());
      const settled = await submitting(() => settleMany(connection, signed, { timeoutMs, signal }));
      return { transactionIds: settled.map(({ id }) => fromHex(id)) };
    },

    async *watchImport({ import: digest }, { signal }) {
      if (watchers >= WATCHERS) throw rejection('QueueFull', `${WATCHERS} imports are being watched`, { retryAfterMs: 1_000 });
      watchers += 1;
      try {
        let before = '';
        while (!signal.aborted) {
          const heard = blocks.rings;
          const { state, approvals, counts, height } = await connection.read((l) => l.getImport({ import: digest }));
          const progress = { state, approvals: approvals.length, counts };
          const now = JSON.stringify([state, approvals.length, Object.entries(counts).map(([k, n]) => [k, String(n)])]);
          if (now !== before) yield { ...progress, height };
          before = now;
          if (isSettled(progress)) return;
          await blocks.next(pollMs, signal, heard);
        }
      } finally {
        watchers -= 1;
      }
    },
  };
}

/** Which of these disbursements the ledger has. */
async function knownOf(connection: Connection, ids: readonly Digest[], { signal }: CallContext): Promise<ReadonlySet<Digest>> {
  if (ids.length > MAX_LOOKUPS)
    throw rejection(
      'FieldInvalid',
      `the payments depend on ${ids.length} payments outside this import; at most ${MAX_LOOKUPS} can be looked up`,
      {
        remedy: 'Import them in smaller groups, or build the import with the client library.',
        violations: [{ field: 'payments', description: `has more than ${MAX_LOOKUPS} dependencies outside the import` }],
      },
    );
  const known = new Set<Digest>();
  let next = 0;
  const worker = async () => {
    for (let i = next++; i < ids.length; i = next++) {
      signal.throwIfAborted();
      if (await exists(connection, ids[i] as Digest)) known.add(ids[i] as Digest);
    }
  };
  await Promise.all(Array.from({ length: Math.min(LOOKUPS_AT_ONCE, ids.length) }, worker));
  return known;
}

async function exists(connection: Connection, id: Digest): Promise<boolean> {
  try {
    await connection.read((l: LedgerClient) => l.getDisbursement({ disbursement: fromHex(id) }));
    return true;
  } catch (e) {
    if (errorFrom(e).reason === 'UNKNOWN_DISBURSEMENT') return false;
    throw e;
  }
}
