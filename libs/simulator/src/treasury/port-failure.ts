/** What the ports of a simulated executor throw, and nothing else. */
import type { Explain, Failure } from '@bursar/executor';

export class PortFailure extends Error {
  readonly failure: Failure;
  constructor(reason: Failure['reason'], message: string, more: Partial<Pick<Failure, 'duplicate' | 'journal'>> = {}) {
    super(message);
    this.name = 'PortFailure';
    this.failure = { reason, message, duplicate: false, journal: false, ...more };
  }
}

/** Thrown out of a call in the middle of which the process was killed: nobody is there to catch it. */
export class Killed extends Error {}

/** @param surprise told of what no port threw */
export const explainWith =
  (surprise: (thrown: unknown) => void): Explain =>
  (thrown) => {
    if (thrown instanceof PortFailure) return thrown.failure;
    if (!(thrown instanceof Killed)) surprise(thrown);
    return { reason: 'internal', message: String(thrown), duplicate: false, journal: false };
  };
