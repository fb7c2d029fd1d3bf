import { type Digest, encode, type Message, type MessageOf, type SignedVote } from '@bursar/protocol';
import type { Effect, Unsigned } from './effect.ts';
import type { Input } from './input.ts';
import { logRecord } from './log-record.ts';
import { findProposal, findViewChange } from './lookup.ts';
import { isWanted } from './on-signed.ts';
import type { Params } from './params.ts';
import type { Ports } from './ports.ts';
import type { Proposal } from './proposal.ts';
import type { State } from './state.ts';
import { type EngineStatus, status } from './status.ts';
import { type Step, step } from './step.ts';

/** Effects that may wait for the disk at one time; past it, what the resend timer repeats anyway is dropped. */
const MOST_WAITING = 4096;
type Deferred = Exclude<Effect, { type: 'record' | 'wake' | 'reject' | 'evidence' }>;
const repeated: ReadonlySet<Effect['type']> = new Set(['broadcast', 'notify', 'catch-up', 'fetch-block', 'fetch-view-change']);

/**
 * The one interpreter of effects, for the process and for the simulator. It keeps the order of durability: nothing that follows
 * an urgent record leaves before a sync that began after that record was appended has come back. One sync is under way at a time and covers
 * all that was appended before it began; inputs go on meanwhile.
 */
export class Driver {
  readonly #params: Params;
  readonly #ports: Ports;
  #state: State;
  #begin: readonly Effect[];
  #running = false;
  readonly #inbox: Input[] = [];
  /** Effects that wait, each with the number of the record that must be durable first; `#head` is the first of them. */
  #waiting: { readonly effect: Deferred; readonly after: number }[] = [];
  #head = 0;
  #appended = 0;
  /** The last urgent record. */
  #urgent = 0;
  #durable = 0;
  #syncing = false;
  readonly #notified = new Map<number, number>();

  /** @param from of `recover`, or `{ state: initialState(…), effects: [] }` for a new validator. Call `start` next. */
  constructor(params: Params, from: Step, ports: Ports) {
    this.#params = params;
    this.#ports = ports;
    this.#state = from.state;
    this.#begin = from.effects;
  }

  get state(): State {
    return this.#state;
  }
  status(): EngineStatus {
    return status(this.#state);
  }
  /** A proposed block of the open height, for a peer that lacks it. */
  proposal(digest: Digest): Proposal | undefined {
    return findProposal(this.#state, digest);
  }
  /** A signed ViewChange of the open height, for a peer that lacks it. */
  viewChange(height: number, view: number, validator: number, digest: Digest): MessageOf<'view-change'> | undefined {
    return findViewChange(this.#state, height, view, validator, digest);
  }

  /** Makes durable what was read from the log (a killed process leaves it in the page cache), then acts on it. Once. */
  start(): void {
    this.#appended++;
    this.#urgent = this.#appended;
    this.#perform(this.#begin);
    this.#begin = [];
    this.handle({ type: 'tick' });
  }

  handle(input: Input): void {
    this.#inbox.push(input);
    if (this.#running) return; // a port called back inside a call: the input waits its turn
    this.#running = true;
    try {
      for (let next = this.#inbox.shift(); next !== undefined; next = this.#inbox.shift()) {
        const { state, effects } = step(this.#params, this.#state, next, this.#ports.now());
        this.#state = state;
        this.#perform(effects);
      }
    } finally {
      this.#running = false;
    }
  }

  #perform(effects: readonly Effect[]): void {
    for (const effect of effects) {
      switch (effect.type) {
        case 'record':
          this.#append(effect);
          break;
        // These are caused by nothing that the log holds.
        case 'wake':
          this.#ports.wake(effect.atMs);
          break;
        case 'reject':
          this.#ports.observe.reject(effect);
          break;
        case 'evidence':
          this.#ports.accuse(effect.evidence, effect.kind);
          break;
        default:
          if (this.#waiting.length - this.#head < MOST_WAITING || !repeated.has(effect.type)) {
            this.#waiting.push({ effect, after: this.#urgent });
          }
      }
    }
    this.#flush();
  }

  #append({ record, urgent }: Extract<Effect, { type: 'record' }>): void {
    const bytes = encode(logRecord, record);
    this.#ports.log.append(bytes);
    this.#appended++;
    if (urgent) this.#urgent = this.#appended;
    if (record.kind === 'floor') this.#ports.log.compact([bytes]);
  }

  #flush(): void {
    for (let next = this.#waiting[this.#head]; next !== undefined && next.after <= this.#durable; next = this.#waiting[this.#head]) {
      this.#head++;
      this.#carryOut(next.effect);
    }
    if (this.#head === this.#waiting.length) {
      this.#waiting = [];
      this.#head = 0;
    }
    if (this.#urgent > this.#durable && !this.#syncing) this.#sync();
  }

  #sync(): void {
    const covered = this.#appended;
    this.#syncing = true;
    this.#ports.log.sync(() => {
      this.#syncing = false;
      this.#durable = covered;
      this.#flush();
    });
  }

  #carryOut(effect: Deferred): void {
    const { network, observe } = this.#ports;
    switch (effect.type) {
      case 'sign':
        this.#sign(effect.message);
        return;
      case 'broadcast':
        network.broadcast(effect.message);
        return;
      case 'notify':
        this.#notify(effect.to);
        return;
      case 'obtain': {
        const { digest, block, from } = effect;
        this.#ports.obtain(block, from, () => this.handle({ type: 'bodies', block: digest }));
        return;
      }
      case 'fetch-block':
        this.#ports.fetchBlock(effect.height, effect.digest, effect.from, (found) => this.handle({ type: 'block', ...found }));
        return;
      case 'fetch-view-change':
        this.#ports.fetchViewChange(effect, (message) => this.handle({ type: 'message', message }));
        return;
      case 'catch-up':
        this.#ports.catchUp(effect.height, effect.from, (certificates, start) => this.handle({ type: 'caught-up', certificates, start }));
        return;
      case 'commit': {
        const { block, certificate } = effect;
        const { height } = certificate;
        this.#ports.commit(block, certificate, (stateRoot, resultsRoot) =>
          this.handle({ type: 'executed', height, stateRoot, resultsRoot }),
        );
        return;
      }
      case 'transition':
        observe.transition(effect);
        return;
      case 'halt':
        this.#ports.halt(effect.name, effect.reason);
        return;
    }
  }

  /** While the disk or the signer was slow, the view may have been left: then nobody needs the vote any more. */
  #sign(unsigned: Unsigned): void {
    const { vote } = unsigned;
    const wanted = () => isWanted(this.#state, vote);
    if (!wanted()) return;
    const done = (signature: Uint8Array | undefined) => {
      if (signature === undefined) return this.handle({ type: 'refused', vote });
      const signed: SignedVote = { vote, validator: this.#params.self, signature };
      this.handle({ type: 'signed', message: { ...unsigned, vote: signed } as Message });
    };
    this.#ports.sign(vote, done, wanted);
  }

  /** At most one in half a resend interval for each validator. */
  #notify(to: number): void {
    const now = this.#ports.now();
    const since = now - (this.#notified.get(to) ?? -Infinity);
    if (since >= 0 && since < this.#params.resendMs / 2) return;
    this.#notified.set(to, now); // bounded: validators of the set
    this.#ports.network.notify(to);
  }
}
