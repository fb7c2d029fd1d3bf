/** One run of the treasury world: faults for a while, then none, until everything that may be paid is paid and nothing is open. */
import type { Submitter } from '@bursar/executor';
import { type DisbursementBody, disbursementId, type Genesis } from '@bursar/protocol';
import { EventQueue } from '../world/event-queue.ts';
import { Random } from '../world/random.ts';
import type { FaultCounts } from '../world/scenario.ts';
import { Trace } from '../world/trace.ts';
import { Chain } from './chain.ts';
import { TreasuryChaos } from './chaos.ts';
import { genesisOf, idOf, Keys, START } from './genesis.ts';
import { TreasuryViolation, Verdict } from './invariants.ts';
import { ExecutorOracle } from './oracle/executor-oracle.ts';
import { LedgerOracle } from './oracle/ledger-oracle.ts';
import { People } from './people.ts';
import { ExecutorProcess, type Journals } from './process.ts';
import { drawProfile, type Profile } from './profile.ts';
import { type Call, Reads } from './reads.ts';
import { Rogue } from './rogue.ts';
import type { TreasuryOutcome, TreasuryScenario } from './scenario.ts';
import { Storage } from './storage.ts';
import { signed } from './transaction.ts';
import { Validators } from './validators.ts';

/** A bound for a run that goes round in circles. */
const EVENTS_MAX = 400_000;
/** After everything is paid, blocks in which nothing may happen any more. */
const QUIET_BLOCKS = 8;
const BAD_END_MS = 15_000;

class World {
  readonly #scenario: TreasuryScenario;
  readonly #profile: Profile;
  readonly #queue = new EventQueue(START);
  readonly #trace: Trace;
  readonly #verdict = new Verdict();
  readonly #keys = new Keys();
  readonly #genesis: Genesis;
  readonly #chain: Chain;
  readonly #people: People;
  readonly #rogue: Rogue;
  readonly #storages: readonly Storage[];
  readonly #validators: Validators;
  readonly #executorOracle: ExecutorOracle;
  readonly #oracle: LedgerOracle;
  readonly #processes: ExecutorProcess[] = [];
  readonly #chaos: TreasuryChaos;
  readonly #random: Random;
  readonly #faults: FaultCounts = {};
  #blocksFrom = 0;
  #deadline = Number.POSITIVE_INFINITY;
  #healedAt = 0;
  #paidAt = 0;
  #quiet = 0;

