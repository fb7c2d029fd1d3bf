/** A ledger with people around it: transactions are made, counted and put into blocks. */
import { keyPairFromSeed } from '@bursar/crypto';
import { merkleRoot } from '@bursar/merkle';
import {
  type Action,
  bodyHash,
  type Change,
  type DisbursementBody,
  disbursementId,
  encode,
  encodeTransaction,
  findRejection,
  type Genesis,
  type Hex32,
  importDigest,
  importLeaf,
  mOfN,
  NO_LIMITS,
  type Result,
  signedTransaction,
  type TransactionResult,
  toHex,
  treasuryAccount,
  treasuryId,
} from '@bursar/protocol';
import { type ExecutableBlock, type Executed, Ledger } from '../../src/index.ts';

const keys = new Map<string, Hex32>();
/** The public key of a person; the same name gives the same key in every run. */
export function idOf(name: string): Hex32 {
  const known = keys.get(name);
  if (known) return known;
  const seed = new Uint8Array(32);
  seed.set(new TextEncoder().encode(name));
  const made = toHex(keyPairFromSeed(seed).publicKey);
  keys.set(name, made);
  return made;
}
/** A 32-byte account that nobody signs for. */
export const payee = (n: number): Hex32 => n.toString(16).padStart(64, '0');

export const TREASURY = treasuryId('main');
export const TREASURY_ACCOUNT = treasuryAccount(TREASURY);
export const OTHER = treasuryId('other');
export const START = 1_000_000;
export const LEASE_MS = 10_000;
export const DELAY_MS = 5_000;

export const genesis = (changes: Partial<Genesis> = {}): Genesis => ({
  version: 1,
  name: 'test',
  incarnation: 0,
  time: START,
  currency: { code: 'EUR', exponent: 2 },
  validators: ['v0', 'v1'].map((name) => ({ name, publicKey: idOf(name), stake: 1n })),
  accounts: [
    { id: idOf('client'), balance: 1_000_000n },
    { id: TREASURY_ACCOUNT, balance: 10_000n },
  ],
  treasuries: ['main', 'other'].map((name) => ({
    name,
    proposers: [idOf('client'), idOf('clerk')],
    approval: mOfN([idOf('ann'), idOf('bob'), idOf('cyd')], 2),
    limits: NO_LIMITS,
    guardians: [idOf('gus'), idOf('gil'), idOf('gwen')],
    guardianThreshold: 2,
    executors: name === 'main' ? [idOf('exec'), idOf('exec2')] : [idOf('exec2')],
    delays: { policyMs: DELAY_MS, payeeMs: DELAY_MS },
  })),
  shards: 1,
  leaseMs: LEASE_MS,
  blockIntervalMs: 1000,
  viewTimeoutMs: 1000,
  ...changes,
});

