/** Takes transactions from clients: form, chain and signature in the workers, then the mempool, then the disk, then the answer. */
import { type Digest, encode, limits, type RejectionName, signedTransaction, transactionId } from '@bursar/protocol';
import { BursarError, errorFrom, rejection } from '@bursar/shared-core';
import type { Clock, VerifyPort } from '../ports.ts';
import type { Journal } from './journal.ts';
import type { Hold, Mempool, Pending, Refused } from './mempool.ts';
import type { Outcomes } from './outcomes.ts';
import type { Verdict } from './verify-job.ts';

export interface Given {
  /** Canonical transaction. */
  readonly body: Uint8Array;
  readonly signature: Uint8Array;
}
export interface TraceOf {
  readonly traceparent: string;
  readonly tracestate: string;
}
export interface IntakeParts {
  readonly clock: Clock;
  readonly verify: VerifyPort;
  readonly mempool: Mempool;
  readonly journal: Journal;
  readonly outcomes: Outcomes;
  /** Transactions were put on disk: batches may be made of them. */
  readonly onPending: () => void;
  readonly onOutcome: (outcome: 'accepted' | 'repeated' | 'refused') => void;
  /** Memory is short: clients come later (C6). */
  readonly isShort: () => boolean;
}
/** One answer of several: the id, and why it was refused, if it was. */
export interface Answer {
  readonly id: Digest | undefined;
  readonly error: BursarError | undefined;
}

/** `pending`: it is new here and waits to be ordered. */
interface Taken extends Answer {
  readonly pending?: Pending;
}
/** `busy`: so many are being checked that it would wait for seconds. */
type NoPlace = Refused | 'busy';
/** It has a place, and its signature is to be checked. */
interface Held {
  readonly encoded: Uint8Array;
  readonly hold: Hold;
}

const RETRY_MS = 250;
const TRACEPARENT_MAX = 64;
const TRACESTATE_MAX = 512;

export class Intake {
  readonly #parts: IntakeParts;
  /** When a transaction came, for the latency figure. */
  readonly #sinceMs = new Map<Digest, number>();

  constructor(parts: IntakeParts) {
    this.#parts = parts;
  }

  /** @returns its id, once it is on disk. @throws why it was refused */
  async submit(given: Given, trace: TraceOf): Promise<Digest> {
    const { verify } = this.#parts;
    const [answer] = await this.#takeAll([given], trace, async ([encoded]) => [await verify.transaction(encoded as Uint8Array)]);
    if (answer?.error) throw answer.error;
    return answer?.id as Digest;
  }

  /** As `submit` for each, with one answer each in order; one fsync for all. */
  submitAll(given: readonly Given[], trace: TraceOf): Promise<readonly Answer[]> {
    return this.#takeAll(given, trace, (encoded) => this.#parts.verify.transactions(encoded));
  }

  /** Milliseconds since it came; undefined when it did not come here. Forgets it. */
  finish(id: Digest): number | undefined {
    const since = this.#sinceMs.get(id);
    this.#sinceMs.delete(id);
    return since === undefined ? undefined : this.#parts.clock.now() - since;
  }

