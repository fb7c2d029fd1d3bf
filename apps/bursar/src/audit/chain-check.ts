/** One validator's chain: each block after the one before, certified, with the bodies and results that its header commits to. */
import { merkleRoot } from '@bursar/merkle';
import {
  type Batch,
  batchDigest,
  batchRefsDigest,
  type Digest,
  type Genesis,
  hash,
  headerDigest,
  toHex,
  ZERO_DIGEST,
} from '@bursar/protocol';
import { batchesOf, type KeptBlock } from './block-record.ts';
import { Quorum } from './quorum.ts';

interface Tip {
  readonly height: number;
  readonly digest: Digest;
  readonly time: number;
  /** Undefined after height 0: that root follows from the ledger's own tree alone. */
  readonly stateRoot: Digest | undefined;
  readonly resultsRoot: Digest;
}

export class ChainCheck {
  readonly #chain: Digest;
  readonly #quorum: Quorum;
  readonly #numbers: number[];
  #tip: Tip;

  constructor(genesis: Genesis, chain: Digest) {
    this.#chain = chain;
    this.#quorum = new Quorum(genesis);
    this.#numbers = genesis.validators.map(() => 1);
    this.#tip = { height: 0, digest: chain, time: genesis.time, stateRoot: undefined, resultsRoot: toHex(merkleRoot([])) };
  }

  get tip(): Tip {
    return this.#tip;
  }

  /** Sentences about what is wrong with the next block. It counts as the tip all the same: what follows is judged by it. */
  *problems(kept: KeptBlock): Generator<string> {
    const { header, batches } = kept.block;
    const before = this.#tip;
    const digest = headerDigest(header);
    const resultsRoot = toHex(merkleRoot(kept.raw.results.map((r) => hash('bursar/result', r))));
    this.#tip = { height: header.height, digest, time: header.time, stateRoot: kept.stateRoot, resultsRoot };
    if (header.height !== before.height + 1 || kept.height !== header.height) yield `height ${header.height} follows ${before.height}`;
    if (header.version !== 1 || header.chain !== this.#chain) yield 'it is of another chain or version';
    if (header.parent !== before.digest) yield 'its parent is not the block before';
    if (header.time <= before.time) yield `its time ${header.time} is not after ${before.time}`;
    if (before.stateRoot !== undefined && header.stateRoot !== before.stateRoot) yield 'it bears another state root than the one kept';
    if (header.resultsRoot !== before.resultsRoot) yield 'it bears another results root than that of the results before it';
    if (kept.resultsRoot !== resultsRoot) yield 'the results that are kept do not hash to the root that is kept';
    if ((header.certificate === ZERO_DIGEST) !== (header.height === 1)) yield 'it names no certificate of the block before';
    const unsigned = this.#quorum.problem(kept.certificate, header);
    if (unsigned) yield unsigned;
    if (header.batches !== batchRefsDigest(batches)) yield 'its references are not those that its header commits to';
    yield* this.#bodies(kept);
  }

  *#bodies(kept: KeptBlock): Generator<string> {
    const { batches } = kept.block;
    if (kept.raw.batches.length !== batches.length) return yield `${kept.raw.batches.length} bodies for ${batches.length} references`;
    const bodies = batchesOf(kept);
    for (const [i, ref] of batches.entries()) {
      const body = bodies[i] as Batch;
      const same = batchDigest(kept.raw.batches[i] as Uint8Array) === ref.digest && body.chain === this.#chain;
      if (!same || body.origin !== ref.origin || body.number !== ref.number || body.entries.length !== ref.transactions)
        yield `body ${i} is not the one referred to`;
      if (body.number !== this.#numbers[body.origin]) yield `batch ${body.number} of origin ${body.origin} comes out of order`;
      this.#numbers[body.origin] = body.number + 1;
    }
  }
}