export const body = (clientKey: string, changes: Partial<DisbursementBody> = {}): DisbursementBody => ({
  treasury: TREASURY,
  clientKey,
  destination: payee(1),
  amount: 100n,
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
export const did = (clientKey: string, treasury = TREASURY): Hex32 => disbursementId(treasury, clientKey);
export const deps = (...clientKeys: string[]): Hex32[] => clientKeys.map((k) => did(k)).sort();

export const digestOf = (items: readonly DisbursementBody[], treasury = TREASURY): Hex32 =>
  importDigest(treasury, merkleRoot(items.map((b) => importLeaf(disbursementId(b.treasury, b.clientKey), bodyHash(b)))));

export type Unsigned = { by: string; nonce?: bigint; action: Action };

export class World {
  readonly ledger: Ledger;
  readonly #numbers = [1, 1];
  last: Executed | undefined;
  /** Every block so far and what came of it. */
  readonly history: { block: ExecutableBlock; executed: Executed }[] = [];

  constructor(changes: Partial<Genesis> = {}) {
    this.ledger = new Ledger(genesis(changes));
  }

  transaction({ by, nonce, action }: Unsigned, counted = new Map<string, bigint>()): Uint8Array {
    const signer = idOf(by);
    const free = action.kind === 'executeBatch' || action.kind === 'evidence';
    const next = counted.get(by) ?? this.ledger.account(signer)?.nonce ?? 0n;
    const used = nonce ?? (free ? 0n : next);
    if (nonce === undefined && !free) counted.set(by, next + 1n);
    const body = encodeTransaction({ chain: this.ledger.chain, signer, nonce: used, action });
    // Consensus has checked signatures before a block is executed.
    return encode(signedTransaction, { body, signature: new Uint8Array(64) });
  }

  /** Executes one block with these transactions, `afterMs` of ledger time later. */
  block(txs: readonly (Unsigned | Uint8Array)[] = [], afterMs = 10, origin = 0): Result[] {
    const counted = new Map<string, bigint>();
    const entries = txs.map((tx) => {
      const transaction = tx instanceof Uint8Array ? tx : this.transaction(tx, counted);
      return { transaction, traceparent: '', tracestate: '' };
    });
    const number = this.#numbers[origin] as number;
    if (entries.length > 0) this.#numbers[origin] = number + 1;
    const batch = { chain: this.ledger.chain, origin, number, expiresAt: this.ledger.time + 60_000, entries };
    const block = { height: this.ledger.height + 1, time: this.ledger.time + afterMs, batches: entries.length > 0 ? [batch] : [] };
    this.last = this.ledger.execute(block);
    this.history.push({ block, executed: this.last });
    return this.last.results;
  }

  /** Executes one block and names what became of each transaction. */
  run(txs: readonly (Unsigned | Uint8Array)[], afterMs = 10): string[] {
    return this.block(txs, afterMs).filter(isTransaction).map(verdictOf);
  }

  /** Chunks of `size` items, then the seal. */
  importTxs(items: readonly DisbursementBody[], by = 'client', size = 1000, treasury = TREASURY): Unsigned[] {
    const digest = digestOf(items, treasury);
    const txs: Unsigned[] = [];
    for (let at = 0; at < items.length; at += size) {
      txs.push({ by, action: { kind: 'importChunk', treasury, import: digest, index: at / size, items: items.slice(at, at + size) } });
    }
    txs.push({ by, action: { kind: 'importSeal', treasury, import: digest, chunks: txs.length, count: items.length } });
    return txs;
  }

  /** Imports and approves; returns the digest. */
  approved(items: readonly DisbursementBody[], treasury = TREASURY): Hex32 {
    const digest = digestOf(items, treasury);
    const txs = this.importTxs(items, 'client', 1000, treasury);
    const verdicts = this.run([...txs, approve('ann', digest, treasury), approve('bob', digest, treasury)]);
    if (verdicts.some((v) => v !== 'done')) throw new Error(`not imported: ${verdicts.join()}`);
    return digest;
  }

  /** Proposes a change of the present version; its verdict and its id. */
  propose(change: Change, by = 'client', version = this.versionOf(change)): { readonly verdict: string; readonly id: Hex32 } {
    const [result] = this.block([{ by, action: { kind: 'proposeChange', treasury: TREASURY, version, change } }]).filter(isTransaction);
    if (!result) throw new Error('no result');
    return { verdict: verdictOf(result), id: result.transaction };
  }
  versionOf(change: Change): number {
    if (change.kind === 'policy') return this.ledger.treasury(TREASURY)?.policyVersion ?? 0;
    return this.ledger.payee(TREASURY, change.name)?.version ?? 0;
  }
  /** Proposed, approved by these and in force; anything else is an error. */
  change(change: Change, approvers: readonly string[] = ['ann', 'bob']): Hex32 {
    const { id, verdict } = this.propose(change);
    const verdicts = [verdict, ...this.run(approvers.map((by) => approveChange(by, id)))];
    this.block([], DELAY_MS);
    const state = this.ledger.change(id)?.state;
    if (verdicts.some((v) => v !== 'done') || state !== 'effective') throw new Error(`not changed: ${verdicts.join()}, ${state}`);
    return id;
  }

  /** A batch of the current lease holder over these client keys. */
  batch(clientKeys: readonly string[], changes: Partial<Extract<Action, { kind: 'executeBatch' }>> = {}, by = 'exec'): Unsigned {
    const lease = this.ledger.lease(0);
    const items = clientKeys.map((k) => {
      const id = did(k);
      return { id, bodyHash: this.ledger.disbursement(id)?.bodyHash ?? payee(0), attempt: 1 };
    });
    const action = {
      kind: 'executeBatch' as const,
      shard: 0,
      leaseEpoch: lease.epoch,
      lane: 'consumer' as const,
      seq: lease.nextSeq,
      expiresAt: this.ledger.time + 5_000,
      items,
      ...changes,
    };
    return { by, action };
  }

  /** Executes a block with this executeBatch alone; the name of each item's outcome. */
  outcomes(batch: Unsigned): string[] {
    const found = this.block([batch]).find(isTransaction);
    if (found?.code !== 0) throw new Error(found ? verdictOf(found) : 'no result');
    return found.items.map(nameOf);
  }
  pay(...clientKeys: string[]): string[] {
    return this.outcomes(this.batch(clientKeys));
  }

  state(clientKey: string): string | undefined {
    const found = this.ledger.disbursement(did(clientKey));
    return found && (found.blocked ? `${found.state}{${found.blocked}}` : found.state);
  }
  /** What may be paid at once. */
  readyKeys(lane: 'consumer' | 'industrial' = 'consumer'): string[] {
    const items = this.ledger.ready(0, lane, 1000).items.filter((i) => i.after.length === 0);
    return items.map(({ id }) => this.ledger.disbursement(id)?.body.clientKey ?? '?');
  }
}

export const isTransaction = (r: Result): r is TransactionResult => r.kind === 'transaction';
export const nameOf = (code: number): string => (code === 0 ? 'done' : (findRejection(code)?.name ?? `code ${code}`));
/** "done", the rejection's name, with a question mark when nothing was consumed. */
export const verdictOf = (r: TransactionResult): string => nameOf(r.code) + (r.consumed ? '' : '?');

export const approve = (by: string, digest: Hex32, treasury = TREASURY): Unsigned => ({
  by,
  action: { kind: 'approve', treasury, import: digest },
});
export const cancel = (by: string, clientKey: string, treasury = TREASURY): Unsigned => ({
  by,
  action: { kind: 'cancel', treasury, disbursement: did(clientKey) },
});
export const lease = (by: string, request: 'acquire' | 'renew' | 'release', shard = 0): Unsigned => ({
  by,
  action: { kind: 'lease', shard, request },
});
/** The change is known by the id of this transaction: see `World.propose`. */
export const approveChange = (by: string, change: Hex32, treasury = TREASURY): Unsigned => ({
  by,
  action: { kind: 'approveChange', treasury, change },
});
export const cancelChange = (by: string, change: Hex32, treasury = TREASURY): Unsigned => ({
  by,
  action: { kind: 'cancelChange', treasury, change },
});
export const hold = (by: string, clientKey: string, number: number): Unsigned => ({
  by,
  action: { kind: 'hold', treasury: TREASURY, disbursement: did(clientKey), number },
});
export const release = (by: string, clientKey: string, number: number): Unsigned => ({
  by,
  action: { kind: 'release', treasury: TREASURY, disbursement: did(clientKey), number },
});
export const transfer = (by: string, to: Hex32, amount: bigint): Unsigned => ({ by, action: { kind: 'transfer', to, amount, memo: '' } });
export const pause = (by: string, number: number, treasury = TREASURY): Unsigned => ({ by, action: { kind: 'pause', treasury, number } });
export const resume = (by: string, number: number, treasury = TREASURY): Unsigned => ({ by, action: { kind: 'resume', treasury, number } });
