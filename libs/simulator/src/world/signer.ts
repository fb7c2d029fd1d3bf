/**
 * A double of crypto-signing with its own durable record (docs/protocol.md, "Durability"): it checks, records, then signs;
 * the same request gets the same signature, a conflicting one none. It outlives crashes of consensus.
 */
import type { SignatureScheme } from '@bursar/crypto';
import { type Phase, type SignedVote, type Vote, voteHash } from '@bursar/protocol';

const rowKey = (height: number, view: number, phase: Phase): string => `${height}/${view}/${phase}`;

export class SignerDouble {
  readonly #scheme: SignatureScheme;
  readonly #secretKey: Uint8Array;
  readonly #validator: number;
  readonly #rows = new Map<string, SignedVote>();
  /** Highest view entered by a signed ViewChange, by height. */
  readonly #left = new Map<number, number>();

  constructor(scheme: SignatureScheme, secretKey: Uint8Array, validator: number) {
    this.#scheme = scheme;
    this.#secretKey = secretKey;
    this.#validator = validator;
  }
  get size(): number {
    return this.#rows.size;
  }
  /** The signature, recorded before it is given out; `undefined` for a vote that contradicts the record. */
  sign(vote: Vote): Uint8Array | undefined {
    const key = rowKey(vote.height, vote.view, vote.phase);
    const known = this.#rows.get(key);
    if (known !== undefined) return known.vote.digest === vote.digest ? known.signature : undefined;
    const entered = this.#left.get(vote.height) ?? 0;
    if (vote.view < entered) return undefined;
    const signature = this.#scheme.sign(this.#secretKey, voteHash(vote));
    this.#rows.set(key, { vote, validator: this.#validator, signature });
    if (vote.phase === 'view-change') this.#left.set(vote.height, Math.max(entered, vote.view));
    return signature;
  }
  /** Rows of this height and above: what consensus asks for at its start. */
  rowsFrom(height: number): SignedVote[] {
    return [...this.#rows.values()].filter((r) => r.vote.height >= height);
  }
  has(vote: Vote): boolean {
    return this.#rows.get(rowKey(vote.height, vote.view, vote.phase))?.vote.digest === vote.digest;
  }
}
