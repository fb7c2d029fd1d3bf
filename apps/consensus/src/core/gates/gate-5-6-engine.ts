/**
 * Gates 5 and 6, phase and quorum (C5), are functions of the engine's state, and the engine passes every message through them itself
 * (libs/pbft: gate-phase.ts, gate-quorum.ts), in this process as in the simulator. It sees also what they refuse, as testimony. Here
 * is the only way of a peer's message to it, and what it says of one is put together with the envelope again.
 */
import type { Effect } from '@bursar/pbft';
import type { Message } from '@bursar/protocol';
import { context } from '@opentelemetry/api';
import type { Envelope } from '../envelope.ts';
import type { Fresh } from './gate-4-replay.ts';

type Reject = Extract<Effect, { type: 'reject' }>;

export class EngineGate {
  readonly #engine: (message: Message) => void;
  /** Messages that are kept may be refused later. */
  readonly #envelopes = new WeakMap<Message, Envelope>();
  #atWork: Message | undefined;
  #isRefused = false;

  constructor(engine: (message: Message) => void) {
    this.#engine = engine;
  }

  /** @returns whether the engine took it. Why it did not, it has said: `refused`. */
  pass(m: Fresh): boolean {
    this.#envelopes.set(m.message, m);
    this.#atWork = m.message;
    this.#isRefused = false;
    context.with(m.trace, () => this.#engine(m.message));
    this.#atWork = undefined;
    return !this.#isRefused;
  }

  /** The engine refuses something. @returns the envelope in which it came, if it was a message. */
  refused({ message }: Reject): Envelope | undefined {
    if (message === undefined) return undefined;
    if (message === this.#atWork) this.#isRefused = true;
    return this.#envelopes.get(message);
  }
}
