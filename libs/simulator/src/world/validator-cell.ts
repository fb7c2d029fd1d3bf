/**
 * An honest validator: the shipped driver over doubles of everything around it. A crash ends one *life*; whatever that life
 * still does afterwards has no effect, so a crash may strike inside any call.
 */
import { Driver, type Input, logRecord, type Ports, type Proposal, recover, type State } from '@bursar/pbft';
import { type BatchRef, type Block, type Certificate, type Digest, decode, type Message } from '@bursar/protocol';
import { tooLarge } from '../oracle/state-bounds.ts';
import { Violation } from '../oracle/violation.ts';
import { answerTo } from './answers.ts';
import { Asking } from './asking.ts';
import { BatchPool } from './batch-pool.ts';
import { BODIES_KEPT, BodyRecords, isBody } from './body-records.ts';
import type { Cell, CrashPoint, Lost, Surroundings } from './cell.ts';
import { Disk, type Tail } from './disk.ts';
import type { Envelope, FinalBlock, Want } from './envelope.ts';
import { Heard } from './heard.ts';
import { Notices } from './notices.ts';
import type { SignerDouble } from './signer.ts';
import { StorageDouble, type Stored } from './storage.ts';
import { WatchedCell } from './watched-cell.ts';

export class ValidatorCell extends WatchedCell implements Cell {
  readonly storage: StorageDouble;
  readonly disk: Disk;
  readonly #pool: BatchPool;
  readonly #bodies: BodyRecords;
  readonly #notices: Notices;
  #heard = new Heard();
  /** Of the view that the oracle was told of last. */
  #justification: State['justification'] = [];
  #driver: Driver | undefined;
  #asking: Asking;
  #life = 0;
  #wake = 0;
  #steps = 0;
  /** Messages that the engine refused. */
  #refusals = 0;

  constructor(around: Surroundings, signer: SignerDouble) {
    super(around, signer);
    this.storage = new StorageDouble(around.genesis);
    this.#pool = new BatchPool(around.genesis.validators);
    this.#asking = new Asking(around, () => false);
    this.disk = new Disk({
      random: around.random,
      after: (delay, run) => this.later(delay, run),
      syncMs: () => around.latencies.syncMs(this.index),
      durable: (records) => {
        for (const record of records) this.onDurable(record);
      },
    });
    this.#bodies = new BodyRecords(this.disk);
    this.#notices = new Notices(around, this.storage, (delay, run) => this.later(delay, run));
  }
  get alive(): boolean {
    return this.#driver !== undefined;
  }
  get isSigning(): boolean {
    return this.signer.atWork > 0;
  }
  get driver(): Driver | undefined {
    return this.#driver;
  }

