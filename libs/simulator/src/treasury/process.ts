/**
 * One executor process: the shipped core behind ports that take time, fail, and at which it may be killed. A dead process runs no
 * further: what it waited for never comes, and whatever of it still runs reaches nothing.
 */
import { Driver, Executor, Journal, type JournalLog, type LedgerReads, replayJournal, type Submitter } from '@bursar/executor';
import type { Digest } from '@bursar/protocol';
import { Clock } from '../world/clock.ts';
import type { Random } from '../world/random.ts';
import { SimulatedBell } from './bell.ts';
import { idOf, type Keys } from './genesis.ts';
import { JournalDisk } from './journal-disk.ts';
import type { ExecutorOracle } from './oracle/executor-oracle.ts';
import { explainWith, Killed, PortFailure } from './port-failure.ts';
import { HOUR_MS, type Profile, type Seat } from './profile.ts';
import type { Call } from './reads.ts';
import type { SimTransaction } from './transaction.ts';

/** The journal is written anew beyond this, bytes: small, so that it happens. */
const COMPACT_BYTES = 6_000;
const DRAIN_MS = 1_000;

export type Journals = 'kept' | 'copied' | 'none';

export interface Surroundings {
  readonly random: Random;
  readonly chain: Digest;
  readonly keys: Keys;
  readonly profile: Profile;
  readonly oracle: ExecutorOracle;
  now(): number;
  after(ms: number, run: () => void): void;
  /** How long one way of a call takes, ms. */
  latencyMs(what: string): number;
  /** Whether the process is killed here. */
  strikes(what: string): boolean;
  /** Whether the disk fails now. */
  diskFails(): boolean;
  reads(call: Call): LedgerReads;
  submitter(call: Call, sent: (transaction: SimTransaction) => void): Submitter;
  /** The process has ended; whoever watches over it starts it again. */
  ended(how: string): void;
  note(what: string, ...details: (string | number)[]): void;
}

export class ExecutorProcess {
  readonly index: number;
  readonly seat: Seat;
  readonly #around: Surroundings;
  readonly #disk: JournalDisk;
  readonly #wall: Clock;
  readonly #monotonic: Clock;
  /** Lives so far; 0 with `#isAlive` false: never started. */
  #life = 0;
  #isAlive = false;
  #isStopped = false;
  #backlog: (() => void)[] = [];
  #bell: SimulatedBell | undefined;
  #executor: Executor | undefined;
  #driver: Driver | undefined;
  #end: (() => void) | undefined;