  constructor(scenario: TreasuryScenario) {
    this.#scenario = scenario;
    const random = new Random(scenario.seed, 77);
    const profile = drawProfile(random.fork(1));
    this.#profile = profile;
    this.#trace = new Trace(scenario.print);
    const { settings, shards } = profile;
    this.#genesis = genesisOf(shards, settings.leaseMs);
    this.#random = random.fork(2);
    this.#executorOracle = new ExecutorOracle(this.#verdict);
    this.#oracle = new LedgerOracle(this.#verdict, this.#executorOracle, shards, settings.leaseMs);
    this.#chain = new Chain(this.#genesis, random.fork(3), this.#verdict);
    const now = () => this.#queue.now;
    const after = (ms: number, run: () => void) => this.#queue.after(ms, run);
    const count = (what: string) => this.#count(what);
    const catching = random.fork(8);
    const blockMs = () => catching.pick([5, 60, 700]) * catching.unit();
    this.#storages = Array.from(
      { length: profile.storages },
      () => new Storage(this.#genesis, { chain: this.#chain, now, after, blockMs }),
    );
    const { chain: id } = this.#chain.ledger;
    this.#validators = new Validators({ random: random.fork(4), chain: this.#chain, keys: this.#keys, profile, now, count });
    const { payments } = this.#oracle;
    const time = () => this.#chain.ledger.time;
    const pauses = (treasury: string) => payments.pausesOf(treasury);
    const find = (disbursement: string) => payments.find(disbursement);
    this.#people = new People({ random: random.fork(5), importEveryMs: profile.importEveryMs, time, after, pauses, find, count });
    this.#rogue = new Rogue(random.fork(6), this.#chain.ledger, shards);
    this.#chaos = new TreasuryChaos({
      random: random.fork(7),
      profile,
      processes: this.#processes,
      storages: this.#storages,
      validators: this.#validators,
      now,
      after,
      stopBlocks: (ms) => {
        this.#blocksFrom = now() + ms;
      },
      note: (kind, who) => {
        count(kind);
        this.#trace.add(now(), -1, kind, who);
      },
    });
    for (const [index, seat] of profile.seats.entries()) {
      const own = random.fork(10 + index);
      const process = new ExecutorProcess(index, seat, {
        random: own,
        chain: id,
        keys: this.#keys,
        profile,
        oracle: this.#executorOracle,
        now,
        after,
        latencyMs: (what) => this.#chaos.latencyMs(what),
        strikes: () => this.#chaos.strikes(),
        diskFails: () => this.#chaos.diskFails(),
        reads: (call) => new Reads({ shard: seat.shard, storages: this.#storages, call, now, isTold: () => own.chance(0.5) }),
        submitter: (call, sent) => this.#submitter(index, call, sent),
        ended: (how) => this.#restart(index, how),
        note: (what, ...details) => {
          if (what === 'the breaker changed') this.#count(`breaker ${details[0]}`);
          this.#trace.add(now(), index, what, ...details);
        },
      });
      this.#processes.push(process);
    }
  }

  async run(): Promise<TreasuryOutcome> {
    try {
      await this.#loop();
    } catch (e) {
      if (!(e instanceof TreasuryViolation)) throw e;
    }
    const { violation } = this.#verdict;
    return {
      scenario: { seed: this.#scenario.seed },
      violation: violation && { invariant: violation.invariant, message: violation.message, safety: violation.safety },
      blocks: this.#chain.blocks.length,
      events: this.#trace.count,
      payments: this.#oracle.receipts,
      batches: this.#executorOracle.batches,
      sent: this.#executorOracle.sendings,
      epochs: this.#oracle.leases.grants,
      faults: this.#faults,
      verdicts: this.#executorOracle.counts,
      healedMs: this.#paidAt - this.#healedAt,
      virtualMs: Math.round(this.#queue.now - START),
      trace: this.#trace.hash(),
      last: this.#trace.last(60),
    };
  }

  async #loop(): Promise<void> {
    const { faultsMs, rogue } = this.#profile;
    for (const process of this.#processes) this.#queue.after(this.#random.below(3_000), () => process.start('kept'));
    this.#nextBlock();
    if (rogue) this.#misbehave();
    // Breakers are open when the faults end.
    if (this.#profile.badEnd) this.#queue.after(faultsMs - BAD_END_MS, () => this.#validators.refuseBatches(this.#queue.now + BAD_END_MS));
    this.#queue.after(faultsMs, () => this.#heal());
    for (let i = 0; i < EVENTS_MAX; i++) {
      if (!this.#queue.step()) break;
      // Whatever the event has led to inside the processes happens before the next one.
      await new Promise((resolve) => setImmediate(resolve));
      if (this.#verdict.violation) throw this.#verdict.violation;
      if (this.#quiet >= QUIET_BLOCKS) return;
      if (this.#chain.ledger.time > this.#deadline) break;
    }
    const { ledger } = this.#chain;
    const shown = (b: DisbursementBody) => {
      const { state, blocked = '' } = ledger.disbursement(disbursementId(b.treasury, b.clientKey)) ?? {};
      return `${b.clientKey} ${state}${blocked && ` (${blocked})`}`;
    };
    const owed = this.#oracle.payments.owed().map(shown);
    const staged = this.#processes.map((p) => p.executor?.status().staged);
    this.#verdict.fail('progress', `Unpaid: ${owed.join(', ') || 'nothing'}; open batches: ${staged.join(', ')}.`);
  }

  #nextBlock(): void {
    this.#queue.after(this.#profile.blockMs * (0.5 + this.#random.unit()), () => {
      if (this.#queue.now >= this.#blocksFrom || this.#chaos.isOver) this.#block();
      this.#nextBlock();
    });
  }
  #block(): void {
    const { ledger } = this.#chain;
    const nonces = new Map<string, bigint>();
    const wanted = this.#people.take().map(({ by, action }) => {
      const nonce = nonces.get(by) ?? ledger.account(idOf(by))?.nonce ?? 0n;
      nonces.set(by, nonce + 1n);
      return signed(this.#keys, ledger.chain, by, nonce, action);
    });
    // Validators' clocks, not the world's: a little off, never back.
    const time = Math.max(ledger.time + 1, Math.floor(this.#queue.now + this.#random.between(-300, 300)));
    const block = this.#chain.block(this.#queue.now, time, wanted);
    this.#trace.add(this.#queue.now, -1, 'block', block.height, block.transactions.length, block.executed.stateRoot);
    this.#oracle.block(block, ledger);
    for (const storage of this.#storages)
      this.#queue.after(this.#chaos.isOver ? 20 : this.#random.below(this.#profile.lagMs), () => storage.take(block));
    for (const process of this.#processes)
      if (this.#chaos.isOver || this.#random.chance(0.8))
        this.#queue.after(this.#random.below(this.#profile.lagMs) + 25, () => process.hint());
    if (this.#chaos.isOver) this.#look();
  }
  /** Whether all is done, after a block. */
  #look(): void {
    const open = this.#processes.some((p) => p.executor?.status().staged !== 0);
    if (this.#oracle.payments.owed().length > 0) {
      this.#paidAt = this.#chain.ledger.time;
      this.#quiet = 0;
    } else if (open || this.#chain.waiting > 0 || !this.#people.hasEnded) this.#quiet = 0;
    else this.#quiet += 1;
  }

  #heal(): void {
    this.#chaos.end();
    this.#people.heal();
    this.#chain.hurry(this.#queue.now);
    this.#trace.add(this.#queue.now, -1, 'faults end');
    this.#healedAt = this.#chain.ledger.time;
    this.#paidAt = this.#healedAt;
    this.#deadline = this.#queue.now + boundMs(this.#profile, this.#oracle.payments.ids.length);
  }
  #misbehave(): void {
    this.#queue.after(2_000 * this.#random.unit() + 200, () => {
      if (this.#chaos.isOver) return;
      const action = this.#rogue.act(this.#oracle.payments.ids);
      const { ledger } = this.#chain;
      const nonce = action.kind === 'lease' ? (ledger.account(idOf('rogue'))?.nonce ?? 0n) : 0n;
      const transaction = signed(this.#keys, ledger.chain, 'rogue', nonce, action);
      for (let n = this.#random.pick([1, 1, 3]); n > 0; n--) this.#chain.put(transaction, this.#queue.now + this.#random.below(1_500));
      this.#count('misdeed');
      this.#misbehave();
    });
  }
  #submitter(index: number, call: Call, sent: Parameters<Validators['submitter']>[1]): Submitter {
    return this.#validators.submitter(call, (transaction) => {
      this.#trace.add(this.#queue.now, index, 'sends', transaction.tx.action.kind, transaction.id);
      sent(transaction);
    });
  }
  #restart(index: number, how: string): void {
    this.#count(how);
    const random = this.#random;
    const journals: Journals = this.#chaos.isOver ? 'kept' : random.pick(['kept', 'kept', 'kept', 'kept', 'copied', 'none']);
    const down = this.#chaos.isOver ? 100 : random.pick([5, 1_000, 12_000]) * (0.5 + random.unit());
    if (journals !== 'kept') this.#count(`journal ${journals}`);
    this.#queue.after(down, () => this.#processes[index]?.start(journals));
  }
  #count(what: string): void {
    this.#faults[what] = (this.#faults[what] ?? 0) + 1;
  }
}

/** What an item that was refused may wait before it is tried again, ms (libs/executor). */
const DEFERRED_MS = 60_000;
const BREAKER_MS = 60_000;

/**
 * The stated bound, ledger ms after the end of the faults: the breaker may just have opened, a lease of somebody who is gone runs out, the
 * bytes that were sent last are sent again or expire, each item waits for its deferral.
 */
function boundMs({ settings: { leaseMs, resendMs, expiryMs } }: Profile, items: number): number {
  return BREAKER_MS + 2 * leaseMs + 16 * resendMs + expiryMs + 4 * DEFERRED_MS + 2_000 * items;
}

/** Runs a scenario to its end. Never throws for what executor or ledger do: a broken invariant is in the outcome. */
export const runTreasury = (scenario: TreasuryScenario): Promise<TreasuryOutcome> => new World(scenario).run();
