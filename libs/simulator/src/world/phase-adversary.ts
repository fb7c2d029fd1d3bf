/**
 * A network adversary that knows the protocol: for chosen heights it decides, phase by phase and view by view, who hears whom,
 * and hides final blocks, until the height has gone through several views. Random loss alone hardly ever leaves votes as
 * evenly mixed as forks need them.
 */
import type { Message } from '@bursar/protocol';
import type { Envelope } from './envelope.ts';
import type { Random } from './random.ts';
import { arrives, drawScene, type Scene } from './scenes.ts';

interface Plan {
  /** Views below this one are under attack. */
  readonly views: number;
  readonly endsAt: number;
  readonly hidesFinal: boolean;
  /** Staged views; `undefined`: every phase is drawn by itself. */
  readonly scenes: readonly Scene[] | undefined;
  /** view/kind/to → senders that are heard. */
  readonly masks: Map<string, readonly boolean[]>;
  /** view/kind → how masks of this phase are drawn. */
  readonly styles: Map<string, Style>;
}
type Style = 'all' | 'none' | 'one hears' | 'same senders' | 'at random' | 'nearly all';

const styles: Record<Message['kind'], readonly Style[]> = {
  'pre-prepare': ['all', 'all', 'all', 'at random', 'nearly all', 'one hears', 'none'],
  prepare: ['none', 'none', 'one hears', 'one hears', 'same senders', 'at random', 'nearly all'],
  commit: ['none', 'none', 'none', 'one hears', 'at random'],
  'view-change': ['all', 'all', 'all', 'nearly all', 'same senders', 'at random'],
  'new-view': ['all', 'all', 'all', 'nearly all', 'one hears'],
};

export interface AdversaryTaste {
  /** Share of heights under attack. */
  readonly share: number;
  readonly maxViews: number;
  readonly viewTimeoutMs: number;
  /** Validators that make a quorum, when their stakes are equal. */
  readonly quorum: number;
  /** Its allies: they hear everything. */
  readonly faulty: ReadonlySet<number>;
}

export class PhaseAdversary {
  readonly #random: Random;
  readonly #taste: AdversaryTaste;
  readonly #validators: number;
  readonly #now: () => number;
  readonly #plans = new Map<number, Plan | undefined>();
  active = true;
  attacked = 0;

  constructor(random: Random, taste: AdversaryTaste, validators: number, now: () => number) {
    this.#random = random;
    this.#taste = taste;
    this.#validators = validators;
    this.#now = now;
  }
  /** Whether this height is under attack now. */
  attacks(height: number): boolean {
    const plan = this.active ? this.#plan(height) : undefined;
    return plan !== undefined && this.#now() < plan.endsAt;
  }
  /** Extra delay, or `undefined` to withhold. */
  judge(from: number, to: number, envelope: Envelope): number | undefined {
    if (!this.active || this.#taste.faulty.has(to)) return 0;
    if (envelope.kind === 'notice') return this.#hides(envelope.certificate.height) ? undefined : 0;
    if (envelope.kind === 'finals') return this.#hides(envelope.finals[0]?.block.header.height ?? 0) ? undefined : 0;
    if (envelope.kind !== 'message') return 0;
    const { kind, vote } = envelope.message;
    const { height, view } = vote.vote;
    // A ViewChange or NewView into view v belongs to the attack on v − 1.
    const round = kind === 'view-change' || kind === 'new-view' ? view - 1 : view;
    const plan = this.#plan(height);
    if (plan === undefined || round >= plan.views || this.#now() >= plan.endsAt) return 0;
    const scene = plan.scenes?.[round];
    if (scene !== undefined) return arrives(scene, kind, from, to) ? 0 : undefined;
    const key = `${view}/${kind}/${to}`;
    const mask = plan.masks.get(key) ?? this.#mask(plan, view, kind);
    plan.masks.set(key, mask);
    if (mask[from]) return 0;
    return this.#random.chance(0.1) ? this.#random.between(50, 8 * this.#taste.viewTimeoutMs) : undefined;
  }
  #hides(height: number): boolean {
    const plan = this.#plan(height);
    return plan?.hidesFinal === true && this.#now() < plan.endsAt;
  }
  #plan(height: number): Plan | undefined {
    if (this.#plans.has(height)) return this.#plans.get(height);
    const random = this.#random;
    let plan: Plan | undefined;
    if (random.chance(this.#taste.share)) {
      const views = random.between(1, this.#taste.maxViews);
      this.attacked++;
      plan = {
        views,
        endsAt: this.#now() + this.#taste.viewTimeoutMs * (2 ** (views + 1) + 2),
        hidesFinal: random.chance(0.8),
        scenes: random.chance(0.5)
          ? Array.from({ length: views }, () => drawScene(random, this.#validators, this.#taste.faulty, this.#taste.quorum))
          : undefined,
        masks: new Map(),
        styles: new Map(),
      };
    }
    this.#plans.set(height, plan);
    this.#plans.delete(height - 8);
    return plan;
  }
  #mask(plan: Plan, view: number, kind: Message['kind']): readonly boolean[] {
    const random = this.#random;
    const n = this.#validators;
    const everyone = random.some(n, 1);
    const phase = `${view}/${kind}`;
    const style = plan.styles.get(phase) ?? random.pick(styles[kind]);
    plan.styles.set(phase, style);
    if (style === 'all') return everyone;
    if (style === 'none') return random.some(n, 0);
    if (style === 'at random') return random.some(n, 0.6);
    if (style === 'nearly all') return everyone.with(random.below(n), false);
    if (style === 'one hears') {
      // The first receiver that is asked about draws whether it is the one.
      return random.chance(1 / n) ? everyone : random.some(n, 0.25);
    }
    const shared = plan.masks.get(phase) ?? random.some(n, 0.7);
    plan.masks.set(phase, shared);
    return shared;
  }
}
