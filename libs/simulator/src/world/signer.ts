/**
 * A double of crypto-signing around its own record, the one that ships: it checks, records, then signs. The record is durable:
 * it outlives crashes of consensus.
 */
import type { SignatureScheme } from '@bursar/crypto';
import { SigningRecord } from '@bursar/pbft';
import { type SignedVote, type Vote, voteHash } from '@bursar/protocol';

/** Rows that consensus is told at its start, at most: so few that whoever lost its disks is not told all. */
const ROWS = 40;

export class SignerDouble {
  readonly #scheme: SignatureScheme;
  readonly #secretKey: Uint8Array;
  readonly #validator: number;
  readonly #chain: string;
  readonly #record = new SigningRecord();
  /** Requests that it is at work on, whether or not the asker lives. */
  atWork = 0;

  constructor(scheme: SignatureScheme, secretKey: Uint8Array, validator: number, chain: string) {
    this.#scheme = scheme;
    this.#secretKey = secretKey;
    this.#validator = validator;
    this.#chain = chain;
  }
  /** The signature, recorded before it is given out; `undefined` for a vote that contradicts the record. */
  sign(vote: Vote): Uint8Array | undefined {
    const verdict = this.#record.mayVote(vote);
    if (verdict.kind === 'refused') return undefined;
    if (verdict.kind === 'stored') return verdict.signature;
    const signature = this.#scheme.sign(this.#secretKey, voteHash(vote));
    const { epoch, height, view, phase, digest } = vote;
    this.#record.add({ kind: 'vote', epoch, height, view, phase, digest, signature });
    if (this.#record.bulky) this.#record.compact();
    return signature;
  }
  /** Rows of this height and above, the newest: what consensus asks for at its start. */
  rowsFrom(from: number, most = ROWS): SignedVote[] {
    return this.#record.votesFrom(from, most).map(({ epoch, height, view, phase, digest, signature }) => ({
      vote: { chain: this.#chain, epoch, height, view, phase, digest },
      validator: this.#validator,
      signature,
    }));
  }
  /** Whether this very signature stands in the record. */
  has({ vote, signature }: SignedVote): boolean {
    const { epoch, height, view, phase, digest } = vote;
    return this.#record.knows({ kind: 'vote', epoch, height, view, phase, digest, signature });
  }
}
