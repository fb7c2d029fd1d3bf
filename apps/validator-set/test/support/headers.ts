/** Certified headers of four validators; bodies do not matter to membership. */
import { keyPairFromSeed, sign } from '@bursar/crypto';
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
} from '@bursar/membership';
import {
  batchRefsDigest,
  block,
  type Certificate,
  certificate,
  chainId,
  encode,
  type Genesis,
  type Header,
  headerDigest,
  mOfN,
  NO_DELAYS,
  NO_LIMITS,
  toHex,
  voteHash,
  ZERO_DIGEST,
} from '@bursar/protocol';
import type { StreamedBlock } from '../../src/ports.ts';

const keys = Array.from({ length: 4 }, (_, i) => keyPairFromSeed(new Uint8Array(32).fill(i + 1)));
const someone = toHex(keyPairFromSeed(new Uint8Array(32).fill(99)).publicKey);
const approver = toHex(keyPairFromSeed(new Uint8Array(32).fill(98)).publicKey);
const START = 1_700_000_000_000;

export const testGenesis = (name = 'test'): Genesis => ({
  version: 1,
  name,
  incarnation: 0,
  time: START,
  currency: { code: 'EUR', exponent: 2 },
  validators: keys.map((k, i) => ({ name: `validator-${i}`, publicKey: toHex(k.publicKey), stake: BigInt(20 + i) })),
  accounts: [{ id: someone, balance: 1_000n }],
  treasuries: [
    {
      name: 'payroll',
      proposers: [someone],
      approval: mOfN([approver], 1),
      limits: NO_LIMITS,
      guardians: [someone],
      guardianThreshold: 1,
      executors: [someone],
      delays: NO_DELAYS,
    },
  ],
  shards: 1,
  leaseMs: 10_000,
  blockIntervalMs: 1_000,
  viewTimeoutMs: 1_000,
});

export interface MadeHeader extends StreamedBlock {
  readonly header: Header;
}

/** Makes the next header of a chain; `view` is the view in which it is first proposed. */
export class TestHeaders {
  readonly genesis: Genesis;
  readonly chain: string;
  readonly set;
  #schedule: Schedule;
  #parent: string;
  #height = 0;

  constructor(name?: string) {
    this.genesis = testGenesis(name);
    this.chain = chainId(this.genesis);
    this.set = genesisSet(this.genesis);
    this.#schedule = startSchedule(this.chain);
    this.#parent = this.chain;
  }

  next(view = 0): MadeHeader {
    const made = this.draft(view);
    this.#height = made.height;
    this.#parent = headerDigest(made.header);
    this.#schedule = advanceSchedule(this.#schedule, made.header);
    return made;
  }

  /** As `next`, without going on; `tamper` changes the header before it is certified. */
  draft(view = 0, tamper: Partial<Header> = {}, signers: readonly number[] = [1, 2, 3]): MadeHeader {
    const height = this.#height + 1;
    const order = leaderOrder(this.set, this.#schedule, height);
    const header: Header = {
      version: 1,
      chain: this.chain,
      epoch: 0,
      height,
      view,
      proposer: leaderOf(order, view),
      time: START + height * 1_000,
      parent: this.#parent,
      certificate: ZERO_DIGEST,
      stateRoot: ZERO_DIGEST,
      resultsRoot: ZERO_DIGEST,
      beacon: nextBeacon(this.#schedule.beacon, height),
      proofVersion: 0,
      proof: new Uint8Array(),
      skipped: skippedBitmap(order, view, 4),
      nextValidators: this.set.hash,
      batches: batchRefsDigest([]),
      ...tamper,
    };
    const raw = encode(certificate, this.certify(header, signers));
    return { height: header.height, header, block: encode(block, { header, batches: [] }), certificate: raw };
  }

  certify(header: Header, signers: readonly number[], kind: Certificate['kind'] = 'commit'): Certificate {
    const { height, view } = header;
    const of = { chain: this.chain, epoch: 0, height, view, digest: headerDigest(header) };
    const hash = voteHash({ ...of, phase: kind === 'commit' ? 'commit' : 'prepare' });
    const signatures = signers.map((i) => sign(keys[i]?.secretKey ?? new Uint8Array(), hash));
    return { kind, ...of, signers: toBitmap(signers, 4), signatures };
  }
}
