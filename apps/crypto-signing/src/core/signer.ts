/** Check, record, fsync, then sign and answer (S4). Requests that arrive together share one fsync. */
import { encodeRow, type SigningRecord, type SigningRow, type Verdict, type VoteRow } from '@bursar/pbft';
import { type BatchRef, batchHash, type Digest, voteHash } from '@bursar/protocol';
import { doubleSignRefused, signerBehind } from '../errors.ts';
import type { RecordLog, SignHash, VerifyHash } from '../ports.ts';

export type Ballot = Pick<VoteRow, 'epoch' | 'height' | 'view' | 'phase' | 'digest'>;

export interface SignerOptions {
  readonly chain: Digest;
  readonly validator: number;
  readonly record: SigningRecord;
  readonly log: RecordLog;
  readonly sign: SignHash;
  readonly verify: VerifyHash;
}

export class Signer {
  readonly #o: SignerOptions;
  #compacting = false;
  constructor(options: SignerOptions) {
    this.#o = options;
  }

  /** @throws DoubleSignRefused, SignerBehind, or what the log throws: then nothing was signed for anybody to see. */
  async signVote(ballot: Ballot): Promise<Uint8Array> {
    return await this.#answer(this.#o.record.mayVote(ballot), () => {
      const signature = this.#o.sign(voteHash({ chain: this.#o.chain, ...ballot }));
      return { kind: 'vote', ...ballot, signature };
    });
  }

  /** @param finalTime ledger time of the newest final block, milliseconds. @throws as signVote */
  async signBatch(claim: Omit<BatchRef, 'origin'>, finalTime: number): Promise<Uint8Array> {
    return await this.#answer(this.#o.record.mayClaim(claim.number, claim.digest, finalTime), () => {
      const signature = this.#o.sign(batchHash(this.#o.chain, { origin: this.#o.validator, ...claim }));
      return { kind: 'batch', number: claim.number, digest: claim.digest, expiresAt: claim.expiresAt, signature };
    });
  }

  /** Votes of `fromHeight` and above that are on disk, at most the newest 1,000. */
  async listSigned(fromHeight: number): Promise<readonly VoteRow[]> {
    const rows = this.#o.record.votesFrom(fromHeight, 1_000); // before the wait: what arrives during it is not on disk after it
    await this.#o.log.sync();
    return rows;
  }

  /**
   * Compares what consensus has seen of us with the record. A genuine signature that is missing means that the record was lost or came
   * from a backup: from then on nothing is signed, over restarts too. @throws SignerBehind
   */
  async reconcile(known: readonly VoteRow[]): Promise<void> {
    const { chain, record, log, verify } = this.#o;
    const missing = known.some((row) => verify(voteHash({ chain, ...ballotOf(row) }), row.signature) && !record.knows(row));
    if (missing && !record.behind) this.#write({ kind: 'behind', behind: true });
    await log.sync();
    if (record.behind) throw signerBehind();
  }

  async #answer(verdict: Verdict, make: () => Extract<SigningRow, { signature: Uint8Array }>): Promise<Uint8Array> {
    if (this.#o.record.behind) throw signerBehind();
    if (verdict.kind === 'refused') throw doubleSignRefused(verdict.reason);
    let signature: Uint8Array;
    if (verdict.kind === 'stored') signature = verdict.signature;
    else {
      const row = make();
      this.#write(row); // the slot is taken at once: a rival request that arrives during the fsync is refused
      signature = row.signature;
    }
    await this.#o.log.sync(); // also for a stored one: its first request may still wait for this fsync
    if (this.#o.record.bulky) await this.#compact();
    return signature;
  }

  #write(row: SigningRow): void {
    this.#o.log.append(encodeRow(row));
    this.#o.record.add(row);
  }

  /** Writes what is left into a new segment; the old ones go only when that is on disk. */
  async #compact(): Promise<void> {
    if (this.#compacting) return;
    this.#compacting = true;
    try {
      const segment = this.#o.log.rotate();
      for (const row of this.#o.record.compact()) this.#o.log.append(encodeRow(row));
      await this.#o.log.sync();
      await this.#o.log.dropBefore(segment);
    } finally {
      this.#compacting = false;
    }
  }
}

const ballotOf = ({ epoch, height, view, phase, digest }: VoteRow): Ballot => ({ epoch, height, view, phase, digest });