  async #takeAll(
    given: readonly Given[],
    trace: TraceOf,
    check: (encoded: Uint8Array[]) => Promise<readonly Verdict[]>,
  ): Promise<readonly Answer[]> {
    const { mempool, journal, onPending, onOutcome, isShort } = this.#parts;
    if (isShort()) {
      for (const _ of given) onOutcome('refused');
      throw rejection('InsufficientResources', 'memory is short', { retryAfterMs: RETRY_MS });
    }
    const refusals = new Map<NoPlace, BursarError>(); // one for all: under overload there are thousands a second
    const refuse = (why: NoPlace): BursarError => {
      const error = refusals.get(why) ?? noPlace(why, mempool.size);
      refusals.set(why, error);
      return error;
    };
    const fitting = clipped(trace);
    const { isBusy } = mempool; // a call is taken as a whole, or a large one would never be
    const begun = given.map((g) => this.#begin(g, fitting, isBusy, refuse));
    const accepted = await this.#check(begun, fitting, check);
    for (const { error, pending } of accepted) onOutcome(error ? 'refused' : pending ? 'accepted' : 'repeated');
    if (accepted.some((a) => !a.error)) await journal.sync();
    if (accepted.some((a) => a.pending && !a.error)) onPending();
    return accepted;
  }

  /** A place first: under overload the work on what is refused would be taken from what is not. */
  #begin(given: Given, trace: TraceOf, isBusy: boolean, refuse: (why: NoPlace) => BursarError): Held | Answer {
    const { mempool, outcomes } = this.#parts;
    const encoded = encodeGiven(given);
    if (encoded instanceof BursarError) return { id: undefined, error: encoded };
    const hold = isBusy ? 'busy' : mempool.hold({ transaction: encoded, ...trace });
    if (typeof hold !== 'string') return { encoded, hold };
    const id = transactionId(given.body);
    // What is here already needs no place: whoever asks again, because the answer was lost, gets it.
    return { id, error: mempool.has(id) || outcomes.isDone(id) ? undefined : refuse(hold) };
  }

  /** Mempool and log in one go: nobody may find in the one what the other then refuses. */
  async #check(
    begun: readonly (Held | Answer)[],
    trace: TraceOf,
    check: (encoded: Uint8Array[]) => Promise<readonly Verdict[]>,
  ): Promise<readonly Taken[]> {
    const { mempool } = this.#parts;
    const held = begun.filter((b) => 'hold' in b);
    const release = (error: unknown): never => {
      for (const { hold } of held) mempool.release(hold);
      throw error;
    };
    const verdicts = held.length > 0 ? await check(held.map((h) => h.encoded)).catch(release) : [];
    let at = 0;
    const taken = begun.map((b): Taken => {
      if (!('hold' in b)) return b;
      const verdict = verdicts[at++] as Verdict;
      if (verdict.ok) return this.#take(b.hold, { id: verdict.id, transaction: b.encoded, ...trace });
      mempool.release(b.hold);
      return { id: verdict.id, error: refusal(verdict.name, verdict.why) };
    });
    return this.#log(taken);
  }

  #take(hold: Hold, pending: Pending): Taken {
    const { mempool, outcomes } = this.#parts;
    const { id } = pending;
    if (outcomes.isDone(id)) {
      mempool.release(hold);
      return { id, error: undefined }; // done already: the same bytes get the same answer
    }
    return mempool.fill(hold, pending) === 'duplicate' ? { id, error: undefined } : { id, error: undefined, pending };
  }

  /** What is new goes into the log, in one record. Where the log has no room, none of it was taken. */
  #log(taken: readonly Taken[]): readonly Taken[] {
    const { mempool, journal, outcomes, clock } = this.#parts;
    const fresh = taken.flatMap((t) => t.pending ?? []);
    if (fresh.length === 0) return taken;
    try {
      journal.append({ kind: 'transactions', entries: fresh });
    } catch (error) {
      const gone = new Set(mempool.remove(fresh.map((f) => f.id)));
      // By id: the same one again in this call found the first in the mempool, and nothing of it is on disk.
      return taken.map((t) => (t.id !== undefined && !t.error && gone.has(t.id) ? { ...t, error: errorFrom(error) } : t));
    }
    const now = clock.now();
    for (const { id } of fresh) {
      outcomes.reopen(id);
      this.#sinceMs.set(id, now);
    }
    return taken;
  }
}

function noPlace(why: NoPlace, waiting: number): BursarError {
  const later = { retryAfterMs: RETRY_MS };
  if (why === 'share') return rejection('RateLimited', 'this signer has its share of what may wait to be ordered', later);
  if (why === 'busy') return rejection('QueueFull', 'so many transactions are being checked that this one would wait for seconds', later);
  return rejection('QueueFull', `${waiting} transactions wait to be ordered`, later);
}

function encodeGiven({ body, signature }: Given): Uint8Array | BursarError {
  if (body.length > limits.transaction) return rejection('TransactionTooLarge', `the transaction has ${body.length} bytes`);
  if (signature.length !== 64) return rejection('MalformedMessage', `a signature has 64 bytes, not ${signature.length}`);
  return encode(signedTransaction, { body, signature });
}

/** What a client is told of a refusal in the words of protocol's list. */
const refusal = (name: RejectionName, why: string): BursarError => rejection(name, undefined, { details: { why } });

/** Trace context rides beside the signed bytes; one that does not fit is left out. */
const clipped = ({ traceparent, tracestate }: TraceOf): TraceOf => ({
  traceparent: traceparent.length <= TRACEPARENT_MAX ? traceparent : '',
  tracestate: tracestate.length <= TRACESTATE_MAX && tracestate.isWellFormed() ? tracestate : '',
});
