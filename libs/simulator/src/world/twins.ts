/**
 * Twins (Bano et al., "Twins: BFT systems made robust", 2021): one validator of four runs as two copies with one key, each honest by
 * itself; the network is split anew for each of the first two views of the first height. Every choice of the doubled validator
 * (it leads the first view, the second one, or a later one), and for each of the two views every partition of the five processes, is
 * one case: their number takes the place of the seed. The network heals, and the three others must agree and go on.
 */
import { limits } from '@bursar/protocol';
import { UnwatchedCell } from '../byzantine/unwatched-cell.ts';
import { Oracle } from '../oracle/oracle.ts';
import { Violation } from '../oracle/violation.ts';
import type { Surroundings } from './cell.ts';
import { BLOCK_INTERVAL_MS, Chain, START, VIEW_TIMEOUT_MS } from './chain.ts';
import { Clock } from './clock.ts';
import type { Envelope } from './envelope.ts';
import { EventQueue } from './event-queue.ts';
import { Random } from './random.ts';
import type { Outcome, Scenario } from './scenario.ts';
import { SignerDouble } from './signer.ts';
import { Trace } from './trace.ts';
import { ValidatorCell } from './validator-cell.ts';

const VALIDATORS = 4;
const VIEWS = 2;
/** From here on the network is whole: two views have had their time. */
const HEALS_MS = BLOCK_INTERVAL_MS + 4 * VIEW_TIMEOUT_MS;
const LATENCY_MS = 2;
/** After the network healed, three views of at most eight base time-outs lead to a block, and the next height follows. */
const BOUND_MS = 32 * VIEW_TIMEOUT_MS;

/** All partitions of `n` things: for each thing the number of its part, parts numbered as they appear. */
function partitionsOf(n: number): readonly (readonly number[])[] {
  let all: number[][] = [[]];
  for (let i = 0; i < n; i++) all = all.flatMap((p) => Array.from({ length: Math.max(-1, ...p) + 2 }, (_, part) => [...p, part]));
  return all;
}
const partitions = partitionsOf(VALIDATORS + 1);
/** 4 validators that may be doubled, 52 partitions of five processes in each of two views. */
export const TWINS_CASES = VALIDATORS * partitions.length ** VIEWS;

interface Case {
  /** The validator that is doubled; its second copy is the last process. */
  readonly twin: number;
  /** By view. */
  readonly parts: readonly (readonly number[])[];
}
function caseOf(number: number): Case {
  let left = (number - 1) % TWINS_CASES;
  const take = (n: number): number => {
    const digit = left % n;
    left = Math.floor(left / n);
    return digit;
  };
  const twin = take(VALIDATORS);
  return { twin, parts: Array.from({ length: VIEWS }, () => partitions[take(partitions.length)] as readonly number[]) };
}

class TwinsWorld {
  readonly #scenario: Scenario;
  readonly #case: Case;
  readonly #queue = new EventQueue(START);
  readonly #trace: Trace;
  readonly #cells: ValidatorCell[];
  readonly #honest: readonly ValidatorCell[];
  readonly #oracle: Oracle;
  readonly #rejects: Record<string, number> = {};
  #viewChanges = 0;
  #cut = 0;

  constructor(scenario: Scenario) {
    this.#scenario = scenario;
    this.#case = caseOf(scenario.seed);
    this.#trace = new Trace(scenario.print);
    const stakes = new Array<number>(VALIDATORS).fill(1);
    const chain = new Chain(stakes, false);
    this.#oracle = new Oracle({
      chain: chain.id,
      stakes,
      publicKeys: chain.keys.map((k) => k.publicKey),
      verifier: chain.scheme,
      faulty: new Set([this.#case.twin]),
      fast: VALIDATORS,
      forksOnly: false,
      time: chain.time,
      calm: false,
    });
    this.#cells = [0, 1, 2, 3, this.#case.twin].map((validator, node) => this.#makeCell(chain, validator, node));
    this.#honest = this.#cells.filter((c) => c.index !== this.#case.twin);
  }