  start(): void {
    this.#life++;
    const records = this.disk.read();
    const log = records.filter((r) => !isBody(r)).map((r) => decode(logRecord, r));
    for (const digest of this.#bodies.reload()) this.#pool.addBody(digest);
    const start = this.storage.start();
    this.around.witness?.started(this.index, start.height);
    const recovered = recover(this.around.params, start, log, this.signer.rowsFrom(start.height + 1));
    const life = this.#life;
    this.#asking = new Asking(this.around, () => this.#life === life && this.alive);
    this.#heard = new Heard();
    if ('type' in recovered) {
      this.halted(recovered.name, recovered.reason);
      return;
    }
    this.around.trace.add(this.around.now(), this.index, 'start', start.height, records.length);
    this.guarded(() => {
      this.#driver = new Driver(this.around.params, recovered, this.#ports());
      this.#driver.start();
    });
    this.#offer();
    this.#notices.start();
  }
  crash(tail: Tail = 'any'): void {
    if (!this.alive) return;
    this.#driver = undefined;
    this.#life++;
    const lost = this.disk.crash(tail);
    this.#pool.clear();
    this.around.trace.add(this.around.now(), this.index, 'crash', lost.records, lost.torn);
    this.around.died(lost);
  }
  lose(what: Lost): void {
    if (what !== 'log') this.storage.wipe();
    if (what !== 'storage') {
      this.disk.wipe();
      this.onLogLost();
    }
  }
  addBatch(ref: BatchRef): void {
    if (!this.alive) return;
    this.#pool.add(ref);
    // Before it is offered, so that the sync of a proposal covers it.
    this.#bodies.keep(ref.digest);
    this.#offer();
  }
  receive(from: number, envelope: Envelope): void {
    if (this.alive) this.guarded(() => this.#take(from, envelope));
  }
  #take(from: number, envelope: Envelope): void {
    if (envelope.kind === 'message') this.onMessage(envelope.message);
    else if (envelope.kind === 'batch') this.addBatch(envelope.ref);
    else if (envelope.kind === 'notice') this.#onNotice(from, envelope.certificate);
    else if (envelope.kind === 'want') this.#answer(from, envelope.want);
    else if (envelope.kind === 'finals') this.#onFinals(envelope.finals);
    else if (envelope.kind === 'proposal') this.#asking.onProposal(envelope.proposal);
    else for (const digest of envelope.digests) this.#pool.addBody(digest);
  }

  protected onMessage(message: Message): void {
    const bad = this.around.check(message);
    if (bad !== undefined) this.onRefused(bad, message.vote.validator);
    else if (!this.#asking.onMessage(message) && !this.#isRepeated(message)) {
      const before = this.#refusals;
      this.feed({ type: 'message', message });
      if (this.#refusals === before) this.#heard.accepted(message, this.around.clock.now());
    }
  }
  #isRepeated(message: Message): boolean {
    const verdict = this.#heard.judge(message, this.#driver?.state.height ?? 0, this.around.clock.now());
    if (verdict === 'falsely') this.onFalseRepetition(message);
    if (verdict !== 'passes') this.around.observe('reject', 'DuplicateMessage');
    return verdict !== 'passes';
  }
  /** What leaves: a faulty validator's own kind of cell decides otherwise. */
  protected broadcast(message: Message): void {
    for (let to = 0; to < this.around.genesis.validators; to++) if (to !== this.index) this.transmit(to, message);
  }
  protected transmit(to: number, message: Message): void {
    this.around.send(to, { kind: 'message', message });
  }
  protected feed(input: Input): void {
    const driver = this.#driver;
    if (driver === undefined) return;
    this.around.witness?.reached(this.index, input, driver.state.height);
    this.guarded(() => {
      driver.handle(input);
      this.#look(driver.state);
    });
    if (this.#driver === driver) this.around.witness?.settled(this.index);
    if ((++this.#steps & 127) === 0) this.#bounds();
  }
  #look(state: State): void {
    if (state.justification === this.#justification) return;
    this.#justification = state.justification;
    if (state.justification.length > 0) this.onEntered(state);
  }
  /** The engine is total: an exception is a violation. */
  protected guarded(run: () => void): void {
    try {
      run();
    } catch (e) {
      if (e instanceof Violation) throw e;
      throw new Violation('total step', `Validator ${this.index}: ${e instanceof Error ? e.stack : e}`);
    }
  }
  protected later(delay: number, run: () => void): void {
    const life = this.#life;
    this.around.after(delay, () => {
      if (this.#life === life && this.alive) this.guarded(run);
    });
  }
  #answer(from: number, want: Want): void {
    const { storage } = this;
    const proposal = (digest: Digest) => this.proposal(digest);
    const answer = answerTo(want, { storage, pool: this.#pool, proposal, viewChange: (wanted) => this.viewChange(wanted) });
    if (answer !== undefined) this.around.send(from, answer);
  }
  protected proposal(digest: Digest): Proposal | undefined {
    return this.#driver?.proposal(digest);
  }
  protected viewChange({ height, view, validator, digest }: Extract<Want, { type: 'view-change' }>): Message | undefined {
    return this.#driver?.viewChange(height, view, validator, digest);
  }

  #onNotice(from: number, certificate: Certificate): void {
    if (this.#notices.isNews(certificate)) this.feed({ type: 'notice', from, height: certificate.height, certificate });
  }
  #offer(): void {
    const { storage } = this;
    this.feed({ type: 'offer', batches: this.#pool.offer((origin) => storage.nextBatch(origin), storage.time) });
  }
  #bounds(): void {
    const n = this.around.genesis.validators;
    const log = this.disk.size;
    const large = log > BODIES_KEPT + 400 + 100 * n ? `${log} records in the log` : this.#driver && tooLarge(this.#driver.state, n);
    if (large !== undefined) throw new Violation('bounded state', `Validator ${this.index}: ${large}.`);
  }
  #strikes(point: CrashPoint): boolean {
    const tail = this.around.strikes(point);
    if (tail === undefined) return false;
    this.crash(tail);
    return true;
  }

  #ports(): Ports {
    const life = this.#life;
    const { around, index } = this;
    const live = () => this.#life === life;
    return {
      now: () => around.clock.now(),
      wake: (atMs) => {
        if (!live()) return;
        const wake = ++this.#wake;
        this.later(around.clock.until(atMs), () => {
          if (wake === this.#wake) this.feed({ type: 'tick' });
        });
      },
      log: {
        append: (record) => {
          if (live() && !this.#strikes('append')) this.disk.append(record);
        },
        sync: (done) => {
          if (!live() || this.#strikes('sync')) return;
          this.disk.sync(() => {
            if (!this.#strikes('synced')) done();
          });
        },
        compact: (kept) => {
          // Lazily, as the process does.
          if (live() && around.random.chance(0.15)) this.#bodies.compact(kept);
        },
      },
      sign: (vote, done) => {
        if (!live() || this.#strikes('sign')) return;
        this.onAsked(vote);
        this.signer.atWork++;
        // The signer is another process: it records and signs whether or not the asker lives.
        around.after(around.latencies.signMs(index), () => {
          this.signer.atWork--;
          const signature = this.sign(vote);
          if (live() && !this.#strikes('signed')) this.later(0.05, () => done(signature));
        });
      },
      network: {
        broadcast: (message) => {
          if (!live() || this.#strikes('broadcast')) return;
          around.trace.add(around.now(), index, message.kind, message.vote.vote.height, message.vote.vote.view, message.vote.vote.digest);
          if (message.kind === 'view-change') around.observe('view-change', '');
          this.onSent(message);
          this.broadcast(message);
        },
        notify: (to) => {
          if (live() && !this.#strikes('notify')) this.#notices.tell(to);
        },
      },
      obtain: (block, from, done) => {
        if (live() && !this.#strikes('obtain')) this.#obtain(block, from, done);
      },
      // Of this life: nothing comes of them once it is over.
      fetchBlock: this.#asking.fetchBlock,
      fetchViewChange: this.#asking.fetchViewChange,
      catchUp: this.#asking.catchUp,
      commit: (block, certificate, done) => {
        if (!live() || this.#strikes('commit')) return;
        this.onFinal(block, certificate);
        // Storage is another process, too; only a disk that is gone does not take the block.
        const { disks } = this.storage;
        around.after(around.latencies.commitMs(index), () => {
          if (disks === this.storage.disks) this.guarded(() => this.#committed(block, certificate, live, done));
        });
      },
      accuse: (evidence) => live() && around.witness?.accused(index, evidence),
      observe: {
        reject: (e) => {
          this.#refusals++;
          this.onRefused(e.name, e.validator);
        },
        transition: (e) => {
          if (e.trigger !== '') around.trace.add(around.now(), index, e.to, e.height, e.view);
        },
      },
      halt: (name, reason) => {
        if (live()) this.halted(name, reason);
      },
    };
  }
  protected sign(vote: Message['vote']['vote']): Uint8Array | undefined {
    return this.signer.sign(vote);
  }
  #committed(block: Block, certificate: Certificate, live: () => boolean, done: (s: Digest, r: Digest) => void): void {
    const stored = this.#store(block, certificate);
    if (!live() || this.#strikes('executed')) return;
    this.later(0.1, () => {
      done(stored.stateRoot, stored.resultsRoot);
      this.#offer();
    });
  }
  #obtain(block: Block, from: readonly number[], done: () => void): void {
    const { height } = block.header;
    this.later(this.around.latencies.bodiesMs(this.index), () =>
      this.#asking.obtain(
        block,
        from,
        {
          hasBody: (digest) => this.#pool.hasBody(digest),
          isOver: () => height < this.storage.height,
          later: (delay, run) => this.later(delay, run),
        },
        () => {
          for (const { digest } of block.batches) this.#bodies.keep(digest);
          done();
        },
      ),
    );
  }
  #store(block: Block, certificate: Certificate): Stored {
    const { height } = block.header;
    const isNew = this.storage.height < height;
    const stored = this.storage.commit(block, certificate);
    this.onExecuted(height, stored.stateRoot);
    if (isNew) this.around.trace.add(this.around.now(), this.index, 'final', height, stored.digest);
    return stored;
  }
  /** Catch-up: storage takes them, or has taken them for an earlier life; the engine hears of it a moment later. */
  #onFinals(finals: readonly FinalBlock[]): void {
    const taken: Certificate[] = [];
    for (const { block, certificate } of this.#asking.onFinals(finals)) {
      const { height } = block.header;
      if (height > this.storage.height + 1) continue;
      if (height > this.storage.height) {
        if (this.#strikes('commit')) return;
        this.onFinal(block, certificate);
        this.#store(block, certificate);
      }
      if (height >= (this.#driver?.state.height ?? 0)) taken.push(certificate);
    }
    if (taken.length === 0) return;
    const start = this.storage.start();
    this.later(this.around.latencies.commitMs(this.index), () => {
      if (this.#strikes('executed')) return;
      this.#asking.caughtUp(taken, start);
      this.#offer();
    });
  }
}
