/** Turns payments into the transactions of one import; everything that can be checked without the ledger is checked first. */

import { merkleRoot } from '@bursar/merkle';
import {
  type AccountId,
  bodyHash,
  type Digest,
  type DisbursementBody,
  disbursementBody,
  disbursementId,
  encode,
  importDigest,
  importLeaf,
  limits,
  MAX_AMOUNT,
  transactionCodec,
} from '@bursar/protocol';
import { type FieldViolation, type RejectionName, rejection } from '@bursar/shared-core';
import { findCycle } from './dependency-graph.ts';
import { dependenciesOf, keptMemo } from './memo.ts';
import { orderViolations, type PaymentOrder } from './payment-order.ts';
import { buildTransaction, type Unsigned } from './sign-transaction.ts';

export interface ImportRequest {
  readonly chain: Digest;
  readonly treasury: Digest;
  /** Accounts of the treasuries of the genesis: no key owns them, and they may be paid; default: none. */
  readonly treasuryAccounts?: Iterable<AccountId>;
  /** Key that will sign. */
  readonly proposer: AccountId;
  /** Nonce of the first chunk; the others follow it, the seal last. */
  readonly firstNonce: bigint;
  readonly payments: readonly PaymentOrder[];
  /** Whether a payment that is not in this import is known to the ledger; default: none is. */
  readonly isKnown?: (id: Digest) => boolean;
  /** How a violation names payment i; default `payments[i]`. */
  readonly at?: (index: number) => string;
}
export interface BuiltImport {
  readonly ok: true;
  /** What approvers compare and approve. */
  readonly import: Digest;
  /** Chunks in order, then the seal: sign all, send in this order. */
  readonly transactions: readonly Unsigned[];
  /** Ids in the order of the payments. */
  readonly disbursements: readonly Digest[];
  readonly bodies: readonly DisbursementBody[];
  /** Sum, base units. */
  readonly total: bigint;
}
/** A violation with the code it would have been refused under. */
export interface ImportViolation extends FieldViolation {
  readonly rejection: RejectionName;
}
export interface RefusedImport {
  readonly ok: false;
  /** Every one, in the order of the payments. */
  readonly violations: readonly ImportViolation[];
}

/** At most 1,000 items and 256 KiB a chunk, 100,000 items an import (docs/treasury.md). Nothing is sent and nothing is thrown. */
export function buildImport(request: ImportRequest): BuiltImport | RefusedImport {
  const { chain, treasury, proposer, firstNonce, payments } = request;
  const violations = [...violationsOf(request)];
  if (violations.length > 0) return { ok: false, violations };
  const bodies = payments.map((p) => bodyOf(treasury, p));
  const disbursements = payments.map((p) => disbursementId(treasury, p.clientKey));
  const leaves = bodies.map((body, i) => importLeaf(disbursements[i] as Digest, bodyHash(body)));
  const digest = importDigest(treasury, merkleRoot(leaves));
  const chunks = chunked(bodies);
  const actions = chunks.map((items, index) => ({ kind: 'importChunk', treasury, import: digest, index, items }) as const);
  const seal = { kind: 'importSeal', treasury, import: digest, chunks: chunks.length, count: bodies.length } as const;
  const transactions = [...actions, seal].map((action, i) =>
    buildTransaction({ chain, signer: proposer, nonce: firstNonce + BigInt(i) }, action),
  );
  return { ok: true, import: digest, transactions, disbursements, bodies, total: bodies.reduce((sum, b) => sum + b.amount, 0n) };
}

/** The refusal as an error that lists everything. */
export function importError({ violations }: RefusedImport) {
  const name = violations.every((v) => v.rejection === violations[0]?.rejection) ? violations[0]?.rejection : undefined;
  return rejection(name ?? 'FieldInvalid', undefined, { violations });
}

