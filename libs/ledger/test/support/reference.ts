/**
 * The treasury said again, as plainly as possible: everything by scanning, nothing by index, one transaction a block. What it
 * answers is compared with the ledger; a name is a client key.
 */
import { START } from './world.ts';

export const NAMES = ['a', 'b', 'c', 'd', 'e', 'f'] as const;
export type Name = (typeof NAMES)[number];
/** A body as the model sees it. */
export interface Plan {
  readonly name: Name;
  readonly to: number;
  readonly amount: number;
  readonly notBefore: number;
  readonly needs: readonly Name[];
}
/** Approvals that an amount needs: of ann and bob, and of cyd. */
export const BANDS = [
  { upTo: 2_000, needs: [1, 0] },
  { upTo: 9_000, needs: [2, 0] },
  { upTo: Number.POSITIVE_INFINITY, needs: [1, 1] },
] as const;
export interface LimitModel {
  readonly perPayment: number;
  readonly windows: readonly { readonly lengthMs: number; readonly most: number; readonly scope: 'treasury' | 'payee' }[];
}
/** So wide that want of funds decides, and so narrow that limits do. */
export const LIMITS: Readonly<Record<'wide' | 'narrow', LimitModel>> = {
  wide: { perPayment: 40_000, windows: [] },
  narrow: {
    perPayment: 9_000,
    windows: [
      { lengthMs: 6_400, most: 9_000, scope: 'treasury' },
      { lengthMs: 12_800, most: 9_000, scope: 'payee' },
    ],
  },
};
interface Item {
  readonly plan: Plan;
  home: string;
  over: 'executed' | 'cancelled' | undefined;
}
interface ImportModel {
  readonly plans: readonly Plan[];
  readonly approvals: Set<string>;
}

const same = (a: Plan, b: Plan): boolean => JSON.stringify(a) === JSON.stringify(b);

export class Reference {
  readonly limits: LimitModel;
  readonly items = new Map<Name, Item>();
  readonly imports = new Map<string, ImportModel>();
  readonly paid = new Map<number, number>();
  readonly log: { readonly time: number; readonly to: number; readonly amount: number }[] = [];
  /** Until when a limit holds a name, by the time of the model. */
  readonly held = new Map<Name, number>();
  /** Names in the order in which they were refused for funds. */
  unfunded: Name[] = [];
  /** The last walk through them gave something away and left others waiting. */
  passedOver = false;
  /** Something that it gave away was not used. */
  returned = false;
  balance = 10_000;
  client = 1_000_000;
  payments = 0;
  time = 0;
  paused = false;
  pauses = 0;
  resumes = new Set<string>();

  constructor(limits: LimitModel) {
    this.limits = limits;
  }

  /** A block begins so much later: what a limit held until then is looked at again. */
  pass(ms: number): void {
    this.time += ms;
    for (const [name, until] of this.held) {
      if (until > this.time) continue;
      const { to, amount } = (this.items.get(name) as Item).plan;
      const again = this.limitedUntil(to, amount);
      if (again > this.time) this.held.set(name, again);
      else this.held.delete(name);
    }
  }

  import(key: string, plans: readonly Plan[]): string {
    if (this.imports.has(key)) return 'ImportSealed';
    const fresh = new Map<Name, Plan>();
    for (const plan of plans) {
      const known = this.items.get(plan.name);
      const first = known?.plan ?? fresh.get(plan.name);
      if (first && !same(first, plan)) return 'ClientKeyConflict';
      if (known?.over === 'cancelled') return 'ClientKeyCancelled';
      if (!known) fresh.set(plan.name, plan);
    }
    for (const plan of fresh.values()) if (plan.needs.some((n) => !fresh.has(n) && !this.items.has(n))) return 'DependencyMissing';
    const left = new Map(fresh);
    for (let found = true; found; ) {
      found = false;
      for (const [name, plan] of left) if (!plan.needs.some((n) => left.has(n))) found = left.delete(name);
    }
    if (left.size > 0) return 'DependencyCycle';
    this.imports.set(key, { plans, approvals: new Set() });
    for (const [name, plan] of fresh) this.items.set(name, { plan, home: key, over: undefined });
    return 'done';
  }

  approve(key: string, who: string): string {
    const found = this.imports.get(key);
    if (!found) return 'ImportUnknown';
    if (found.approvals.has(who)) return 'AlreadyApproved';
    found.approvals.add(who);
    for (const { name } of found.plans) {
      const item = this.items.get(name) as Item;
      const isOpen = item.over === undefined && !this.isDead(name) && !this.isApproved(item);
      if (isOpen && this.isApproved({ ...item, home: key })) item.home = key;
    }
    return 'done';
  }

