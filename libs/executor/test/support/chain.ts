/** The real ledger behind a network that loses, doubles, delays and refuses: what an executor may meet. */
import { keyPairFromSeed, sign } from '@bursar/crypto';
import { Ledger } from '@bursar/ledger';
import { merkleRoot } from '@bursar/merkle';
import {
  type Action,
  bodyHash,
  type Digest,
  type DisbursementBody,
  disbursementId,
  encode,
  encodeTransaction,
  type Genesis,
  type Hex32,
  importDigest,
  importLeaf,
  type Lane,
  mOfN,
  NO_DELAYS,
  NO_LIMITS,
  type PaymentReceipt,
  signedTransaction,
  type TransactionResult,
  toHex,
  transactionHash,
  treasuryAccount,
  treasuryId,
} from '@bursar/protocol';
import { rejection } from '@bursar/shared-core';
import type { LeaseAt, LedgerReads, Outcome, ReadyPage, Signed, Submitter } from '../../src/ports.ts';

const keys = new Map<string, { id: Hex32; secretKey: Uint8Array }>();
/** The same name gives the same key in every run. */
export function keyOf(name: string): { id: Hex32; secretKey: Uint8Array } {
  const known = keys.get(name);
  if (known) return known;
  const seed = new Uint8Array(32);
  seed.set(new TextEncoder().encode(name));
  const pair = keyPairFromSeed(seed);
  const made = { id: toHex(pair.publicKey), secretKey: pair.secretKey };
  keys.set(name, made);
  return made;
}

export const TREASURY = treasuryId('payroll');
export const START = 1_700_000_000_000;
export const LEASE_MS = 10_000;

export const testGenesis = (executors: readonly string[] = ['exec', 'exec2']): Genesis => ({
  version: 1,
  name: 'test',
  incarnation: 0,
  time: START,
  currency: { code: 'EUR', exponent: 2 },
  validators: ['v0', 'v1', 'v2', 'v3'].map((name) => ({ name, publicKey: keyOf(name).id, stake: 1n })),
  accounts: [{ id: treasuryAccount(TREASURY), balance: 1_000_000n }],
  treasuries: [
    {
      name: 'payroll',
      proposers: [keyOf('clerk').id],
      approval: mOfN([keyOf('ann').id], 1),
      limits: NO_LIMITS,
      guardians: [keyOf('gus').id],
      guardianThreshold: 1,
      executors: executors.map((name) => keyOf(name).id),
      delays: NO_DELAYS,
    },
  ],
  shards: 1,
  leaseMs: LEASE_MS,
  blockIntervalMs: 1_000,
  viewTimeoutMs: 1_000,
});

export const body = (clientKey: string, changes: Partial<DisbursementBody> = {}): DisbursementBody => ({
  treasury: TREASURY,
  clientKey,
  destination: keyOf('payee').id,
  amount: 10n,
  lane: 'consumer',
  notBefore: 0,
  dependsOn: [],
  memo: '',
  payee: undefined,
  expectedReceipts: [],
  revision: 0,
  reverses: undefined,
  ...changes,
});
export const did = (clientKey: string): Digest => disbursementId(TREASURY, clientKey);

/** What one sending to a validator meets. `lost`: an error, and it is nowhere. `silent`: an error, but it has arrived. */
export type Fate = 'taken' | 'lost' | 'silent' | 'doubled' | 'late';

export class Chain {
  readonly genesis: Genesis;
  readonly ledger: Ledger;
  readonly receipts: PaymentReceipt[] = [];
  readonly #results = new Map<Digest, TransactionResult>();
  readonly #open = new Map<Digest, TransactionResult>();
  /** Bytes that validators hold; `after` blocks they come into one. */
  #mempool: { bytes: Uint8Array; after: number }[] = [];
  #number = 1;
  /** Everything that was ever sent, by id. */
  readonly sent = new Map<Digest, Uint8Array[]>();

  constructor(genesis = testGenesis()) {
    this.genesis = genesis;
    this.ledger = new Ledger(genesis);
  }

  put({ id, body: raw, signature }: Signed, after = 0): void {
    const bytes = encode(signedTransaction, { body: raw, signature });
    this.sent.set(id, [...(this.sent.get(id) ?? []), bytes]);
    this.#mempool.push({ bytes, after });
  }
  get waiting(): number {
    return this.#mempool.length;
  }

