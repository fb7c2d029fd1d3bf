/** An executor on a simulated chain, with a journal that forgets what was not synced and a clock that stands still. */

import { sign } from '@bursar/crypto';
import { breakerDefaults } from '../../src/breaker.ts';
import { Executor } from '../../src/executor.ts';
import type { ErrorReason, Explain } from '../../src/failure.ts';
import { Journal, replayJournal } from '../../src/journal.ts';
import type { Ending } from '../../src/journal-record.ts';
import type { JournalLog, Log, Tracing } from '../../src/ports.ts';
import type { ExecutorSettings } from '../../src/settings.ts';
import { type Chain, ChainReads, ChainSubmitter, type Fate, keyOf, LEASE_MS } from './chain.ts';

/** A journal in memory: `crash` keeps what was synced. */
export class MemoryJournal implements JournalLog {
  durable: Uint8Array[] = [];
  pending: Uint8Array[] = [];
  onAppend: (bytes: Uint8Array) => void = () => {};
  onSync: () => void = () => {};
  get bytes(): number {
    return [...this.durable, ...this.pending].reduce((n, b) => n + b.length, 0);
  }
  append(bytes: Uint8Array) {
    this.onAppend(bytes);
    this.pending.push(new Uint8Array(bytes));
    return { segment: 1, offset: this.durable.length + this.pending.length };
  }
  async sync(): Promise<void> {
    this.onSync();
    this.durable.push(...this.pending);
    this.pending = [];
  }
  rotate(): number {
    this.#floor = this.durable.length + this.pending.length;
    return 2;
  }
  #floor = 0;
  async dropBefore(): Promise<void> {
    this.durable = this.durable.slice(this.#floor);
    this.#floor = 0;
  }
  crash(): void {
    this.pending = [];
  }
  async *records() {
    for (const bytes of [...this.durable]) yield { bytes };
  }
}

const silent: Log = { event() {}, info() {}, warn() {} };
/** Whatever is thrown here is a validator or a storage that does not answer, but for its name. */
const explain: Explain = (thrown) => {
  const { name, message } = thrown as Error;
  return { reason: name === 'ProcessingTimeout' ? 'timeout' : 'transport', message, duplicate: false, journal: false };
};
const noTracing: Tracing = { start: () => ({ traceparent: '', run: (fn) => fn(), end() {} }) };

export interface RigOptions {
  readonly key?: string;
  readonly fate?: (place: number) => Fate;
  readonly broken?: () => boolean;
  readonly settings?: Partial<ExecutorSettings>;
  readonly tracing?: Tracing;
}

export class Rig {
  readonly chain: Chain;
  readonly journal = new MemoryJournal();
  readonly reads: ChainReads;
  readonly submitter: ChainSubmitter;
  readonly endings: Ending[] = [];
  readonly errors: ErrorReason[] = [];
  readonly #o: RigOptions;
  now = 1_000;
  onSign: () => void = () => {};
  executor!: Executor;

  constructor(chain: Chain, options: RigOptions = {}) {
    this.chain = chain;
    this.#o = options;
    this.reads = new ChainReads(chain, options.broken);
    this.submitter = new ChainSubmitter(chain, options.fate);
  }

  #log: JournalLog | undefined;
  /** Writes to this log; starting again still reads the one in memory. */
  useLog(log: JournalLog): void {
    this.#log = log;
  }

  /** Starts, or starts again on what the journal kept. */
  async start(): Promise<this> {
    const key = keyOf(this.#o.key ?? 'exec');
    const { chain } = this.chain.ledger;
    const replayed = await replayJournal(this.journal.records(), { chain, shard: 0, signer: key.id });
    this.executor = new Executor(
      {
        chain,
        shard: 0,
        key: key.id,
        leaseMs: LEASE_MS,
        batchItems: 3,
        window: 4,
        expiryMs: 5_000,
        resendMs: 1_000,
        timeoutMs: 4_000,
        staleMs: 3_000,
        breaker: breakerDefaults,
        ...this.#o.settings,
      },
      {
        reads: this.reads,
        submitter: this.submitter,
        journal: new Journal(this.#log ?? this.journal, 2_000),
        tracing: this.#o.tracing ?? noTracing,
        clock: { monotonic: () => this.now, wall: () => 5 },
        sign: (hash) => {
          this.onSign();
          return sign(key.secretKey, hash);
        },
        explain,
        log: silent,
        meter: {
          error: (reason) => void this.errors.push(reason),
          paid() {},
          ended: (ending) => void this.endings.push(ending),
          resolved() {},
        },
      },
      replayed,
    );
    return this;
  }

  async tick(): Promise<number> {
    this.now += 50;
    return this.executor.tick();
  }
  /** A block, then a look at it; so many times. */
  async run(times = 1, ms = 50): Promise<void> {
    for (let i = 0; i < times; i++) {
      this.chain.block(ms);
      this.now += ms;
      await this.tick();
    }
  }
  /** Until every item is in `state`, at most so many blocks. */
  async quiet(done: () => boolean, atMost = 200, ms = 200): Promise<boolean> {
    for (let i = 0; i < atMost && !done(); i++) await this.run(1, ms);
    return done();
  }
}
