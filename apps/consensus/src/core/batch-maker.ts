/** Makes batches of what clients gave: log → sign → offer and send, again until ordered (K3). One at a time: what comes meanwhile is the next. */

import type { BatchRef, Digest } from '@bursar/protocol';
import { fromHex } from '@bursar/protocol';
import { startSpan } from '@bursar/shared-core';
import { context, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import type { Clock, PeersPort, SignerPort } from '../ports.ts';
import type { Body } from './body-store.ts';
import type { Journal } from './journal.ts';
import type { Mempool } from './mempool.ts';
import type { OwnBatch, OwnBatches } from './own-batches.ts';

export interface BatchMakerParts {
  readonly clock: Clock;
  readonly journal: Journal;
  readonly mempool: Mempool;
  readonly own: OwnBatches;
  readonly signer: Pick<SignerPort, 'signBatch'>;
  readonly peers: Pick<PeersPort, 'batch'>;
  /** Signed and in the log: from now on the engine may propose it. */
  readonly onSigned: (body: Body) => void;
  readonly onMade: (batch: OwnBatch) => void;
  /** Nothing can be signed any more: the process stops. */
  readonly onFailure: (error: unknown) => void;
  readonly resendMs: number;
}
/** Batches sent again in one go: the oldest, for the order stands still without them. */
const RESEND_AT_ONCE = 2;
/** After the signer refused a number, because another batch under it may still be ordered. */
const REFUSED_MS = 5_000;

export class BatchMaker {
  readonly #parts: BatchMakerParts;
  readonly #toSign: number[] = [];
  readonly #refusedMs = new Map<number, number>();
  #finalTime: number;
  /** When a batch of ours was ordered last. */
  #orderedMs = Number.NEGATIVE_INFINITY;
  #busy = false;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(finalTime: number, parts: BatchMakerParts) {
    this.#finalTime = finalTime;
    this.#parts = parts;
  }

  /** Signs again what a restart found in the log, then works as ever. */
  start(): void {
    for (const batch of this.#parts.own.outstanding()) this.#toSign.push(batch.ref.number);
    this.kick();
  }
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  /** Something is pending: makes a batch now or when it is due. */
  kick(): void {
    if (this.#busy || this.#stopped) return;
    const { own, clock } = this.#parts;
    const due = this.#toSign.length > 0 ? clock.now() : own.dueMs(clock.now());
    if (due === undefined) return;
    clearTimeout(this.#timer);
    const waitMs = due - clock.now();
    if (waitMs > 0) {
      this.#timer = setTimeout(() => this.kick(), waitMs);
      return;
    }
    this.#busy = true;
    this.#work()
      .catch((error: unknown) => {
        if (!this.#stopped) this.#parts.onFailure(error);
      })
      .finally(() => {
        this.#busy = false;
        this.kick();
      });
  }

  /** A block was executed at this ledger time. */
  executed(refs: readonly BatchRef[], finalTime: number): void {
    const { own, mempool, clock, journal } = this.#parts;
    this.#finalTime = finalTime;
    if (refs.some((r) => own.find(r.number)?.ref.digest === r.digest)) this.#orderedMs = clock.now();
    mempool.putBack(own.ordered(refs));
    for (const again of own.remake(clock.now(), finalTime, (id) => mempool.find(id))) {
      journal.append({ kind: 'own', batch: again.encoded });
      this.#toSign.push(again.ref.number);
    }
    this.kick();
  }

  /** On a timer: sends again the oldest that are not ordered if none of ours moves, and tries again what the signer refused. */
  resend(): void {
    const { own, clock, peers, resendMs, mempool, journal } = this.#parts;
    const now = clock.now();
    let sent = 0;
    const stuck = now - this.#orderedMs >= resendMs; // under load they queue: sending those again would only add to it
    for (const batch of stuck ? own.outstanding() : []) {
      if (batch.signature && now - batch.lastSentMs >= resendMs && sent++ < RESEND_AT_ONCE) {
        batch.lastSentMs = now;
        peers.batch(batch.encoded, batch.signature);
      }
    }
    for (const [number, refusedMs] of this.#refusedMs) {
      if (now - refusedMs < REFUSED_MS) continue;
      this.#refusedMs.delete(number);
      const again = own.rebuild(number, now, this.#finalTime, (id: Digest) => mempool.find(id));
      if (!again) continue;
      journal.append({ kind: 'own', batch: again.encoded });
      this.#toSign.push(number);
    }
    this.kick();
  }

  async #work(): Promise<void> {
    const { own, clock, journal, onMade } = this.#parts;
    const number = this.#toSign.shift();
    let batch = number === undefined ? undefined : own.find(number);
    if (number === undefined) {
      batch = own.make(clock.now(), this.#finalTime);
      journal.append({ kind: 'own', batch: batch.encoded });
      onMade(batch);
    }
    if (batch && !batch.signature) await this.#sign(batch);
  }

  async #sign(batch: OwnBatch): Promise<void> {
    const { journal, signer, peers, clock, own, onSigned } = this.#parts;
    const attributes = {
      'bursar.batch': batch.ref.digest,
      'bursar.batch.number': batch.ref.number,
      'bursar.transactions': batch.ref.transactions,
    };
    const span = startSpan('batch', { parent: ROOT_CONTEXT, links: batch.traceparents, attributes });
    try {
      await context.with(trace.setSpan(context.active(), span), async () => {
        await journal.sync(); // the signer will refuse another batch under this number: ours must survive
        const signature = await signer.signBatch(batch.ref, this.#finalTime);
        if (own.find(batch.ref.number) !== batch) return; // ordered or made again meanwhile
        if (!signature) {
          this.#refusedMs.set(batch.ref.number, clock.now());
          return;
        }
        batch.signature = signature;
        batch.lastSentMs = clock.now();
        onSigned({ ref: batch.ref, encoded: batch.encoded, signature, ids: joinIds(batch.ids), traceparents: batch.traceparents });
        peers.batch(batch.encoded, signature);
      });
    } finally {
      span.end();
    }
  }
}

function joinIds(ids: readonly Digest[]): Uint8Array {
  const joined = new Uint8Array(ids.length * 32);
  for (const [i, id] of ids.entries()) joined.set(fromHex(id), i * 32);
  return joined;
}
