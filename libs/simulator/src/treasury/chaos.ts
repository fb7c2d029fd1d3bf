/** Faults of the treasury world, one after the other at random times. */
import type { Random } from '../world/random.ts';
import type { ExecutorProcess } from './process.ts';
import type { Profile } from './profile.ts';
import type { Storage } from './storage.ts';
import type { Validators } from './validators.ts';

export const treasuryFaults = [
  'crash',
  'crash of all',
  'SIGSTOP',
  'SIGTERM',
  'clock set',
  'storage stands still',
  'storage away',
  'storages away',
  'validator away',
  'validators away',
  'batches not taken',
  'blocks stop',
  'slow disk',
  'full disk',
  'redrive',
  'planning off',
  'backup',
] as const;
export type TreasuryFault = (typeof treasuryFaults)[number];

export interface ChaosPort {
  readonly random: Random;
  readonly profile: Profile;
  readonly processes: readonly ExecutorProcess[];
  readonly storages: readonly Storage[];
  readonly validators: Validators;
  now(): number;
  after(ms: number, run: () => void): void;
  stopBlocks(ms: number): void;
  note(kind: TreasuryFault, who: number): void;
}

export class TreasuryChaos {
  readonly #port: ChaosPort;
  #isOver = false;
  #slowUntil = 0;
  #fullUntil = 0;

  constructor(port: ChaosPort) {
    this.#port = port;
    this.#next();
  }
  get isOver(): boolean {
    return this.#isOver;
  }
  /** Everything answers, in time, and everybody runs. */
  end(): void {
    this.#isOver = true;
    const { storages, validators, processes } = this.#port;
    for (const storage of storages) {
      storage.frozenUntil = 0;
      storage.awayUntil = 0;
    }
    validators.heal();
    for (const process of processes) {
      process.thaw();
      process.setPlanning(true);
    }
  }
  latencyMs(what: string): number {
    const { random, now } = this.#port;
    if (what === 'disk') return (now() < this.#slowUntil ? 1_500 : 3) * (0.5 + random.unit());
    return 1 + random.below(this.#isOver ? 10 : random.pick([10, 10, 10, 400]));
  }
  diskFails(): boolean {
    return !this.#isOver && this.#port.now() < this.#fullUntil;
  }
  strikes(): boolean {
    return !this.#isOver && this.#port.random.chance(this.#port.profile.crashChance);
  }

  #next(): void {
    const { random, profile, after } = this.#port;
    after(profile.faultEveryMs * 2 * random.unit(), () => {
      if (this.#isOver) return;
      this.#strike(random.pick(treasuryFaults));
      this.#next();
    });
  }
  #strike(kind: TreasuryFault): void {
    const { random, processes, storages, validators, now, after, note, stopBlocks } = this.#port;
    const who = random.below(processes.length);
    const process = processes[who] as ExecutorProcess;
    const storage = random.pick(storages);
    const ms = random.pick([500, 4_000, 15_000, 25_000]) * (0.5 + random.unit());
    note(kind, who);
    if (kind === 'crash') process.crash();
    else if (kind === 'crash of all') for (const p of processes) p.crash();
    else if (kind === 'SIGSTOP') process.freeze(ms);
    else if (kind === 'SIGTERM') process.end();
    else if (kind === 'clock set') process.setClock(random.pick([-1, 1]) * 3_600_000 * random.unit());
    else if (kind === 'storage stands still') storage.frozenUntil = now() + ms;
    else if (kind === 'storage away') storage.awayUntil = now() + ms;
    else if (kind === 'storages away') for (const s of storages) s.awayUntil = now() + ms;
    else if (kind === 'validator away') validators.away(random.below(validators.size), now() + ms);
    else if (kind === 'validators away') for (let i = 0; i < validators.size; i++) validators.away(i, now() + ms);
    else if (kind === 'batches not taken') validators.refuseBatches(now() + 5_000 + ms);
    else if (kind === 'blocks stop') stopBlocks(ms);
    else if (kind === 'slow disk') this.#slowUntil = now() + ms;
    else if (kind === 'full disk') this.#fullUntil = now() + Math.min(ms, 2_000);
    else if (kind === 'redrive') process.redrive();
    else if (kind === 'backup') process.backUp();
    else {
      process.setPlanning(false);
      after(ms, () => process.setPlanning(true));
    }
  }
}
