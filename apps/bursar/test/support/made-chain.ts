/** Histories for the audit: blocks that the real ledger executed, certified by keys at hand, and then as false as a test wants them. */
import { type KeyPair, keyPairFromSeed, sign } from '@bursar/crypto';
import { Ledger } from '@bursar/ledger';
import { genesisBeacon, toBitmap } from '@bursar/membership';
import { merkleRoot } from '@bursar/merkle';
import {
  type Action,
  type Block,
  batchCodec,
  batchDigest,
  batchRefsDigest,
  bodyHash,
  type Certificate,
  certificateDigest,
  chainId,
  type Digest,
  type DisbursementBody,
  decode,
  disbursementId,
  encode,
  encodeTransaction,
  type Genesis,
  type Header,
  hash,
  headerDigest,
  importDigest,
  importLeaf,
  mOfN,
  NO_LIMITS,
  type Result,
  result,
  signedTransaction,
  toHex,
  transactionHash,
  treasuryId,
  voteHash,
  ZERO_DIGEST,
} from '@bursar/protocol';
import type { KeptBlock } from '../../src/audit/block-record.ts';

const keys = new Map<string, KeyPair>();
export function keyOf(name: string): KeyPair & { readonly id: string } {
  const known = keys.get(name) ?? keyPairFromSeed(Buffer.alloc(32, name));
  keys.set(name, known);
  return { ...known, id: toHex(known.publicKey) };
}
export const id = (name: string): string => keyOf(name).id;
const START = 1_000_000;
export const TREASURY = treasuryId('payroll');
export const LEASE_MS = 10_000;

/** Ann and bob are of finance, cyd is of the board; up to 100 one of finance, above that two and the board. */
export const testGenesis = (): Genesis => ({
  version: 1,
  name: 'made',
  incarnation: 0,
  time: START,
  currency: { code: 'EUR', exponent: 2 },
  validators: [0, 1, 2, 3].map((i) => ({ name: `v${i}`, publicKey: id(`validator ${i}`), stake: 100n })),
  accounts: [{ id: id('client'), balance: 1_000_000n }],
  treasuries: [
    {
      name: 'payroll',
      proposers: [id('clerk'), id('ann')],
      approval: {
        roles: [
          { name: 'finance', keys: [id('ann'), id('bob')] },
          { name: 'board', keys: [id('cyd')] },
        ],
        bands: [{ upTo: 100n, needs: [1, 0] }, { ...mOfN([], 1).bands[0], needs: [2, 1] } as { upTo: bigint; needs: number[] }],
      },
      limits: { ...NO_LIMITS, perPayment: 5_000n, windows: [{ lengthMs: 6_400, most: 6_000n, scope: 'treasury' }] },
      guardians: [id('gil'), id('gus')],
      guardianThreshold: 2,
      executors: [id('exec'), id('exec2')],
      delays: { policyMs: 2_000, payeeMs: 2_000 },
    },
  ],
  shards: 1,
  leaseMs: LEASE_MS,
  blockIntervalMs: 1_000,
  viewTimeoutMs: 1_000,
});
export const body = (clientKey: string, change: Partial<DisbursementBody> = {}): DisbursementBody => ({
  treasury: TREASURY,
  clientKey,
  destination: id('payee'),
  amount: 10n,
  lane: 'consumer',
  notBefore: 0,
  dependsOn: [],
  memo: '',
  payee: undefined,
  expectedReceipts: [],
  revision: 0,
  reverses: undefined,
  ...change,
});
export const pid = (clientKey: string): Digest => disbursementId(TREASURY, clientKey);

/** What a dishonest quorum would do to a block before it signs it. */
export interface Lie {
  readonly results?: (results: Result[]) => Result[];
  readonly header?: (header: Header) => Partial<Header>;
  readonly certificate?: (c: Certificate) => Partial<Certificate>;
  readonly kept?: (kept: KeptBlock) => Partial<KeptBlock>;
  readonly ms?: number;
}
export const recode =
  (transaction: number, change: Partial<Extract<Result, { kind: 'transaction' }>>) =>
  (results: Result[]): Result[] => {
    let n = -1;
    return results.map((r) => (r.kind === 'transaction' && ++n === transaction ? { ...r, ...change } : r));
  };

export class MadeChain {
  readonly genesis: Genesis;
  readonly chain: Digest;
  readonly ledger: Ledger;
  readonly blocks: KeptBlock[] = [];
  readonly #nonces = new Map<string, bigint>();
  #parent: Digest;
  #certificate: Digest = ZERO_DIGEST;
  #stateRoot: Digest;
  #resultsRoot = toHex(merkleRoot([]));
  #time = START;

  constructor(genesis = testGenesis()) {
    this.genesis = genesis;
    this.chain = chainId(genesis);
    this.ledger = new Ledger(genesis);
    this.#parent = this.chain;
    this.#stateRoot = this.ledger.stateRoot;
  }