  cancel(name: Name): string {
    const item = this.items.get(name);
    if (!item) return 'UnknownDisbursement';
    if (item.over) return item.over === 'executed' ? 'AlreadyExecuted' : 'AlreadyCancelled';
    const returned = this.passedOver && this.isReady(name);
    item.over = 'cancelled';
    this.unfunded = this.unfunded.filter((n) => n !== name);
    if (returned) this.wake();
    return 'done';
  }

  pay(name: Name): string {
    const item = this.items.get(name);
    if (!item) return 'UnknownDisbursement';
    if (item.over) return item.over === 'executed' ? 'AlreadyExecuted' : 'AlreadyCancelled';
    if (!this.isApproved(item)) return 'NotApproved';
    const { amount, to, notBefore, needs } = item.plan;
    if (notBefore > this.time) return 'NotDue';
    if (needs.some((n) => this.items.get(n)?.over !== 'executed')) return 'BlockedByDependency';
    if (this.limitedUntil(to, amount) > this.time) {
      if (!this.isHeld(name)) {
        this.held.set(name, this.limitedUntil(to, amount));
        this.unfunded = this.unfunded.filter((n) => n !== name);
        this.returned ||= this.passedOver;
      }
      return 'OverLimit';
    }
    if (amount > this.balance) {
      if (!this.unfunded.includes(name)) {
        this.unfunded.push(name);
        this.returned ||= this.passedOver;
      }
      return 'InsufficientFunds';
    }
    item.over = 'executed';
    this.unfunded = this.unfunded.filter((n) => n !== name);
    this.balance -= amount;
    this.paid.set(to, (this.paid.get(to) ?? 0) + amount);
    this.log.push({ time: this.time, to, amount });
    this.payments += 1;
    return 'done';
  }

  /** By trying every moment at which something leaves a window. */
  limitedUntil(to: number, amount: number): number {
    if (amount > this.limits.perPayment) return Number.POSITIVE_INFINITY;
    const windows = this.limits.windows.map(({ lengthMs, most, scope }) => {
      if (amount > most) return Number.POSITIVE_INFINITY;
      const stepMs = Math.ceil(lengthMs / 64);
      const over = (time: number) => (Math.floor((START + time) / stepMs) + 1) * stepMs + lengthMs - START;
      const counted = this.log.filter((p) => scope === 'treasury' || p.to === to);
      const fits = (at: number) => counted.filter((p) => over(p.time) > at).reduce((sum, p) => sum + p.amount, 0) + amount <= most;
      return [this.time, ...counted.map((p) => over(p.time)).sort((a, b) => a - b)].find((at) => at >= this.time && fits(at)) as number;
    });
    return Math.max(this.time, ...windows);
  }
  isHeld(name: Name): boolean {
    return (this.held.get(name) ?? 0) > this.time;
  }

  fund(amount: number): string {
    if (amount > this.client) return 'InsufficientFunds';
    this.client -= amount;
    this.balance += amount;
    this.wake();
    return 'done';
  }

  /** A batch's items one by one; what they leave unused is given away when all are through. */
  payAll(names: readonly Name[]): string[] {
    const verdicts = names.map((n) => this.pay(n));
    if (this.returned) this.wake();
    return verdicts;
  }

  /** Gives the balance away in order. */
  wake(): void {
    let left = this.balance;
    const still: Name[] = [];
    for (const name of this.unfunded) {
      const needed = (this.items.get(name) as Item).plan.amount;
      if (needed <= left) left -= needed;
      else still.push(name);
    }
    this.passedOver = still.length > 0 && still.length < this.unfunded.length;
    this.unfunded = still;
    this.returned = false;
  }

  state(name: Name): string | undefined {
    const item = this.items.get(name);
    if (!item) return undefined;
    if (item.over) return item.over;
    if (this.isDead(name)) return 'blocked{BlockedByDependency}';
    if (!this.isApproved(item)) return 'voting';
    if (item.plan.notBefore > this.time) return 'timelocked';
    if (this.isHeld(name)) return 'blocked{OverLimit}';
    return this.unfunded.includes(name) ? 'blocked{InsufficientFunds}' : 'queued';
  }
  isReady(name: Name): boolean {
    const needs = this.items.get(name)?.plan.needs ?? [];
    return this.state(name) === 'queued' && needs.every((n) => this.items.get(n)?.over === 'executed');
  }
  isDead(name: Name): boolean {
    const item = this.items.get(name) as Item;
    return item.plan.needs.some(
      (n) => this.items.get(n)?.over === 'cancelled' || (this.items.get(n)?.over === undefined && this.isDead(n)),
    );
  }
  isApproved(item: Item): boolean {
    const approvals = [...(this.imports.get(item.home)?.approvals ?? [])];
    const [few = 0, board = 0] = BANDS.find((b) => item.plan.amount <= b.upTo)?.needs ?? [];
    return approvals.filter((a) => a !== 'cyd').length >= few && approvals.filter((a) => a === 'cyd').length >= board;
  }
}