function* violationsOf(request: ImportRequest): Generator<ImportViolation> {
  const { treasury, payments, treasuryAccounts = [], isKnown = () => false, at = (i) => `payments[${i}]` } = request;
  if (payments.length === 0) yield { rejection: 'FieldInvalid', field: 'payments', description: 'is empty' };
  if (payments.length > limits.itemsPerImport) {
    yield {
      rejection: 'ImportTooLarge',
      field: 'payments',
      description: `has ${payments.length} items; at most ${limits.itemsPerImport} are allowed`,
    };
    return;
  }
  const payable = new Set(treasuryAccounts);
  const places = new Map<string, number>();
  const found: ImportViolation[] = [];
  let total = 0n;
  for (const [i, p] of payments.entries()) {
    for (const v of orderViolations(at(i), p, payable))
      found.push({ rejection: v.field.endsWith('.amount') ? 'AmountInvalid' : 'FieldInvalid', ...v });
    if (typeof p.amount === 'bigint') total += p.amount;
    const first = places.get(p.clientKey);
    if (first === undefined) places.set(p.clientKey, i);
    else
      found.push({ rejection: 'ClientKeyConflict', field: `${at(i)}.client_key`, description: duplicate(payments[first], p, at(first)) });
  }
  if (total > MAX_AMOUNT)
    found.push({ rejection: 'AmountInvalid', field: 'payments', description: 'sum up to more than 2^64 - 1 base units' });
  const edges = payments.map((p, i) => {
    const inside: number[] = [];
    for (const key of new Set(dependenciesOf(p))) {
      const place = places.get(key);
      if (place !== undefined) inside.push(place);
      else if (key.isWellFormed() && !isKnown(disbursementId(treasury, key)))
        found.push({
          rejection: 'DependencyMissing',
          field: `${at(i)}.depends_on`,
          description: `"${key}" is neither in this import nor in the ledger`,
        });
    }
    return inside;
  });
  yield* found;
  const cycle = findCycle(edges);
  if (cycle) {
    const names = cycle.slice(0, 10).map((i) => `"${payments[i]?.clientKey}"`);
    const rest = cycle.length > names.length ? [`and ${cycle.length - names.length} more`] : [];
    yield {
      rejection: 'DependencyCycle',
      field: `${at(cycle[0] ?? 0)}.depends_on`,
      description: `waits for itself: ${[...names, ...rest, names[0]].join(' → ')}`,
    };
  }
}

function duplicate(first: PaymentOrder | undefined, second: PaymentOrder, where: string): string {
  const differing = first ? Object.keys(first).filter((k) => !sameField(first, second, k as keyof PaymentOrder)) : [];
  const named = `"${second.clientKey}" stands in ${where} already`;
  return differing.length === 0 ? `${named}, with the same body` : `${named}, with another ${differing.join(', ')}`;
}
const sameField = (a: PaymentOrder, b: PaymentOrder, k: keyof PaymentOrder): boolean => String(a[k] ?? '') === String(b[k] ?? '');

function bodyOf(treasury: Digest, p: PaymentOrder): DisbursementBody {
  const dependsOn = [...new Set(dependenciesOf(p))].map((key) => disbursementId(treasury, key)).sort();
  return {
    treasury,
    clientKey: p.clientKey,
    destination: p.destination,
    amount: p.amount,
    lane: p.lane ?? 'consumer',
    notBefore: p.notBefore ?? 0,
    dependsOn,
    memo: keptMemo(p.memo ?? ''),
    payee: p.payee,
    expectedReceipts: (p.expectedReceipts ?? []).map((r) => ({ ...r })),
    revision: p.revision ?? 0,
    reverses: p.reverses,
  };
}

/** Bytes of a chunk transaction with no items in it, measured, so that the bound below is exact. */
function emptyChunkBytes(treasury: Digest): number {
  const action = { kind: 'importChunk', treasury, import: treasury, index: 0, items: [] as DisbursementBody[] } as const;
  return encode(transactionCodec, { version: 1, chain: treasury, signer: treasury, nonce: 0n, action }).length;
}

function chunked(bodies: readonly DisbursementBody[]): DisbursementBody[][] {
  const room = limits.transaction - emptyChunkBytes(bodies[0]?.treasury ?? '');
  const chunks: DisbursementBody[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const body of bodies) {
    const size = encode(disbursementBody, body).length;
    const last = chunks.at(-1);
    if (last === undefined || bytes + size > room || last.length >= limits.itemsPerChunk) {
      chunks.push([body]);
      bytes = size;
    } else {
      last.push(body);
      bytes += size;
    }
  }
  return chunks;
}
