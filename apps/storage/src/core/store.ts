/**
 * The chain and the state: executes final blocks, makes them durable, answers what is durable and nothing else.
 *
 * The order of a commit (docs/protocol.md, "Durability"): check → execute in memory → append one record → one fdatasync →
 * only then tip, indexes, followers, events and the reply. Readers wait while a block is executed and not yet durable. What
 * fails between execution and durability ends the process: the restart replays what is on disk.
 */
import type { Verifier } from '@bursar/crypto';
import { Ledger } from '@bursar/ledger';
import type { ValidatorSet } from '@bursar/membership';
import { merkleRoot } from '@bursar/merkle';
import { type Batch, block, type Digest, decode, type Genesis, headerDigest, toHex } from '@bursar/protocol';
import { BursarError, coreError, messageOf, rejection } from '@bursar/shared-core';
import { aboveTip, gap, isUnread, refused } from '../errors.ts';
import type { BlockLog, Dump, FinalBlock, Halt, LogRecord, Position } from '../ports.ts';
import { type Candidate, checkBodies, checkCertified, checkRun, forkReason, type RawBlock, type Tip } from './check-block.ts';
import { Indexes } from './indexes.ts';
import { Postings } from './postings.ts';
import { transactionResults } from './results.ts';
import { Assembler, bounded, type StoredBlock, type TraceContext, toRecords } from './stored-block.ts';
import { StoredBlocks } from './stored-blocks.ts';
import { Wakers } from './wakers.ts';

export interface StoreOptions {
  readonly genesis: Genesis;
  readonly chain: Digest;
  readonly set: ValidatorSet;
  readonly verifier: Verifier;
  readonly log: BlockLog;
  readonly halt: Halt;
  /** Unix milliseconds, for spans only. */
  readonly nowMs: () => number;
  /** Bytes of the newest blocks that are kept in memory; the default of RecentBlocks. */
  readonly recentBytes?: number;
  /** After these blocks became durable together, at least one, before the reply. Must not throw. */
  readonly onFinal: (finals: readonly FinalBlock[]) => void;
}

/** What a commit answers. */
export interface Committed {
  readonly height: number;
  readonly stateRoot: Digest;
  readonly resultsRoot: Digest;
  /** Canonical transaction results in the order of the block. */
  readonly transactionResults: readonly Uint8Array[];
}

/** A checked block above the tip. */
interface Fresh {
  readonly raw: RawBlock;
  readonly candidate: Candidate;
  readonly batches: readonly Batch[];
}
interface Executed extends Fresh {
  readonly stored: StoredBlock;
  readonly positions: readonly Position[];
  /** After it. */
  readonly tip: Tip;
  readonly startedMs: number;
  readonly endedMs: number;
}

/** Consensus has one height in flight; more callers at once are a fault. */
const MAX_WAITING_COMMITS = 8;

export class BlockStore {
  readonly ledger: Ledger;
  readonly indexes = new Indexes();
  readonly postings: Postings;
  readonly #options: StoreOptions;
  readonly #blocks: StoredBlocks;
  /** Readers of streams; strangers may fill it. */
  readonly #followers = new Wakers();
  /** The outbox and the cell's own services, which nobody may crowd out. */
  readonly #own = new Wakers(16);
  #tip: Tip;
  #blocksWithContent = 0;
  #waiting = 0;
  #queue: Promise<unknown> = Promise.resolve();
  #unsynced: Promise<void> | undefined;
  #broken = false;

