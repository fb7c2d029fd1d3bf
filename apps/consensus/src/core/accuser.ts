/**
 * Evidence that this validator found (K6), from the engine's word until a block holds the offence: in the log, handed in as a transaction of our
 * own key like anybody's, and handed in again while it is neither in the mempool nor settled. The batch carries it to everybody.
 */
import {
  type Digest,
  decodeTransaction,
  type Evidence,
  type EvidenceKind,
  evidenceDigest,
  evidenceKind,
  evidenceTransaction,
  type Hex32,
  rejections,
  type TransactionResult,
  transactionId,
} from '@bursar/protocol';
import { BursarError } from '@bursar/shared-core';
import type { Clock, SignerPort } from '../ports.ts';
import type { Given } from './intake.ts';
import type { Journal } from './journal.ts';
import type { JournalRecord } from './journal-record.ts';

export interface Accusation {
  readonly digest: Digest;
  readonly kind: EvidenceKind;
  readonly evidence: Evidence;
  readonly foundMs: number;
  readonly state: 'pending' | 'recorded' | 'refused';
  /** Our transaction, and the code with which the ledger last refused it; 0: it did not. */
  readonly transaction: Digest;
  readonly code: number;
  /** The canonical transaction, unsigned. */
  readonly body: Uint8Array;
}
export interface AccuserParts {
  readonly chain: Digest;
  /** Our public key. */
  readonly reporter: Hex32;
  readonly clock: Clock;
  readonly journal: Pick<Journal, 'append'>;
  readonly signer: Pick<SignerPort, 'signEvidence'>;
  /** Into the mempool, as from a client. */
  readonly submit: (given: Given) => Promise<unknown>;
  /** Whether it waits to be ordered. */
  readonly isPending: (transaction: Digest) => boolean;
  /** Something new: told to the operator. */
  readonly onAccused: (evidence: Evidence, kind: EvidenceKind) => void;
  readonly onFailure: (error: unknown) => void;
  /** Pieces of one offender that may wait, and settled pieces that are remembered. */
  readonly limits: { readonly pendingPerOffender: number; readonly settled: number };
}

const INVALID = rejections.EvidenceInvalid.code;
/** The ledger may take the same bytes later. */
const AGAIN: ReadonlySet<number> = new Set([rejections.RateLimited.code, rejections.SequenceGap.code]);
/** The offence is recorded, whoever was first, or so many that it does not matter. */
const RECORDED: ReadonlySet<number> = new Set([0, rejections.EvidenceKnown.code, rejections.EvidenceFull.code]);

export class Accuser {
  readonly #parts: AccuserParts;
  /** By our transaction, oldest first. */
  readonly #all = new Map<Digest, Accusation>();
  /** Offender, height and kind of each of them. */
  readonly #offences = new Set<string>();
  readonly #handedIn = new Set<Digest>();

  /** @param bodies transactions of an earlier run that were not in a block yet. */
  constructor(parts: AccuserParts, bodies: Iterable<Uint8Array>) {
    this.#parts = parts;
    for (const body of bodies) {
      const { action } = decodeTransaction(body);
      if (action.kind === 'evidence') this.#add(action.evidence, evidenceKind(action.evidence), body);
    }
  }

  accuse(evidence: Evidence, kind: EvidenceKind): void {
    const { chain, reporter, onAccused, limits } = this.#parts;
    if (this.#offences.has(offenceOf(evidence, kind))) return;
    const ofOffender = [...this.#all.values()].filter((a) => a.state === 'pending' && a.evidence.validator === evidence.validator);
    if (ofOffender.length >= limits.pendingPerOffender) return; // its other offences are on their way
    const made = this.#add(evidence, kind, evidenceTransaction(chain, reporter, evidence));
    if (made === undefined) return;
    onAccused(evidence, kind);
    this.#record(made);
    this.#handIn(made);
  }

  /** What is neither settled nor on its way: the mempool was full, or this process has just started. */
  resend(): void {
    for (const a of this.#all.values()) if (a.state === 'pending' && !this.#parts.isPending(a.transaction)) this.#handIn(a);
  }

  /** What became of ours in the block of this height; after the block's transactions were noted as done in the log. */
  executed(height: number, resultOf: (transaction: Digest) => TransactionResult | undefined): void {
    for (const { state, transaction } of this.#all.values()) {
      const result = state === 'pending' ? resultOf(transaction) : undefined;
      if (result === undefined) continue;
      const { code } = result;
      // What a block recorded before we were killed gets its first result again, of that block; a refusal of an earlier block is an old answer.
      if (result.height !== height && !RECORDED.has(code)) continue;
      this.#settle(transaction, RECORDED.has(code) ? 'recorded' : AGAIN.has(code) ? 'pending' : 'refused', code);
    }
    this.#forget();
  }

  /** Newest last. */
  last(limit: number): readonly Accusation[] {
    return [...this.#all.values()].slice(-limit);
  }
  find(digest: Digest): Accusation | undefined {
    for (const a of this.#all.values()) if (a.digest === digest) return a;
    return undefined;
  }
  /** What the log must keep. */
  *live(): Generator<JournalRecord> {
    for (const { state, body } of this.#all.values()) if (state === 'pending') yield { kind: 'accusation', body };
  }

  #add(evidence: Evidence, kind: EvidenceKind | undefined, body: Uint8Array): Accusation | undefined {
    if (kind === undefined) return undefined;
    const transaction = transactionId(body);
    const digest = evidenceDigest(evidence);
    const made: Accusation = { digest, kind, evidence, foundMs: this.#parts.clock.now(), state: 'pending', transaction, code: 0, body };
    this.#all.set(transaction, made);
    this.#offences.add(offenceOf(evidence, kind));
    return made;
  }
  #settle(transaction: Digest, state: Accusation['state'], code: number): void {
    const before = this.#all.get(transaction);
    if (before?.state !== 'pending') return;
    const now: Accusation = { ...before, state, code };
    this.#all.set(transaction, now);
    if (state === 'pending') this.#record(now); // the log holds that its transaction is done
  }
  #record({ body }: Accusation): void {
    try {
      this.#parts.journal.append({ kind: 'accusation', body });
    } catch {
      // Too much waits for the disk: it stays in memory, and intake writes it with the transaction.
    }
  }
  #handIn({ transaction, evidence, body }: Accusation): void {
    const { signer, submit, onFailure } = this.#parts;
    if (this.#handedIn.has(transaction)) return;
    this.#handedIn.add(transaction);
    const run = async () => {
      const signature = await signer.signEvidence(evidence);
      await submit({ body, signature }).catch((error: unknown) => {
        if (codeOf(error) === INVALID) throw error; // else `resend` comes again
      });
    };
    run()
      .catch((error: unknown) => (codeOf(error) === INVALID ? this.#settle(transaction, 'refused', INVALID) : onFailure(error)))
      .finally(() => this.#handedIn.delete(transaction));
  }
  /** The oldest settled ones. */
  #forget(): void {
    const settled = [...this.#all.values()].filter((a) => a.state !== 'pending');
    for (const { transaction, evidence, kind } of settled.slice(0, Math.max(0, settled.length - this.#parts.limits.settled))) {
      this.#all.delete(transaction);
      this.#offences.delete(offenceOf(evidence, kind));
    }
  }
}

const codeOf = (error: unknown): number | undefined => (error instanceof BursarError ? error.code : undefined);
const offenceOf = ({ validator, height }: Evidence, kind: EvidenceKind): string => `${validator}/${height}/${kind}`;
