/** Faults of the environment, one after the other at random times: partitions, crashes, slow disks, slow parts, bad links. */
import type { Latencies } from './cell.ts';
import type { Network, NetworkShape } from './network.ts';
import type { Profile } from './profile.ts';
import type { Random } from './random.ts';

export const chaosKinds = [
  'partition',
  'one-way partition',
  'isolation',
  'flapping link',
  'lossy burst',
  'crash',
  'crash of all',
  'slow disk',
  'slow storage',
  'slow signer',
  'slow bodies',
  'clock set',
] as const;
export type ChaosKind = (typeof chaosKinds)[number];

export interface ChaosPort {
  readonly random: Random;
  readonly network: Network;
  readonly validators: number;
  now(): number;
  after(delay: number, run: () => void): void;
  crash(who: number): void;
  setClock(who: number, byMs: number): void;
  note(kind: ChaosKind, who: number): void;
}
type Part = 'disk' | 'storage' | 'signer' | 'bodies';

export class Chaos implements Latencies {
  readonly #port: ChaosPort;
  readonly #profile: Profile;
  readonly #shape: NetworkShape;
  /** Part and validator → how many times slower, until when. */
  readonly #slow = new Map<string, { factor: number; until: number }>();
  #over = false;

  constructor(port: ChaosPort, profile: Profile) {
    this.#port = port;
    this.#profile = profile;
    this.#shape = profile.shape;
    if (profile.faultEveryMs > 0) this.#schedule();
  }
  /** The faults end: the network is whole and keeps its latency only, everything is as fast as it can be. */
  end(): void {
    this.#over = true;
    this.#slow.clear();
    this.#port.network.healAll();
    this.#port.network.shape = { ...this.#shape, dropped: 0, doubled: 0, late: 0 };
  }
  syncMs(who: number): number {
    return this.#time('disk', who, this.#profile.syncMs);
  }
  signMs(who: number): number {
    return this.#time('signer', who, this.#profile.syncMs);
  }
  commitMs(who: number): number {
    return this.#time('storage', who, 2 * this.#profile.syncMs) + (this.#profile.storageLagMs[who] ?? 0);
  }
  bodiesMs(who: number): number {
    return this.#time('bodies', who, 0.3);
  }
  #time(part: Part, who: number, base: number): number {
    const slow = this.#slow.get(part + who);
    const factor = slow !== undefined && slow.until > this.#port.now() ? slow.factor : 1;
    return base * factor * (0.5 + this.#port.random.unit());
  }
  #schedule(): void {
    const { random } = this.#port;
    this.#port.after(this.#profile.faultEveryMs * 2 * random.unit(), () => {
      if (this.#over) return;
      this.#strike(random.pick(chaosKinds));
      this.#schedule();
    });
  }
  #strike(kind: ChaosKind): void {
    const { random, network, validators } = this.#port;
    const now = this.#port.now();
    const who = random.below(validators);
    const endsAt = now + random.pick([60, 400, 1500, 4000]) * (0.5 + random.unit());
    this.#port.note(kind, who);
    if (kind === 'crash') this.#port.crash(who);
    else if (kind === 'crash of all') for (let i = 0; i < validators; i++) this.#port.crash(i);
    else if (kind === 'slow disk') this.#slow.set(`disk${who}`, { factor: random.pick([10, 100, 400]), until: endsAt });
    else if (kind === 'slow storage') this.#slow.set(`storage${who}`, { factor: random.pick([10, 100, 400]), until: endsAt });
    else if (kind === 'slow signer') this.#slow.set(`signer${who}`, { factor: random.pick([10, 100, 400]), until: endsAt });
    else if (kind === 'slow bodies') this.#slow.set(`bodies${who}`, { factor: random.pick([100, 1000, 5000]), until: endsAt });
    else if (kind === 'clock set') this.#port.setClock(who, random.pick([-2000, -500, 500, 2000]) * random.unit());
    else if (kind === 'lossy burst') this.#burst(endsAt);
    else if (kind === 'flapping link') this.#flap(who, random.below(validators), endsAt);
    else {
      const side = kind === 'isolation' ? random.some(validators, 0).with(who, true) : random.some(validators, 0.5);
      for (let from = 0; from < validators; from++)
        for (let to = 0; to < validators; to++) {
          if (side[from] !== side[to] && (kind !== 'one-way partition' || side[from])) network.cut({ from, to, endsAt });
        }
    }
  }
  #burst(endsAt: number): void {
    const { random, network } = this.#port;
    network.shape = { ...this.#shape, dropped: 0.3 + 0.4 * random.unit(), late: 0.3, lateMs: 1000, doubled: 0.2 };
    this.#port.after(endsAt - this.#port.now(), () => {
      if (!this.#over) network.shape = this.#shape;
    });
  }
  #flap(from: number, to: number, until: number): void {
    const now = this.#port.now();
    if (this.#over || now > until) return;
    this.#port.network.cut({ from, to, endsAt: now + 40 });
    this.#port.after(80, () => this.#flap(from, to, until));
  }
}