  constructor(options: StoreOptions) {
    this.#options = options;
    this.#blocks = new StoredBlocks(options.log, options.recentBytes);
    this.ledger = new Ledger(options.genesis);
    this.postings = new Postings(options.genesis);
    this.#tip = {
      height: 0,
      hash: options.chain,
      time: options.genesis.time,
      stateRoot: this.ledger.stateRoot,
      resultsRoot: toHex(merkleRoot([])),
    };
  }

  /** The newest durable block. */
  get tip(): Tip {
    return this.#tip;
  }
  get blocksWithContent(): number {
    return this.#blocksWithContent;
  }

  /** Resolves when the ledger's state is that of the tip: await it, then read without another await in between. */
  async settled(): Promise<void> {
    while (this.#unsynced) await this.#unsynced;
    if (this.#broken) throw coreError('LogFailed', 'storage has stopped');
  }

  /**
   * Executes everything in the log again, once, before anything is served.
   * @param pause awaited now and then with the height reached, so that probes are answered meanwhile.
   */
  async replay(records: AsyncIterable<LogRecord> | Iterable<LogRecord>, pause: (height: number) => Promise<void>): Promise<void> {
    const assembler = new Assembler<Position>();
    let last: StoredBlock | undefined;
    let where = 'the block log';
    try {
      for await (const { bytes, position } of records) {
        where = this.#options.log.describe(position);
        const found = assembler.add(bytes, position);
        if (!found) continue;
        this.#replayOne(found.height, found.stored, found.positions);
        last = found.stored;
        await pause(found.height);
      }
    } catch (e) {
      const height = this.#tip.height + 1;
      this.#fail(isUnread(e) ? 'LogFailed' : 'LogCorrupt', `block ${height} in ${where}: ${messageOf(e)}`, { height }, e);
    }
    if (last === undefined) return;
    // The parents' digests tie every block to the newest one: its certificate vouches for all of them.
    const { chain, set, verifier } = this.#options;
    const checked = checkCertified(last, chain, set, verifier);
    if ('refused' in checked) this.#fail('LogCorrupt', `block ${this.#tip.height}: ${checked.why}`, { height: this.#tip.height });
  }

  /** @throws Error that says what does not fit */
  #replayOne(height: number, stored: StoredBlock, positions: readonly Position[]): void {
    const demand = (fits: boolean, why: string): void => {
      if (!fits) throw new Error(why);
    };
    demand(height === this.#tip.height + 1, `block ${this.#tip.height + 1} was expected, block ${height} follows`);
    const b = decode(block, stored.block);
    const candidate = { block: b, hash: headerDigest(b.header) };
    const broken = forkReason(candidate, this.#tip);
    demand(broken === undefined, broken ?? '');
    const batches = checkBodies(b, stored.batches, this.#options.chain);
    if ('refused' in batches) throw new Error(batches.why);
    const { stateRoot, resultsRoot } = this.ledger.execute({ height, time: b.header.time, batches });
    demand(stateRoot === stored.stateRoot, `the stored state root is ${stored.stateRoot}, execution gives ${stateRoot}`);
    demand(resultsRoot === stored.resultsRoot, `the stored results root is ${stored.resultsRoot}, execution gives ${resultsRoot}`);
    this.#admit(candidate, stored, batches, positions);
  }

  /**
   * @throws MalformedMessage, InvalidSignature, QuorumNotReached, WrongChain: nothing changed. SequenceGap: as well.
   * Halts for a certified block that is not a continuation of ours.
   */
  async commit(raw: RawBlock, context: TraceContext): Promise<Committed> {
    return (await this.commitRun([raw], context))[0] as Committed;
  }

  /** As `commit` for consecutive blocks, with one fsync; a refusal is of the run as a whole (K7). */
  async commitRun(raws: readonly RawBlock[], context: TraceContext): Promise<Committed[]> {
    if (this.#waiting >= MAX_WAITING_COMMITS) throw rejection('QueueFull', 'too many commits at once', { retryAfterMs: 100 });
    this.#waiting++;
    // Readers that were told the state is settled, in this turn of the event loop or by the commit before, read first.
    const turn = this.#queue.then(nextTurn).then(() => this.#commitRun(raws, context));
    this.#queue = turn.catch(() => {});
    try {
      return await turn;
    } finally {
      this.#waiting--;
    }
  }

  async #commitRun(raws: readonly RawBlock[], context: TraceContext): Promise<Committed[]> {
    if (this.#broken) throw coreError('LogFailed', 'storage has stopped');
    const { chain, set, verifier, log, onFinal } = this.#options;
    const run = checkRun(raws, chain, set, verifier);
    if ('refused' in run) throw refused(run);
    const answers: Committed[] = [];
    const fresh: Fresh[] = [];
    for (const [i, candidate] of run.entries()) {
      const { height } = candidate.block.header;
      const raw = raws[i] as RawBlock;
      if (height <= this.#tip.height) answers.push(await this.#storedAnswer(raw, height, candidate.hash));
      else if (fresh.length === 0 && height > this.#tip.height + 1) throw gap(height, this.#tip.height);
      else {
        const batches = checkBodies(candidate.block, raw.batches, chain);
        if ('refused' in batches) throw refused(batches);
        fresh.push({ raw, candidate, batches });
      }
    }
    if (fresh.length === 0) return answers;

    const durable = Promise.withResolvers<void>();
    this.#unsynced = durable.promise;
    const done: Executed[] = [];
    try {
      let tip = this.#tip;
      for (const block of fresh) {
        const fork = forkReason(block.candidate, tip);
        if (fork !== undefined) this.#fork(block.raw, block.candidate.block.header.height, block.candidate.hash, fork);
        const executed = this.#execute(block, context);
        done.push(executed);
        tip = executed.tip;
      }
      await log.sync();
      for (const { candidate, stored, batches, positions } of done) this.#admit(candidate, stored, batches, positions);
    } catch (e) {
      if (this.#broken) throw e; // a fork was found: said already
      const name = e instanceof BursarError ? 'LogFailed' : 'Internal';
      const height = this.#tip.height + 1;
      return this.#fail(name, `block ${height} was not made durable: ${messageOf(e)}`, { height }, e);
    } finally {
      this.#unsynced = undefined;
      durable.resolve();
    }
    this.#own.wake();
    this.#followers.wake();
    onFinal(done.map(({ tip, batches, ...rest }) => ({ ...rest, height: tip.height, transactions: entriesOf(batches) })));
    return [...answers, ...done.map(({ tip, stored }) => answer(tip.height, stored))];
  }

  /** In memory, and handed to the log. */
  #execute(fresh: Fresh, context: TraceContext): Executed {
    const { raw, candidate, batches } = fresh;
    const { log, nowMs } = this.#options;
    const { height, time } = candidate.block.header;
    const startedMs = nowMs();
    const { encoded, stateRoot, resultsRoot } = this.ledger.execute({ height, time, batches });
    const stored: StoredBlock = {
      block: raw.block,
      certificate: raw.certificate,
      batches: [...raw.batches],
      results: encoded,
      stateRoot,
      resultsRoot,
      outbox: bounded(context),
    };
    const endedMs = nowMs();
    const positions = toRecords(height, stored).map((record) => log.append(record));
    const tip = { height, hash: candidate.hash, time, stateRoot, resultsRoot };
    return { ...fresh, stored, positions, tip, startedMs, endedMs };
  }

  /** The block is durable: from here on it exists. */
  #admit(
    { block: b, hash }: Omit<Candidate, 'certificate'>,
    stored: StoredBlock,
    batches: readonly Batch[],
    positions: readonly Position[],
  ): void {
    const { height, time } = b.header;
    const entries = entriesOf(batches).map(({ signed, traceparent }) => ({ transaction: signed, traceparent }));
    this.indexes.add(height, entries, stored.results);
    this.postings.add(time, entries, stored.results);
    if (stored.results.length > 0) this.#blocksWithContent++;
    this.#blocks.add(height, stored, positions);
    this.#tip = { height, hash, time, stateRoot: stored.stateRoot, resultsRoot: stored.resultsRoot };
  }

  async #storedAnswer(raw: RawBlock, height: number, hash: Digest): Promise<Committed> {
    const stored = await this.read(height);
    const ours = headerDigest(decode(block, stored.block).header);
    if (ours !== hash) this.#fork(raw, height, hash, `block ${ours} is final here at this height`);
    return answer(height, stored);
  }

  /** A final block. @throws NotFound above the tip; LogFailed when it cannot be read. Halts when the log does not give back what was written. */
  async read(height: number): Promise<StoredBlock> {
    if (height > this.#tip.height) throw aboveTip(height, this.#tip.height);
    try {
      return await this.#blocks.read(height);
    } catch (e) {
      if (isUnread(e)) throw e;
      const positions = this.#blocks.describe(height);
      return this.#fail('LogCorrupt', `block ${height} in ${positions}: ${messageOf(e)}`, { height }, e);
    }
  }

  /**
   * Final blocks in order from `from` to at most `to`: as many as `maxBytes` hold, at least one, and fewer where a read
   * of the log ends. @throws NotFound above the tip. Halts as `read`.
   */
  async readRun(from: number, to: number, maxBytes: number): Promise<readonly StoredBlock[]> {
    const run = await this.#blocks.readRun(from, Math.min(to, this.#tip.height), maxBytes);
    return run.length > 0 ? run : [await this.read(from)];
  }

  /** What was read does not fit the chain that stands above it: it must not be served. */
  corrupt(height: number, why: string): never {
    return this.#fail('LogCorrupt', `block ${height}: ${why}`, { height });
  }

  /** Final blocks in order from `from` (1 or more); with `follow` each new one until `signal` aborts. */
  async *blocks(from: number, follow: boolean, signal: AbortSignal, isOwn = false) {
    for (let height = from; !signal.aborted; height++) {
      if (height > this.#tip.height && !(follow && (await this.reached(height, signal, isOwn)))) return;
      yield { height, stored: await this.read(height) };
    }
  }

  /** At once, then after newer blocks, until `signal` aborts; a slow reader skips blocks. Settled: read before anything is awaited. */
  async *news(signal: AbortSignal, isOwn = false): AsyncGenerator<void> {
    for (let told = -1; (await this.reached(told + 1, signal, isOwn)) && !signal.aborted; ) {
      await this.settled();
      told = this.#tip.height;
      yield;
    }
  }

  /** Resolves with true when block `height` is durable, with false when `signal` aborts first. */
  async reached(height: number, signal: AbortSignal, isOwn = true): Promise<boolean> {
    while (height > this.#tip.height && !signal.aborted) await (isOwn ? this.#own : this.#followers).wait(signal);
    return height <= this.#tip.height;
  }

  #fork(raw: RawBlock, height: number, certifiedBlock: Digest, why: string): never {
    const evidence = { certifiedBlock, block: toHex(raw.block), certificate: toHex(raw.certificate) };
    return this.#fail('StateForkDetected', `certified block ${certifiedBlock} of height ${height}: ${why}`, { height, ...evidence });
  }

  #fail(name: Parameters<Halt>[0], reason: string, facts: Dump, cause?: unknown): never {
    this.#broken = true;
    const { height, hash, time, stateRoot, resultsRoot } = this.#tip;
    const tip = { tipHeight: height, tipHash: hash, tipTimeMs: time, tipStateRoot: stateRoot, tipResultsRoot: resultsRoot };
    return this.#options.halt(name, reason, { chain: this.#options.chain, ...facts, ...tip }, cause);
  }
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const entriesOf = (batches: readonly Batch[]): FinalBlock['transactions'] =>
  batches.flatMap((b) => b.entries.map(({ transaction, traceparent, tracestate }) => ({ signed: transaction, traceparent, tracestate })));

const answer = (height: number, { stateRoot, resultsRoot, results }: StoredBlock): Committed => ({
  height,
  stateRoot,
  resultsRoot,
  transactionResults: transactionResults(results),
});