  act(by: string, ...actions: readonly Action[]): TransactionResult[] {
    const key = keyOf(by);
    let nonce = this.ledger.account(key.id)?.nonce ?? 0n;
    const ids = actions.map((action) => {
      const raw = encodeTransaction({ chain: this.ledger.chain, signer: key.id, nonce: nonce++, action });
      const hash = transactionHash(raw);
      this.put({ id: toHex(hash), body: raw, signature: sign(key.secretKey, hash) });
      return toHex(hash);
    });
    this.block();
    return ids.map((id) => (this.#results.get(id) ?? this.#open.get(id)) as TransactionResult);
  }

  /** Imports and approves. @returns the import's digest */
  approve(items: readonly DisbursementBody[]): Digest {
    const leaves = items.map((b) => importLeaf(disbursementId(b.treasury, b.clientKey), bodyHash(b)));
    const digest = importDigest(TREASURY, merkleRoot(leaves));
    const common = { treasury: TREASURY, import: digest };
    this.act(
      'clerk',
      { kind: 'importChunk', ...common, index: 0, items: [...items] },
      { kind: 'importSeal', ...common, chunks: 1, count: items.length },
    );
    this.act('ann', { kind: 'approve', ...common });
    return digest;
  }

  /** Executes the next block; `order` may shuffle what validators hold. */
  block(ms = 50, order: <T>(of: T[]) => T[] = (of) => of): void {
    const due = order(this.#mempool.filter((t) => t.after <= 0));
    this.#mempool = this.#mempool.filter((t) => t.after > 0).map((t) => ({ ...t, after: t.after - 1 }));
    const entries = due.map(({ bytes }) => ({ transaction: bytes, traceparent: '', tracestate: '' }));
    const batch = { chain: this.ledger.chain, origin: 0, number: this.#number, expiresAt: this.ledger.time + 60_000, entries };
    if (entries.length > 0) this.#number += 1;
    const { results } = this.ledger.execute({
      height: this.ledger.height + 1,
      time: this.ledger.time + ms,
      batches: entries.length > 0 ? [batch] : [],
    });
    for (const r of results) {
      if (r.kind === 'payment') this.receipts.push(r);
      else if (!r.consumed) this.#open.set(r.transaction, r);
      else if (!this.#results.has(r.transaction)) this.#results.set(r.transaction, r);
    }
  }

  lease(): LeaseAt {
    const { holder, epoch, expiresAt, released, nextSeq } = this.ledger.lease(0) as NonNullable<ReturnType<Ledger['lease']>>;
    const ready = { consumer: this.ledger.readyCount(0, 'consumer'), industrial: this.ledger.readyCount(0, 'industrial') };
    return { holder, epoch, expiresAt, released, nextSeq, height: this.ledger.height, time: this.ledger.time, ready };
  }
  outcome(id: Digest): Outcome {
    const final = this.#results.get(id);
    if (final) return { kind: 'final', result: final, provable: final.height < this.ledger.height };
    const open = this.#open.get(id);
    return open ? { kind: 'refused', code: open.code, height: open.height } : { kind: 'none' };
  }
  state(clientKey: string): string | undefined {
    return this.ledger.disbursement(did(clientKey))?.state;
  }
}

/** Reads that fail when `broken` says so. */
export class ChainReads implements LedgerReads {
  readonly #chain: Chain;
  readonly #broken: () => boolean;
  rotations = 0;
  /** Lanes whose lists were read. */
  readonly listed: Lane[] = [];
  /** False: nothing tells what is ready, as while no stream is open. */
  told = true;

  constructor(chain: Chain, broken: () => boolean = () => false) {
    this.#chain = chain;
    this.#broken = broken;
  }
  async lease(_atLeast: number): Promise<LeaseAt> {
    this.#check();
    const lease = this.#chain.lease();
    return this.told ? lease : { ...lease, ready: undefined };
  }
  async nonce(account: Hex32) {
    this.#check();
    return { nonce: this.#chain.ledger.account(account)?.nonce ?? 0n, height: this.#chain.ledger.height };
  }
  async ready(lane: Lane, limit: number, cursor: string): Promise<ReadyPage> {
    this.#check();
    this.listed.push(lane);
    const { items, next } = this.#chain.ledger.ready(0, lane, limit, cursor);
    return { items: items.map((i) => ({ ...i, traceparent: '' })), next: next ?? '' };
  }
  async outcome(id: Digest): Promise<Outcome> {
    this.#check();
    return this.#chain.outcome(id);
  }
  rotate(): void {
    this.rotations += 1;
  }
  #check(): void {
    if (this.#broken()) throw rejection('PeerUnreachable');
  }
}

/** Validators whose every sending meets a fate. */
export class ChainSubmitter implements Submitter {
  readonly count: number;
  readonly #chain: Chain;
  readonly #fate: (place: number) => Fate;
  readonly places: number[] = [];

  constructor(chain: Chain, fate: (place: number) => Fate = () => 'taken', count = 2) {
    this.#chain = chain;
    this.#fate = fate;
    this.count = count;
  }
  async submit(place: number, transaction: Signed): Promise<void> {
    this.places.push(place);
    const fate = this.#fate(place);
    if (fate === 'lost') throw rejection('PeerUnreachable', 'nobody there');
    this.#chain.put(transaction, fate === 'late' ? 3 : 0);
    if (fate === 'doubled') this.#chain.put(transaction, 2);
    if (fate === 'silent') throw rejection('ProcessingTimeout', 'no answer');
  }
}
