/** LedgerReads over several storages, as the adapter of treasury-executor has it: whoever is silent or behind is passed over. */
import type { LeaseAt, LedgerReads, Outcome, ReadyPage } from '@bursar/executor';
import type { Digest, Hex32, Lane } from '@bursar/protocol';
import { PortFailure } from './port-failure.ts';
import type { Storage } from './storage.ts';

/** A call of the process to another one: resolves some time later, or never. */
export type Call = <T>(what: string, perform: () => T) => Promise<T>;

export interface ReadsPort {
  readonly shard: number;
  readonly storages: readonly Storage[];
  readonly call: Call;
  now(): number;
  /** Whether a stream tells what is ready. */
  isTold(): boolean;
}

const behind = new PortFailure('transport', 'every storage is behind');
const away = new PortFailure('transport', 'the storage does not answer');

export class Reads implements LedgerReads {
  readonly #port: ReadsPort;
  #place = 0;

  constructor(port: ReadsPort) {
    this.#port = port;
  }
  rotate(): void {
    this.#place = (this.#place + 1) % this.#port.storages.length;
  }
  lease(atLeast: number): Promise<LeaseAt> {
    return this.#ask('lease', atLeast, (s) => s.lease(this.#port.shard, this.#port.isTold()));
  }
  nonce(account: Hex32, atLeast: number) {
    return this.#ask('nonce', atLeast, (s) => s.nonce(account));
  }
  ready(lane: Lane, limit: number, cursor: string, atLeast: number): Promise<ReadyPage> {
    return this.#ask('ready', atLeast, (s) => s.ready(this.#port.shard, lane, limit, cursor));
  }
  async outcome(id: Digest, atLeast: number): Promise<Outcome> {
    const { found } = await this.#ask('outcome', atLeast, (s) => {
      const answer = s.outcome(id);
      return answer.found.kind === 'final' ? { ...answer, height: Number.POSITIVE_INFINITY } : answer;
    });
    return found;
  }

  async #ask<T extends { readonly height: number }>(what: string, atLeast: number, read: (storage: Storage) => T): Promise<T> {
    const { storages, call, now } = this.#port;
    const first = this.#place;
    let last = behind;
    for (let turn = 0; turn < storages.length; turn++) {
      const place = (first + turn) % storages.length;
      const storage = storages[place] as Storage;
      try {
        const answer = await call(what, () => {
          if (now() < storage.awayUntil) throw away;
          return read(storage);
        });
        if (answer.height < atLeast) continue;
        this.#place = place;
        return answer;
      } catch (e) {
        if (!(e instanceof PortFailure)) throw e;
        last = e;
      }
    }
    throw last;
  }
}
