/** One run of one scenario, from genesis until every honest validator is at the target height or an invariant is broken. */
import type { Params } from '@bursar/pbft';
import { limits, voteHash } from '@bursar/protocol';
import { actors } from '../byzantine/actors.ts';
import { FaultyCell } from '../byzantine/faulty-cell.ts';
import { Oracle } from '../oracle/oracle.ts';
import { Violation } from '../oracle/violation.ts';
import type { Cell, Lost, Surroundings } from './cell.ts';
import { BLOCK_INTERVAL_MS, Chain, START, throughBytes, VIEW_TIMEOUT_MS } from './chain.ts';
import { Chaos } from './chaos.ts';
import { Clock } from './clock.ts';
import { PlannedCrash } from './crash-plan.ts';
import type { Envelope } from './envelope.ts';
import { EventQueue } from './event-queue.ts';
import { Load } from './load.ts';
import { Network } from './network.ts';
import { PhaseAdversary } from './phase-adversary.ts';
import { drawProfile, type Profile } from './profile.ts';
import { Random } from './random.ts';
import type { FaultCounts, Outcome, Scenario } from './scenario.ts';
import { SignerDouble } from './signer.ts';
import { Trace } from './trace.ts';
import { runTwins } from './twins.ts';
import { ValidatorCell } from './validator-cell.ts';

/** A bound for a run that goes round in circles. */
const EVENTS_MAX = 3_000_000;
/** In a whole network a batch that everybody was told of is ordered within this time, whatever leaders still waste. */
const ORDERED_WITHIN_MS = 6 * VIEW_TIMEOUT_MS;
/** Clocks stay within this of the world's: two of them within the tolerance for a fresh proposal. */
const MOST_SKEW_MS = 1500;

/** A careless validator dies so often, milliseconds; and what it loses then. */
const CARELESS_MS = 3_000;
const LOSSES: readonly (Lost | undefined)[] = [undefined, 'storage', 'log', 'log', 'storage and log', 'storage and log'];

class World {
  readonly #scenario: Scenario;
  readonly #profile: Profile;
  readonly #queue = new EventQueue(START);
  readonly #trace: Trace;
  readonly #network: Network;
  readonly #chaos: Chaos;
  readonly #adversary: PhaseAdversary;
  readonly #load: Load;
  readonly #oracle: Oracle;
  readonly #cells: Cell[] = [];
  readonly #honest: Cell[] = [];
  readonly #clocks: Clock[] = [];
  readonly #faults: FaultCounts = {};
  readonly #rejects: Record<string, number> = {};
  readonly #crashes: Random;
  /** Of honest drivers, by kind: the places where a crash may strike. */
  readonly #calls: Record<string, number> = {};
  readonly #planned: PlannedCrash | undefined;
  #viewChanges = 0;
  #faultsOver = false;
  #deadline = Number.POSITIVE_INFINITY;
  /** When the furthest honest validator last moved. */
  #movedAt = START;
  #height = 0;
  /** When the faults ended. */
  #healedAtMs = 0;

