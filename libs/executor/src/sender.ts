/** Sends signed bytes to one validator, and to the next one when that fails: the same bytes wherever they go. */
import type { ErrorReason, Explain } from './failure.ts';
import type { Signed, Submitter } from './ports.ts';

export type SendResult =
  | { readonly kind: 'taken' }
  /** No validator took it; whether one of them has it all the same is not known. */
  | { readonly kind: 'failed'; readonly reason: ErrorReason; readonly error: unknown };

export class Sender {
  readonly #submitter: Submitter;
  readonly #explain: Explain;
  readonly #onError: (reason: ErrorReason, error: unknown) => void;
  /** Batches go to one validator in order, as long as it takes them. */
  #place = 0;

  constructor(submitter: Submitter, explain: Explain, onError: (reason: ErrorReason, error: unknown) => void) {
    this.#submitter = submitter;
    this.#explain = explain;
    this.#onError = onError;
  }

  /** The validator took it and nothing came of it: the next sending goes to another one. */
  rotate(): void {
    this.#place = (this.#place + 1) % this.#submitter.count;
  }

  async send(transaction: Signed): Promise<SendResult> {
    let result: SendResult | undefined;
    for (let turn = 0; turn < this.#submitter.count; turn++) {
      const place = this.#place;
      try {
        await this.#submitter.submit(place, transaction);
        return { kind: 'taken' };
      } catch (error) {
        const { reason, duplicate } = this.#explain(error);
        if (duplicate) return { kind: 'taken' };
        this.#onError(reason, error);
        result = { kind: 'failed', reason, error };
        if (this.#place === place) this.rotate(); // of many on their way, one turns away for all
      }
    }
    return result ?? { kind: 'failed', reason: 'internal', error: new Error('there is no validator to send to') };
  }
}
