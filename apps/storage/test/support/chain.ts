/** Makes a chain as four validators would: real keys, real signatures, headers and certificates that pass every check. */
import { keyPairFromSeed, sign } from '@bursar/crypto';
import { Ledger } from '@bursar/ledger';
import {
  advanceSchedule,
  genesisSet,
  leaderOf,
  leaderOrder,
  nextBeacon,
  type Schedule,
  skippedBitmap,
  startSchedule,
  toBitmap,
  type ValidatorSet,
} from '@bursar/membership';
import { merkleRoot } from '@bursar/merkle';
import {
  type Action,
  type Batch,
  type Block,
  batchCodec,
  batchDigest,
  batchRefsDigest,
  block,
  bodyHash,
  type Certificate,
  certificate,
  certificateDigest,
  chainId,
  type Digest,
  type DisbursementBody,
  disbursementId,
  encode,
  encodeTransaction,
  type Genesis,
  type Header,
  type Hex32,
  headerDigest,
  importDigest,
  importLeaf,
  limits,
  mOfN,
  NO_DELAYS,
  NO_LIMITS,
  signedTransaction,
  toHex,
  transactionHash,
  transactionId,
  treasuryId,
  voteHash,
  ZERO_DIGEST,
} from '@bursar/protocol';

export interface TestKey {
  readonly id: Hex32;
  readonly secretKey: Uint8Array;
}
/** The same name gives the same key in every run. */
export function testKey(name: string): TestKey {
  const seed = new Uint8Array(32);
  seed.set(new TextEncoder().encode(name).subarray(0, 32));
  const { publicKey, secretKey } = keyPairFromSeed(seed);
  return { id: toHex(publicKey), secretKey };
}

export const client = testKey('client');
export const approvers = ['approver-a', 'approver-b', 'approver-c'].map(testKey);
export const executor = testKey('executor');
const guardian = testKey('guardian');
export const TREASURY = treasuryId('payroll');
const START = 1_700_000_000_000;

export function testGenesis(validators: readonly TestKey[], name = 'test'): Genesis {
  return {
    version: 1,
    name,
    incarnation: 0,
    time: START,
    currency: { code: 'EUR', exponent: 2 },
    validators: validators.map((v, i) => ({ name: `validator-${i}`, publicKey: v.id, stake: 25n })),
    accounts: [{ id: client.id, balance: 1_000_000n }],
    treasuries: [
      {
        name: 'payroll',
        proposers: [client.id],
        approval: mOfN(
          approvers.map((a) => a.id),
          2,
        ),
        limits: NO_LIMITS,
        guardians: [guardian.id],
        guardianThreshold: 1,
        executors: [executor.id],
        delays: NO_DELAYS,
      },
    ],
    shards: 1,
    leaseMs: 10_000,
    blockIntervalMs: 1_000,
    viewTimeoutMs: 1_000,
  };
}

export interface MadeBlock {
  readonly height: number;
  readonly header: Header;
  readonly hash: Digest;
  /** As Commits.Commit takes it. */
  readonly raw: { readonly block: Uint8Array; readonly certificate: Uint8Array; readonly batches: Uint8Array[] };
  /** Roots after it. */
  readonly stateRoot: Digest;
  readonly resultsRoot: Digest;
}
export interface Entry {
  readonly transaction: Uint8Array;
  readonly traceparent: string;
  readonly tracestate: string;
}

export class TestChain {
  readonly validators = Array.from({ length: 4 }, (_, i) => testKey(`validator-${i}`));
  readonly genesis: Genesis;
  readonly chain: Digest;
  readonly set: ValidatorSet;
  readonly ledger: Ledger;
  #schedule: Schedule;
  #tip: { height: number; hash: Digest; time: number; certificate: Digest; stateRoot: Digest; resultsRoot: Digest };
  readonly #nonces = new Map<Hex32, bigint>();

  constructor(name?: string) {
    this.genesis = testGenesis(this.validators, name);
    this.chain = chainId(this.genesis);
    this.set = genesisSet(this.genesis);
    this.ledger = new Ledger(this.genesis);
    this.#schedule = startSchedule(this.chain);
    const roots = { stateRoot: this.ledger.stateRoot, resultsRoot: toHex(merkleRoot([])) };
    this.#tip = { height: 0, hash: this.chain, time: START, certificate: ZERO_DIGEST, ...roots };
  }

