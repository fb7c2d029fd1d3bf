/** The network between validators: it may lose, delay, reorder and double whatever it carries, and split into parts. */
import type { Random } from './random.ts';

/** A directed cut: what `from` sends does not reach `to` until `endsAt`. Two of them make an ordinary partition. */
export interface Cut {
  readonly from: number;
  readonly to: number;
  readonly endsAt: number;
}
export interface NetworkShape {
  /** One-way latency, milliseconds. */
  readonly latencyMs: number;
  readonly jitterMs: number;
  readonly dropped: number;
  readonly doubled: number;
  /** Share of messages that take `lateMs` more, at most: they arrive after younger ones. */
  readonly late: number;
  readonly lateMs: number;
}
export interface NetworkCounts {
  sent: number;
  dropped: number;
  doubled: number;
  late: number;
  reordered: number;
  cut: number;
  withheld: number;
}
/** What an adversary decides about one delivery: milliseconds of extra delay, or `undefined` to lose it. */
export type Judge = (from: number, to: number, what: unknown) => number | undefined;

export interface NetworkPort {
  readonly random: Random;
  now(): number;
  after(delay: number, run: () => void): void;
  deliver(from: number, to: number, what: unknown): void;
}

export class Network {
  readonly counts: NetworkCounts = { sent: 0, dropped: 0, doubled: 0, late: 0, reordered: 0, cut: 0, withheld: 0 };
  shape: NetworkShape;
  judge: Judge | undefined;
  readonly #port: NetworkPort;
  readonly #cuts = new Map<number, number>();
  /** Arrival time of the youngest message of each link, to count reordering. */
  readonly #arrival = new Map<number, number>();

  constructor(port: NetworkPort, shape: NetworkShape) {
    this.#port = port;
    this.shape = shape;
  }
  cut({ from, to, endsAt }: Cut): void {
    this.#cuts.set(link(from, to), endsAt);
  }
  healAll(): void {
    this.#cuts.clear();
  }
  send(from: number, to: number, what: unknown): void {
    const { random } = this.#port;
    const { shape, counts } = this;
    counts.sent++;
    const endsAt = this.#cuts.get(link(from, to));
    if (endsAt !== undefined && endsAt > this.#port.now()) {
      counts.cut++;
      return;
    }
    const extra = this.judge === undefined ? 0 : this.judge(from, to, what);
    if (extra === undefined) {
      counts.withheld++;
      return;
    }
    if (random.chance(shape.dropped)) {
      counts.dropped++;
      return;
    }
    this.#carry(from, to, what, extra);
    if (random.chance(shape.doubled)) {
      counts.doubled++;
      this.#carry(from, to, what, extra);
    }
  }
  #carry(from: number, to: number, what: unknown, extra: number): void {
    const { random } = this.#port;
    const { shape, counts } = this;
    let delay = shape.latencyMs + random.unit() * shape.jitterMs + extra;
    if (random.chance(shape.late)) {
      counts.late++;
      delay += random.unit() * shape.lateMs;
    }
    const at = this.#port.now() + delay;
    const youngest = this.#arrival.get(link(from, to)) ?? 0;
    if (at < youngest) counts.reordered++;
    else this.#arrival.set(link(from, to), at);
    this.#port.after(delay, () => this.#port.deliver(from, to, what));
  }
}

const link = (from: number, to: number): number => from * 1024 + to;
