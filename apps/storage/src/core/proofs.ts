/** Everything that a stranger needs to believe a payment or a result without us (docs/protocol.md, "Offline proof"). */
import {
  type Block,
  block,
  type Digest,
  decode,
  disbursementBody,
  encode,
  type Hex32,
  header,
  numberedPolicy,
  rejections,
  result,
  toHex,
} from '@bursar/protocol';
import { rejection } from '@bursar/shared-core';
import { notProvable, unknown } from '../errors.ts';
import { type ResultTrees, resultLeaf } from './result-trees.ts';
import { findReceipt } from './results.ts';
import type { BlockStore } from './store.ts';
import type { StoredBlock } from './stored-block.ts';

export interface Inclusion {
  /** Canonical leaf content. */
  readonly leaf: Uint8Array;
  readonly index: number;
  readonly count: number;
  readonly path: Uint8Array[];
}
export interface Certified {
  readonly header: Uint8Array;
  readonly certificate: Uint8Array;
}
export interface PaymentProof {
  readonly body: Uint8Array;
  readonly inImport: Inclusion;
  /** Canonical policy under which it was paid. */
  readonly policy: Uint8Array;
  readonly approvals: readonly Uint8Array[];
  readonly receipt: Inclusion;
  readonly certified: Certified;
}
export interface TransactionProof {
  readonly result: Inclusion;
  readonly certified: Certified;
}

const raw = (id: Hex32): Buffer => Buffer.from(id, 'hex');

/** @throws UnknownDisbursement, NotFinal */
export async function paymentProof(store: BlockStore, trees: ResultTrees, id: Digest): Promise<PaymentProof> {
  await store.settled();
  const found = store.ledger.disbursement(id);
  if (!found) throw unknown('UnknownDisbursement', id);
  if (!found.executed)
    throw rejection('NotFinal', `the payment is ${found.state}: it has no receipt`, {
      remedy: 'Ask again when its state is executed.',
      details: { state: found.state },
    });
  const { height } = found.executed;
  if (height >= store.tip.height) throw notProvable('the receipt', height);
  const place = store.ledger.importProof(found.import, found.index);
  const approvals = store.indexes.approvals(found.import);
  const body = encode(disbursementBody, found.body);
  const inImport = {
    leaf: Buffer.concat([raw(place.id), raw(place.bodyHash)]),
    index: place.index,
    count: place.count,
    path: place.path,
  };
  const stored = await store.read(height);
  const index = findReceipt(stored.results, raw(id));
  if (index < 0) store.corrupt(height, `the receipt of ${id} is missing`);
  const policy = policyOf(store, height, stored.results.at(index));
  return {
    body,
    inImport,
    policy,
    approvals,
    receipt: inclusion(store, trees, height, stored, index),
    certified: await certified(store, height),
  };
}

function policyOf(store: BlockStore, height: number, receipt: Uint8Array): Uint8Array {
  const paid = decode(result, receipt);
  const policy = paid.kind === 'payment' ? store.ledger.policy(paid.policy) : undefined;
  return policy ? encode(numberedPolicy, policy) : store.corrupt(height, 'a receipt names a policy that never was');
}

/** @throws NotFound, NotFinal */
export async function transactionProof(store: BlockStore, trees: ResultTrees, id: Digest): Promise<TransactionProof> {
  const place = store.indexes.transaction(id);
  if (!place) throw rejection('NotFound', rejections.NotFound.reason, { details: { id } });
  if (place.height >= store.tip.height) throw notProvable('the transaction', place.height);
  const stored = await store.read(place.height);
  return { result: inclusion(store, trees, place.height, stored, place.index), certified: await certified(store, place.height) };
}

function inclusion(store: BlockStore, trees: ResultTrees, height: number, { results, resultsRoot }: StoredBlock, index: number): Inclusion {
  const tree = trees.of(height, results);
  const leaf = results.at(index);
  const isRight = toHex(tree.root()) === resultsRoot && Buffer.compare(resultLeaf(leaf), tree.leaf(index)) === 0;
  if (!isRight) store.corrupt(height, 'its results do not hash to its results root'); // B4
  return { leaf, index, count: tree.leafCount, path: tree.proof(index) };
}

/** The header after `height` bears its roots. */
async function certified(store: BlockStore, height: number): Promise<Certified> {
  const stored = await store.read(height + 1);
  const next: Block = decode(block, stored.block);
  return { header: encode(header, next.header), certificate: stored.certificate };
}