  constructor(scenario: Scenario) {
    this.#scenario = scenario;
    const { validators: n, stakes = new Array<number>(n).fill(1) } = scenario;
    // The cases of an enumeration differ in nothing but the crash.
    const isPlanned = scenario.intensity === 'crash points';
    this.#planned = isPlanned ? new PlannedCrash(scenario.seed) : undefined;
    const random = new Random(isPlanned ? 1 : scenario.seed, n);
    this.#profile = drawProfile(random.fork(1), stakes, scenario.intensity ?? 'all faults');
    this.#trace = new Trace(scenario.print);
    this.#crashes = random.fork(2);
    const now = () => this.#queue.now;
    const after = (delay: number, run: () => void) => this.#queue.after(delay, run);
    const deliver = (_from: number, to: number, what: unknown) => this.#cells[to]?.receive(_from, what as Envelope);
    this.#network = new Network({ random: random.fork(3), now, after, deliver }, this.#profile.shape);
    this.#adversary = new PhaseAdversary(random.fork(4), this.#profile.adversary, n, now);
    if (this.#profile.adversary.share > 0) {
      this.#network.judge = (from, to, what) => this.#adversary.judge(from, to, what as Envelope);
    }
    if (isPlanned) this.#network.judge = (_from, _to, what) => (isFirstProposalOf(2, what as Envelope) ? undefined : 0);
    this.#chaos = new Chaos(
      {
        random: random.fork(5),
        network: this.#network,
        validators: n,
        now,
        after,
        crash: (who) => this.#cells[who]?.crash(),
        setClock: (who, byMs) => this.#clocks[who]?.step(byMs, MOST_SKEW_MS),
        note: (kind, who) => {
          this.#count(kind);
          this.#trace.add(now(), -1, kind, who);
        },
      },
      this.#profile,
    );
    this.#oracle = this.#makeCells(random.fork(6), stakes);
    this.#load = new Load(random.fork(7), this.#cells, now, (from, to, envelope) => this.#network.send(from, to, envelope));
  }

  run(): Outcome {
    let violation: Outcome['violation'];
    try {
      this.#loop();
    } catch (e) {
      if (!(e instanceof Violation)) throw e;
      violation = { invariant: e.invariant, message: e.message, safety: e.safety };
    }
    const { counts } = this.#network;
    const { dropped, late, doubled, reordered, cut, withheld } = counts;
    return {
      scenario: this.#scenario,
      violation,
      height: this.#height,
      events: this.#trace.count,
      ...this.#oracle.finalBy,
      viewChanges: this.#viewChanges,
      accusations: this.#oracle.evidence?.count ?? 0,
      batches: this.#load.count,
      faults: {
        ...this.#faults,
        dropped,
        delayed: late,
        reordered,
        doubled,
        'cut off': cut,
        withheld,
        'attacked height': this.#adversary.attacked,
      },
      rejects: this.#rejects,
      calls: this.#calls,
      virtualMs: Math.round(this.#queue.now - START),
      trace: this.#trace.hash(),
      last: this.#trace.last(60),
    };
  }

  #loop(): void {
    for (const cell of this.#cells) cell.start();
    if (this.#profile.careless !== undefined) this.#beCareless(this.#profile.careless);
    this.#offer();
    const { blocks } = this.#scenario;
    let nextLook = 0;
    for (let i = 0; i < EVENTS_MAX; i++) {
      if (!this.#queue.step()) break;
      if (this.#queue.now < nextLook) continue;
      nextLook = this.#queue.now + 20;
      if (this.#look() >= blocks && this.#faultsOver) {
        this.#sumUp();
        return;
      }
      if (this.#queue.now > this.#deadline) break;
    }
    const heights = this.#honest.map((c) => c.storage.height).join(', ');
    throw new Violation('progress', `Heights ${heights} of ${blocks} at ${Math.round(this.#queue.now - START)} ms.`);
  }
  /** What can be said only at the end: everybody holds what was final, and no batch of an honest origin was lost. */
  #sumUp(): void {
    this.#oracle.ended(
      this.#honest.map(({ index, storage }) => ({ index, height: storage.height, digestAt: (h: number) => storage.at(h)?.digest })),
    );
    const lost = this.#load.unordered(this.#healedAtMs, this.#queue.now - ORDERED_WITHIN_MS, this.#oracle.chain.ordered);
    const honest = lost.find(({ origin }) => this.#honest.some((c) => c.index === origin));
    if (honest !== undefined)
      throw new Violation('no batch lost', `Batch ${honest.number} of origin ${honest.origin} waits, and everybody knows it.`);
  }
  /** Height of the last honest validator; ends the faults when their time is over. */
  #look(): number {
    let least = Number.POSITIVE_INFINITY;
    for (const { storage } of this.#honest) {
      least = Math.min(least, storage.height);
      if (storage.height > this.#height) {
        this.#height = storage.height;
        this.#movedAt = this.#queue.now;
      }
    }
    const near = this.#height >= Math.ceil(0.85 * this.#scenario.blocks);
    if (!this.#faultsOver && (near || this.#queue.now - START > this.#profile.faultsEndMs)) this.#endFaults();
    return least;
  }
  /**
   * The stated bound. View timers double, so after a standstill of T the open view lasts at most about 2T, and each of the
   * at most n − 1 faulty or unlucky leaders after it twice as long as the one before: with f + 1 of them 2^(f + 2) · T. Then
   * every block takes an interval, or a view that its leader wastes.
   */
  #endFaults(): void {
    this.#faultsOver = true;
    this.#adversary.active = false;
    this.#chaos.end();
    const { now } = this.#queue;
    this.#healedAtMs = now;
    const standstill = now - this.#movedAt + VIEW_TIMEOUT_MS;
    const wasted = this.#profile.actors.size;
    const blocks = this.#scenario.blocks - this.#height + 1;
    const perBlock = 2 * BLOCK_INTERVAL_MS + VIEW_TIMEOUT_MS * (2 ** Math.min(wasted, 4) * 2);
    this.#deadline = now + 20_000 + 2 ** (Math.min(wasted, 4) + 2) * standstill + blocks * perBlock;
    this.#trace.add(now, -1, 'faults end', Math.round(this.#deadline - START));
  }
  #offer(): void {
    const { batchEveryMs } = this.#profile;
    this.#queue.after(batchEveryMs * 2 * this.#crashes.unit(), () => {
      this.#load.offer();
      this.#offer();
    });
  }
  #count(what: string): void {
    this.#faults[what] = (this.#faults[what] ?? 0) + 1;
  }

  #makeCells(random: Random, stakes: readonly number[]): Oracle {
    const scenario = this.#scenario;
    const profile = this.#profile;
    const real = scenario.signatures === 'ed25519';
    const chain = new Chain(stakes, real);
    const { scheme, set } = chain;
    const oracle = new Oracle({
      chain: chain.id,
      stakes,
      publicKeys: chain.keys.map((k) => k.publicKey),
      verifier: scheme,
      faulty: new Set(profile.actors.keys()),
      fast: scenario.fast ?? stakes.reduce((a, b) => a + b, 0),
      forksOnly: scenario.forksOnly === true,
      time: chain.time,
      calm: scenario.intensity === 'calm',
    });
    for (const [index, key] of chain.keys.entries()) {
      const params: Params = {
        chain: chain.id,
        set,
        self: index,
        blockIntervalMs: BLOCK_INTERVAL_MS,
        viewTimeoutMs: VIEW_TIMEOUT_MS,
        resendMs: profile.resendMs,
        clockToleranceMs: limits.clockToleranceMs,
      };
      const own = random.fork(index);
      const skew = profile.skewMs * (2 * own.unit() - 1);
      if (skew !== 0) this.#count('clock skew');
      const clock = new Clock(() => this.#queue.now, skew, profile.drift * (2 * own.unit() - 1));
      this.#clocks.push(clock);
      const around: Surroundings = {
        random: own,
        trace: this.#trace,
        oracle,
        witness: profile.actors.has(index) ? undefined : oracle.evidence,
        params,
        genesis: { chain: chain.id, time: chain.time, validators: stakes.length },
        latencies: this.#chaos,
        clock,
        now: () => this.#queue.now,
        after: (delay, run) => this.#queue.after(delay, run),
        send: (to, envelope) => this.#network.send(index, to, real ? throughBytes(envelope) : envelope),
        check: (message) => chain.check(message),
        checkCertificate: (c) => chain.checkCertificate(c),
        strikes: (point) => {
          this.#calls[point] = (this.#calls[point] ?? 0) + 1;
          const random = !this.#faultsOver && this.#crashes.chance(profile.crashChance) ? 'any' : undefined;
          const tail = this.#planned === undefined ? random : this.#planned.strikes(point);
          if (tail !== undefined) this.#count('crash inside a call');
          return tail;
        },
        died: (lost) => this.#died(index, lost),
        observe: (what, name) => {
          if (what === 'misdeed') this.#count(name);
          else if (what === 'view-change') this.#viewChanges++;
          else this.#rejects[name] = (this.#rejects[name] ?? 0) + 1;
        },
      };
      const signer = new SignerDouble(scheme, key.secretKey, index, chain.id);
      const actor = profile.actors.get(index);
      const cell =
        actor === undefined
          ? new ValidatorCell(around, signer)
          : new FaultyCell(around, signer, actors[actor], (vote) => scheme.sign(key.secretKey, voteHash(vote)));
      if (actor !== undefined) this.#count(actor);
      this.#cells.push(cell);
      if (actor === undefined) this.#honest.push(cell);
    }
    return oracle;
  }
  /** From time to time it dies, and not only its process. */
  #beCareless(who: number): void {
    this.#queue.after(CARELESS_MS * (0.5 + this.#crashes.unit()), () => {
      if (this.#faultsOver) return;
      this.#cells[who]?.crash();
      this.#beCareless(who);
    });
  }
  /** A disk is not replaced as fast as a signer answers. */
  #startWithout(who: number, lost: Lost): void {
    const cell = this.#cells[who];
    if (cell?.isSigning) {
      this.#queue.after(10, () => this.#startWithout(who, lost));
      return;
    }
    this.#count(`lost ${lost}`);
    this.#trace.add(this.#queue.now, who, 'lost', lost);
    cell?.lose(lost);
    cell?.start();
  }
  #died(who: number, lost: { records: number; torn: number }): void {
    this.#count('restart');
    if (lost.records > 0) this.#count('records lost');
    if (lost.torn > 0) this.#count('record torn');
    const down = this.#planned?.downMs ?? (this.#faultsOver ? 10 : this.#crashes.pick([1, 30, 300, 3000]) * (0.5 + this.#crashes.unit()));
    const loses = who === this.#profile.careless && !this.#faultsOver ? this.#crashes.pick(LOSSES) : undefined;
    this.#queue.after(down, () => (loses === undefined ? this.#cells[who]?.start() : this.#startWithout(who, loses)));
  }
}

/** What never arrives in the fixed run of the crash points, so that a view is changed in it. */
const isFirstProposalOf = (height: number, envelope: Envelope): boolean => {
  if (envelope.kind !== 'message' || envelope.message.kind !== 'pre-prepare') return false;
  const { vote } = envelope.message.vote;
  return vote.height === height && vote.view === 0;
};

/** Runs a scenario to its end. Never throws for what the engine does: a broken invariant is in the outcome. */
export const runScenario = (scenario: Scenario): Outcome =>
  scenario.intensity === 'twins' ? runTwins(scenario) : new World(scenario).run();
