/** Takes transactions from clients: form, chain and signature in the workers, then the mempool, then the disk, then the answer. */
import { type Digest, encode, limits, type RejectionName, signedTransaction } from '@bursar/protocol';
import { BursarError, errorFrom, rejection } from '@bursar/shared-core';
import type { Clock, VerifyPort } from '../ports.ts';
import type { Journal } from './journal.ts';
import type { Mempool, Pending } from './mempool.ts';
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

const RETRY_MS = 250;
const TRACEPARENT_MAX = 64;
const TRACESTATE_MAX = 512;

export class Intake {
  readonly #parts: IntakeParts;
  /** When a transaction came, for the latency figure. */
  readonly #sinceMs = new Map<Digest, number>();
  /** With the workers: they will want room in the mempool. */
  #checking = 0;

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
    const { mempool, onOutcome, isShort } = this.#parts;
    if (isShort()) {
      for (const _ of given) onOutcome('refused');
      throw rejection('InsufficientResources', 'memory is short', { retryAfterMs: RETRY_MS });
    }
    // Before anything is spent on them: under overload the work on what is refused would be taken from what is not.
    const tried = given.slice(0, Math.max(0, mempool.room - this.#checking));
    const refused = given.slice(tried.length);
    for (const _ of refused) onOutcome('refused');
    const full: Answer = { id: undefined, error: refused.length > 0 ? queueFull(mempool.size) : undefined };
    return [...(await this.#check(tried, trace, check)), ...refused.map(() => full)];
  }

  async #check(
    given: readonly Given[],
    trace: TraceOf,
    check: (encoded: Uint8Array[]) => Promise<readonly Verdict[]>,
  ): Promise<readonly Answer[]> {
    const { journal, onPending, onOutcome } = this.#parts;
    const encoded = given.map(encodeGiven);
    const whole = encoded.filter((e) => e instanceof Uint8Array);
    this.#checking += whole.length;
    const verdicts = whole.length > 0 ? await check(whole).finally(() => this.#checked(whole.length)) : [];
    let at = 0;
    const answers = encoded.map((e): Taken => {
      if (e instanceof BursarError) return { id: undefined, error: e };
      const verdict = verdicts[at++] as Verdict;
      if (!verdict.ok) return { id: verdict.id, error: refusal(verdict.name, verdict.why) };
      return this.#take({ id: verdict.id, transaction: e, ...clipped(trace) });
    });
    const accepted = this.#log(answers);
    for (const { error, pending } of accepted) onOutcome(error ? 'refused' : pending ? 'accepted' : 'repeated');
    if (accepted.some((a) => !a.error)) await journal.sync();
    if (accepted.some((a) => a.pending && !a.error)) onPending();
    return accepted;
  }

  #checked(count: number): void {
    this.#checking -= count;
  }

  #take(pending: Pending): Taken {
    const { mempool, outcomes } = this.#parts;
    const { id } = pending;
    if (outcomes.isDone(id)) return { id, error: undefined }; // done already: the same bytes get the same answer
    const verdict = mempool.add(pending);
    if (verdict === 'duplicate') return { id, error: undefined };
    if (verdict === 'full') return { id, error: queueFull(mempool.size) };
    if (verdict === 'share')
      return {
        id,
        error: rejection('RateLimited', 'this signer has its share of what may wait to be ordered', { retryAfterMs: RETRY_MS }),
      };
    return { id, error: undefined, pending };
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

const queueFull = (waiting: number): BursarError =>
  rejection('QueueFull', `${waiting} transactions wait to be ordered`, { retryAfterMs: RETRY_MS });

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