  run(): Outcome {
    let violation: Outcome['violation'];
    try {
      for (const cell of this.#cells) cell.start();
      this.#loop();
      this.#oracle.ended(this.#honest.map((c) => ({ index: c.index, height: c.storage.height, digestAt: (h) => c.storage.at(h)?.digest })));
    } catch (e) {
      if (!(e instanceof Violation)) throw e;
      violation = { invariant: e.invariant, message: e.message, safety: e.safety };
    }
    return {
      scenario: this.#scenario,
      violation,
      height: Math.max(...this.#honest.map((c) => c.storage.height)),
      events: this.#trace.count,
      ...this.#oracle.finalBy,
      viewChanges: this.#viewChanges,
      accusations: this.#oracle.evidence?.count ?? 0,
      batches: 0,
      faults: { 'cut off': this.#cut },
      rejects: this.#rejects,
      calls: {},
      virtualMs: Math.round(this.#queue.now - START),
      trace: this.#trace.hash(),
      last: this.#trace.last(60),
    };
  }
  #loop(): void {
    const { blocks } = this.#scenario;
    while (this.#honest.some((c) => c.storage.height < blocks)) {
      if (this.#queue.step(START + HEALS_MS + BOUND_MS)) continue;
      throw new Violation('progress', `Heights ${this.#honest.map((c) => c.storage.height).join(', ')} of ${blocks}.`);
    }
  }
  #makeCell(chain: Chain, validator: number, node: number): ValidatorCell {
    const key = chain.keys[validator];
    if (key === undefined) throw new RangeError(`no validator ${validator}`);
    const now = () => this.#queue.now;
    const around: Surroundings = {
      random: new Random(node),
      trace: this.#trace,
      oracle: this.#oracle,
      witness: validator === this.#case.twin ? undefined : this.#oracle.evidence,
      params: {
        chain: chain.id,
        set: chain.set,
        self: validator,
        blockIntervalMs: BLOCK_INTERVAL_MS,
        viewTimeoutMs: VIEW_TIMEOUT_MS,
        resendMs: 400,
        clockToleranceMs: limits.clockToleranceMs,
      },
      genesis: { chain: chain.id, time: chain.time, validators: VALIDATORS },
      latencies: { syncMs: () => 0.1, signMs: () => 0.1, commitMs: () => 0.2, bodiesMs: () => 0.1 },
      // Two copies whose clocks differ propose two blocks.
      clock: new Clock(now, 3 * node, 0),
      now,
      after: (delay, run) => this.#queue.after(delay, run),
      send: (to, envelope) => this.#send(node, to, envelope),
      check: (message) => chain.check(message),
      checkCertificate: (c) => chain.checkCertificate(c),
      strikes: () => undefined,
      died: () => {},
      observe: (what, name) => {
        if (what === 'view-change') this.#viewChanges++;
        if (what === 'reject') this.#rejects[name] = (this.#rejects[name] ?? 0) + 1;
      },
    };
    const signer = new SignerDouble(chain.scheme, key.secretKey, validator, chain.id);
    return validator === this.#case.twin ? new UnwatchedCell(around, signer) : new ValidatorCell(around, signer);
  }
  /** To every process that runs with the receiver's key. */
  #send(from: number, to: number, envelope: Envelope): void {
    const sender = this.#cells[from]?.index ?? 0;
    for (const [node, cell] of this.#cells.entries()) {
      if (cell.index !== to) continue;
      if (this.#isCut(from, node, envelope)) this.#cut++;
      else this.#queue.after(LATENCY_MS, () => cell.receive(sender, envelope));
    }
  }
  #isCut(from: number, to: number, envelope: Envelope): boolean {
    if (this.#queue.now - START > HEALS_MS) return false;
    const parts = this.#case.parts[this.#viewOf(from, envelope)];
    return parts !== undefined && parts[from] !== parts[to];
  }
  /** The view that a message belongs to; of anything else, the one that its sender is in. */
  #viewOf(from: number, envelope: Envelope): number {
    if (envelope.kind !== 'message') return this.#cells[from]?.driver?.state.view ?? 0;
    const { kind, vote } = envelope.message;
    return kind === 'view-change' || kind === 'new-view' ? vote.vote.view - 1 : vote.vote.view;
  }
}

export const runTwins = (scenario: Scenario): Outcome => new TwinsWorld(scenario).run();