  /** A signed transaction with the signer's next nonce (0 for executeBatch and evidence) and its id. */
  sign(key: TestKey, action: Action, nonce?: bigint): { readonly signed: Uint8Array; readonly id: Digest } {
    const isFree = action.kind === 'executeBatch' || action.kind === 'evidence';
    const own = nonce ?? (isFree ? 0n : (this.#nonces.get(key.id) ?? 0n));
    if (nonce === undefined && !isFree) this.#nonces.set(key.id, own + 1n);
    const body = encodeTransaction({ chain: this.chain, signer: key.id, nonce: own, action });
    return { signed: encode(signedTransaction, { body, signature: sign(key.secretKey, transactionHash(body)) }), id: transactionId(body) };
  }

  entry(key: TestKey, action: Action, traceparent = ''): Entry {
    return { transaction: this.sign(key, action).signed, traceparent, tracestate: '' };
  }

  /** The next block: one batch of origin 0 with these entries, or none. `tamper` changes the header before it is certified. */
  next(entries: readonly Entry[] = [], options: { readonly view?: number; readonly tamper?: Partial<Header> } = {}): MadeBlock {
    const made = this.draft(entries, options);
    const { stateRoot, resultsRoot } = this.ledger.execute({ height: made.height, time: made.header.time, batches: made.decoded });
    this.#schedule = advanceSchedule(this.#schedule, made.header);
    this.#tip = {
      height: made.height,
      hash: made.hash,
      time: made.header.time,
      certificate: certificateDigest(made.proof),
      stateRoot,
      resultsRoot,
    };
    return { ...made, stateRoot, resultsRoot };
  }

  /** As `next`, but nothing is executed: the same height may be made again, otherwise. */
  draft(entries: readonly Entry[] = [], { view = 0, tamper = {} }: { readonly view?: number; readonly tamper?: Partial<Header> } = {}) {
    const height = this.#tip.height + 1;
    const time = this.#tip.time + 1_000;
    const number = this.ledger.nextBatch(0);
    const decoded: Batch[] =
      entries.length === 0
        ? []
        : [{ chain: this.chain, origin: 0, number, expiresAt: time + limits.batchLifetimeMs, entries: entries.map((e) => ({ ...e })) }];
    const batches = decoded.map((b) => encode(batchCodec, b));
    const refs: Block['batches'] = decoded.map(({ origin, number: n, expiresAt, entries: all }, i) => {
      const bytes = batches[i] as Uint8Array;
      return { origin, number: n, expiresAt, digest: batchDigest(bytes), bytes: bytes.length, transactions: all.length };
    });
    const order = leaderOrder(this.set, this.#schedule, height);
    const header: Header = {
      version: 1,
      chain: this.chain,
      epoch: 0,
      height,
      view,
      proposer: leaderOf(order, view),
      time,
      parent: this.#tip.hash,
      certificate: this.#tip.certificate,
      stateRoot: this.#tip.stateRoot,
      resultsRoot: this.#tip.resultsRoot,
      beacon: nextBeacon(this.#schedule.beacon, height),
      proofVersion: 0,
      proof: new Uint8Array(),
      skipped: skippedBitmap(order, view, this.set.validators.length),
      nextValidators: this.set.hash,
      batches: batchRefsDigest(refs),
      ...tamper,
    };
    const hash = headerDigest(header);
    const proof = this.certify(header.height, view, hash);
    return {
      height,
      header,
      hash,
      decoded,
      proof,
      raw: { block: encode(block, { header, batches: refs }), certificate: encode(certificate, proof), batches },
    };
  }

  /** A commit certificate over a block; by default of the validators 0, 1 and 2. */
  certify(
    height: number,
    view: number,
    hash: Digest,
    signers: readonly number[] = [0, 1, 2],
    kind: Certificate['kind'] = 'commit',
  ): Certificate {
    const vote = {
      chain: this.chain,
      epoch: 0,
      height,
      view,
      phase: kind === 'commit' ? ('commit' as const) : ('prepare' as const),
      digest: hash,
    };
    const signatures = signers.map((i) => sign((this.validators[i] as TestKey).secretKey, voteHash(vote)));
    return {
      kind,
      chain: this.chain,
      epoch: 0,
      height,
      view,
      digest: hash,
      signers: toBitmap(signers, this.set.validators.length),
      signatures,
    };
  }
}

/** An import in one chunk: its digest, and what must be signed for it, in order. */
export function testImport(payments: readonly { readonly key: string; readonly amount: bigint }[], treasury: Digest = TREASURY) {
  const items: DisbursementBody[] = payments.map(({ key, amount }) => ({
    treasury,
    clientKey: key,
    destination: testKey(`payee-${key}`).id,
    amount,
    lane: 'consumer',
    notBefore: 0,
    dependsOn: [],
    memo: `salary ${key}`,
    payee: undefined,
    expectedReceipts: [],
    revision: 0,
    reverses: undefined,
  }));
  const ids = items.map((b) => disbursementId(treasury, b.clientKey));
  const digest = importDigest(treasury, merkleRoot(items.map((b, i) => importLeaf(ids[i] as Digest, bodyHash(b)))));
  const chunk: Action = { kind: 'importChunk', treasury, import: digest, index: 0, items };
  const seal: Action = { kind: 'importSeal', treasury, import: digest, chunks: 1, count: items.length };
  const approve: Action = { kind: 'approve', treasury, import: digest };
  return { digest, items, ids, chunk, seal, approve };
}

/** An executeBatch for items of an import, in order. */
export const executeAction = (items: readonly DisbursementBody[], seq: bigint, leaseEpoch: bigint, expiresAt: number): Action => ({
  kind: 'executeBatch',
  shard: 0,
  leaseEpoch,
  lane: 'consumer',
  seq,
  expiresAt,
  items: items.map((b) => ({ id: disbursementId(b.treasury, b.clientKey), bodyHash: bodyHash(b), attempt: 0 })),
});