  /** Ledger time of the last block. */
  get time(): number {
    return this.#time;
  }

  /** A signed transaction with the next nonce of its signer. */
  act(who: string, action: Action, nonce?: bigint): Uint8Array {
    const isOwn = action.kind !== 'executeBatch' && action.kind !== 'evidence';
    const next = this.#nonces.get(who) ?? 0n;
    if (isOwn && nonce === undefined) this.#nonces.set(who, next + 1n);
    const signed = encodeTransaction({ chain: this.chain, signer: id(who), nonce: nonce ?? (isOwn ? next : 0n), action });
    return encode(signedTransaction, { body: signed, signature: sign(keyOf(who).secretKey, transactionHash(signed)) });
  }
  imported(bodies: readonly DisbursementBody[], by = 'clerk') {
    const root = merkleRoot(bodies.map((b) => importLeaf(disbursementId(b.treasury, b.clientKey), bodyHash(b))));
    const digest = importDigest(TREASURY, root);
    const common = { treasury: TREASURY, import: digest };
    const chunk = this.act(by, { kind: 'importChunk', ...common, index: 0, items: [...bodies] });
    const seal = this.act(by, { kind: 'importSeal', ...common, chunks: 1, count: bodies.length });
    return { digest, transactions: [chunk, seal] };
  }
  approve(who: string, digest: Digest): Uint8Array {
    return this.act(who, { kind: 'approve', treasury: TREASURY, import: digest });
  }
  lease(who = 'exec', request: 'acquire' | 'renew' | 'release' = 'acquire'): Uint8Array {
    return this.act(who, { kind: 'lease', shard: 0, request });
  }
  batch(
    bodies: readonly DisbursementBody[],
    seq: bigint,
    { who = 'exec', epoch = 1n, expiresAt = START * 2, attempt = 1 } = {},
  ): Uint8Array {
    const items = bodies.map((b) => ({ id: pid(b.clientKey), bodyHash: bodyHash(b), attempt }));
    return this.act(who, { kind: 'executeBatch', shard: 0, leaseEpoch: epoch, lane: 'consumer', seq, expiresAt, items });
  }

  block(transactions: readonly Uint8Array[] = [], lie: Lie = {}): this {
    const height = this.blocks.length + 1;
    this.#time += lie.ms ?? 1_000;
    const entries = transactions.map((transaction) => ({ transaction, traceparent: '', tracestate: '' }));
    const raw = { chain: this.chain, origin: 0, number: this.ledger.nextBatch(0), expiresAt: this.#time + 60_000, entries };
    const bodies = entries.length === 0 ? [] : [encode(batchCodec, raw)];
    const batches = bodies.map((b) => ({
      origin: 0,
      number: raw.number,
      digest: batchDigest(b),
      bytes: b.length,
      transactions: entries.length,
      expiresAt: raw.expiresAt,
    }));
    const honest: Header = {
      version: 1,
      chain: this.chain,
      epoch: 0,
      height,
      view: 0,
      proposer: 0,
      time: this.#time,
      parent: this.#parent,
      certificate: this.#certificate,
      stateRoot: this.#stateRoot,
      resultsRoot: this.#resultsRoot,
      beacon: genesisBeacon(this.chain),
      proofVersion: 0,
      proof: new Uint8Array(),
      skipped: toBitmap([], 4),
      nextValidators: ZERO_DIGEST,
      batches: batchRefsDigest(batches),
    };
    const header = { ...honest, ...lie.header?.(honest) };
    const executed = this.ledger.execute({ height, time: this.#time, batches: bodies.map((b) => decode(batchCodec, b)) });
    const results = (lie.results?.(executed.results) ?? executed.results).map((r) => encode(result, r));
    this.#stateRoot = executed.stateRoot;
    this.#resultsRoot = toHex(merkleRoot(results.map((r) => hash('bursar/result', r))));
    const certificate = this.#certify(header, lie);
    this.#parent = headerDigest(header);
    this.#certificate = certificateDigest(certificate);
    const block: Block = { header, batches };
    const roots = { stateRoot: this.#stateRoot, resultsRoot: this.#resultsRoot };
    const kept: KeptBlock = { height, block, certificate, raw: { batches: bodies, results }, ...roots };
    this.blocks.push({ ...kept, ...lie.kept?.(kept) });
    return this;
  }

  #certify(header: Header, lie: Lie): Certificate {
    const vote = { chain: this.chain, epoch: 0, height: header.height, view: 0, digest: headerDigest(header) };
    const signers = [0, 1, 2];
    const signatures = signers.map((i) => sign(keyOf(`validator ${i}`).secretKey, voteHash({ ...vote, phase: 'commit' })));
    const made: Certificate = { kind: 'commit', ...vote, signers: toBitmap(signers, 4), signatures };
    return { ...made, ...lie.certificate?.(made) };
  }
}