  constructor(index: number, seat: Seat, around: Surroundings) {
    this.index = index;
    this.seat = seat;
    this.#around = around;
    const { random, now, profile } = around;
    this.#disk = new JournalDisk({
      random,
      after: (ms, run) => this.#whileAlive(ms, run),
      syncMs: () => around.latencyMs('disk'),
      durable() {},
    });
    this.#wall = new Clock(now, profile.wallSkewMs * (2 * random.unit() - 1), profile.drift * (2 * random.unit() - 1));
    this.#monotonic = new Clock(now, -random.below(now()), profile.drift * (2 * random.unit() - 1));
  }
  get isAlive(): boolean {
    return this.#isAlive;
  }
  get executor(): Executor | undefined {
    return this.#isAlive ? this.#executor : undefined;
  }

  start(journals: Journals): void {
    if (this.#isAlive) return;
    const { oracle, note } = this.#around;
    if (journals === 'none') this.#disk.wipe();
    if (journals === 'copied') this.#disk.restore();
    if (journals !== 'kept') oracle.forgot(this.index);
    this.#isAlive = true;
    this.#life += 1;
    note('start', journals);
    void this.#run(this.#life);
  }

  async #run(life: number): Promise<void> {
    const { chain, keys, profile, oracle, random, note } = this.#around;
    const { key, shard } = this.seat;
    const signer = idOf(key);
    const replayed = await replayJournal(this.#disk.replay(), { chain, shard, signer });
    const { pollMs, ...settings } = profile.settings;
    const explain = explainWith((thrown) => this.#isIn(life) && oracle.surprised(this.index, thrown));
    const executor = new Executor(
      { chain, shard, key: signer, ...settings },
      {
        reads: this.#around.reads(this.#callIn(life)),
        submitter: this.#around.submitter(this.#callIn(life), (transaction) => {
          if (this.#isIn(life)) oracle.sent(this.index, transaction, this.#disk);
        }),
        journal: new Journal(this.#log(life), COMPACT_BYTES),
        tracing: { start: () => ({ traceparent: '', run: (fn) => fn(), end() {} }) },
        clock: { monotonic: () => this.#monotonic.now(), wall: () => this.#wall.now() },
        sign: (hash) => {
          this.#strike(life, 'sign');
          return keys.sign(key, hash);
        },
        explain,
        log: { event: (_, { to }, message) => this.#isIn(life) && note(message, String(to ?? '')), info() {}, warn() {} },
        meter: {
          error: (reason) => this.#isIn(life) && oracle.count(reason),
          paid() {},
          ended: (ending) => this.#isIn(life) && oracle.count(ending),
          resolved() {},
        },
      },
      replayed,
    );
    const bell = new SimulatedBell((ms, run) => this.#deliverAfter(life, ms, run));
    const driver = new Driver({
      executor,
      bell,
      pollMs,
      explain,
      onTick: () =>
        this.#isIn(life) && oracle.ticked(this.index, executor.status().staged, 2 * settings.window + replayed.unresolved.length),
      onFatal: () => this.#isIn(life) && this.#exit('journal failed'),
    });
    this.#bell = bell;
    this.#executor = executor;
    this.#driver = driver;
    const stopping = new AbortController();
    const running = driver.run(stopping.signal);
    this.#end = () => {
      stopping.abort();
      const late = new AbortController();
      this.#deliverAfter(life, DRAIN_MS, () => late.abort());
      void running.then(() => driver.drain(late.signal, DRAIN_MS / 4)).then(() => this.#isIn(life) && this.#exit('stopped'));
    };
    if (random.chance(0.5)) bell.ring();
  }

  /** kill -9. */
  crash(how = 'crash'): void {
    if (this.#isAlive) this.#exit(how);
  }
  /** SIGSTOP for so long: the world goes on. */
  freeze(ms: number): void {
    if (!this.#isAlive || this.#isStopped) return;
    this.#isStopped = true;
    this.#whileAlive(ms, () => this.thaw());
  }
  thaw(): void {
    this.#isStopped = false;
    const backlog = this.#backlog;
    this.#backlog = [];
    for (const run of backlog) this.#around.after(0, run);
  }
  /** SIGTERM. */
  end(): void {
    this.#end?.();
    this.#end = undefined;
  }
  hint(): void {
    this.#deliverAfter(this.#life, 0, () => this.#bell?.ring());
  }
  redrive(): void {
    if (this.#isAlive && !this.#isStopped) void this.#driver?.redrive().catch(() => {});
  }
  setPlanning(enabled: boolean): void {
    if (this.#isAlive && !this.#isStopped) this.#executor?.setPlanning(enabled);
  }
  setClock(byMs: number): void {
    this.#wall.step(byMs, HOUR_MS);
  }
  backUp(): void {
    this.#disk.copy();
  }

  #exit(how: string): void {
    this.#isAlive = false;
    this.#isStopped = false;
    this.#backlog = [];
    this.#end = undefined;
    const { records, torn } = this.#disk.crash();
    if (records > 0) this.#around.note('records lost', records);
    if (torn > 0) this.#around.note('record torn');
    this.#around.ended(how);
  }
  #isIn(life: number): boolean {
    return this.#isAlive && this.#life === life;
  }
  #strike(life: number, what: string): void {
    if (!this.#isIn(life)) throw new Killed();
    if (!this.#around.strikes(what)) return;
    this.#exit(`killed at ${what}`);
    throw new Killed();
  }
  /** Runs `run` after `ms`, stopped or not, unless it has died meanwhile. */
  #whileAlive(ms: number, run: () => void): void {
    const life = this.#life;
    this.#around.after(ms, () => this.#isIn(life) && run());
  }
  /** As soon after `ms` as the process runs. */
  #deliverAfter(life: number, ms: number, run: () => void): void {
    const deliver = (): void => {
      if (!this.#isIn(life)) return;
      if (this.#isStopped) this.#backlog.push(deliver);
      else run();
    };
    this.#around.after(ms, deliver);
  }

  #callIn(life: number): Call {
    return (what, perform) =>
      new Promise((resolve, reject) => {
        const { strikes, latencyMs, after } = this.#around;
        if (!this.#isIn(life)) return;
        if (strikes(what)) return this.#exit(`killed before ${what}`);
        after(latencyMs(what), () => {
          let settle: () => void;
          try {
            const answer = perform();
            settle = () => resolve(answer);
          } catch (e) {
            settle = () => reject(e);
          }
          if (this.#isIn(life) && strikes(what)) return this.#exit(`killed after ${what}`);
          this.#deliverAfter(life, latencyMs(what), settle);
        });
      });
  }

  #log(life: number): JournalLog {
    const { oracle } = this.#around;
    let failed = false;
    return this.#disk.log(
      (record) => {
        this.#strike(life, 'append');
        oracle.appended(this.index, record);
      },
      (run) =>
        new Promise((resolve, reject) => {
          if (!this.#isIn(life)) return;
          if (this.#around.strikes('sync')) return this.#exit('killed before sync');
          failed ||= this.#around.diskFails();
          if (failed) return this.#deliverAfter(life, 1, () => reject(new PortFailure('rejected', 'the disk is full', { journal: true })));
          run(() => {
            if (this.#around.strikes('sync')) return this.#exit('killed after sync');
            this.#deliverAfter(life, 0, resolve);
          });
        }),
    );
  }
}
