/** Whether a quorum signed a block (docs/protocol.md, "Quorums", "Votes"), from the genesis alone. */
import { verify } from '@bursar/crypto';
import { type Certificate, fromHex, type Genesis, type Header, headerDigest, voteHash } from '@bursar/protocol';

export class Quorum {
  readonly #validators: readonly { readonly key: Uint8Array; readonly stake: bigint }[];
  readonly #total: bigint;

  constructor({ validators }: Genesis) {
    this.#validators = validators.map((v) => ({ key: fromHex(v.publicKey), stake: v.stake }));
    this.#total = validators.reduce((sum, v) => sum + v.stake, 0n);
  }

  /** A sentence about what is wrong; undefined: these signatures make the block final. */
  problem(c: Certificate, h: Header): string | undefined {
    if (c.kind === 'prepared') return 'its certificate is one of Prepares of a part';
    if (c.chain !== h.chain || c.height !== h.height || c.epoch !== h.epoch || c.epoch !== 0 || c.digest !== headerDigest(h))
      return 'its certificate is for something else';
    const signers = bitsOf(c.signers);
    if (signers.length !== c.signatures.length || signers.some((i) => i >= this.#validators.length))
      return 'its certificate names signers that it has no signatures of';
    const stake = signers.reduce((sum, i) => sum + (this.#validators[i]?.stake ?? 0n), 0n);
    // A fast certificate needs all stake; any other what is left when f = floor((total − 1) / 3) is taken away (K1, K2).
    const needed = c.kind === 'fast' ? this.#total : this.#total - (this.#total - 1n) / 3n;
    if (stake < needed) return `its certificate holds ${stake} of the ${needed} stake that is needed`;
    const { chain, epoch, height, view, digest } = c;
    const message = voteHash({ chain, epoch, height, view, phase: c.kind === 'fast' ? 'prepare' : 'commit', digest });
    const forged = signers.find((v, i) => !verify(this.#validators[v]?.key as Uint8Array, message, c.signatures[i] as Uint8Array));
    return forged === undefined ? undefined : `validator ${forged} did not sign its certificate`;
  }
}

/** Places of the bits that are set, the lowest of the first byte first. */
const bitsOf = (bytes: Uint8Array): number[] =>
  Array.from(bytes, (byte, at) => [0, 1, 2, 3, 4, 5, 6, 7].flatMap((bit) => (byte & (1 << bit) ? [at * 8 + bit] : []))).flat();
