/**
 * The treasury said again, as plainly as possible: everything by scanning, nothing by index, one transaction a block. What it
 * answers is compared with the ledger; a name is a client key.
 */
import { BANDS, type Bands, type LimitModel, NAMES, type Name, type Plan } from './reference-rules.ts';
import { START } from './world.ts';

interface Item {
  plan: Plan;
  home: string;
  over: 'executed' | 'cancelled' | undefined;
}
interface ImportModel {
  readonly plans: readonly Plan[];
  readonly approvals: Set<string>;
}

const same = (a: Plan, b: Plan): boolean => JSON.stringify(a) === JSON.stringify(b);

export class Reference {
  limits: LimitModel;
  bands: Bands = BANDS.usual;
  /** Since when each window counts. */
  since: number[];
  payee = { version: 0, active: false };
  readonly holds = new Map<Name, { number: number; releases: Set<string> | undefined }>();
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
    this.since = limits.windows.map(() => 0);
  }

  /** A block begins so much later: what a limit held until then is looked at again. */
  pass(ms: number, change: () => void = () => undefined): void {
    this.time += ms;
    change();
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
    const seen = new Map<Name, Plan>();
    const revised: Plan[] = [];
    for (const plan of plans) {
      const first = seen.get(plan.name);
      const known = this.items.get(plan.name);
      if (first && !same(first, plan)) return 'ClientKeyConflict';
      if (first) continue;
      const wrong = known ? this.repeats(known, plan) : this.begins(plan);
      if (wrong) return wrong;
      seen.set(plan.name, plan);
      if (!known) fresh.set(plan.name, plan);
      else if (!same(known.plan, plan)) revised.push(plan);
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
    this.shift(() => {
      for (const plan of revised) {
        Object.assign(this.items.get(plan.name) as Item, { plan, home: key });
        this.holds.get(plan.name)?.releases?.clear();
      }
    });
    return 'done';
  }

  begins(plan: Plan): string | undefined {
    if (plan.revision !== 0) return 'FieldInvalid';
    return plan.payee === undefined || this.isMadeOutRight(plan.payee) ? undefined : 'PayeeUnknown';
  }
  repeats({ plan: now, over }: Item, plan: Plan): string | undefined {
    if (same(now, plan)) return over === 'cancelled' ? 'ClientKeyCancelled' : undefined;
    if (plan.revision !== now.revision + 1 || String(plan.needs) !== String(now.needs)) return 'ClientKeyConflict';
    if (over) return over === 'executed' ? 'AlreadyExecuted' : 'ClientKeyCancelled';
    if (this.isDead(plan.name)) return 'BlockedByDependency';
    return plan.payee === undefined || this.isMadeOutRight(plan.payee) ? undefined : 'PayeeUnknown';
  }

  approve(key: string, who: string): string {
    const found = this.imports.get(key);
    if (!found) return 'ImportUnknown';
    if (found.approvals.has(who)) return 'AlreadyApproved';
    found.approvals.add(who);
    for (const { name } of found.plans) {
      const item = this.items.get(name) as Item;
      const isOpen = item.over === undefined && !this.isDead(name) && !this.isApproved(item);
      if (isOpen && this.isApproved({ ...item, home: key }) && this.brought(key, item)) item.home = key;
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
    const screened = this.screened(name);
    if (screened) return screened;
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
    const windows = this.limits.windows.map(({ lengthMs, most, scope }, w) => {
      if (amount > most) return Number.POSITIVE_INFINITY;
      const stepMs = Math.ceil(lengthMs / 64);
      const over = (time: number) => (Math.floor((START + time) / stepMs) + 1) * stepMs + lengthMs - START;
      const counted = this.log.filter((p) => p.time >= (this.since[w] as number) && (scope === 'treasury' || p.to === to));
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
    if (item.plan.needs.some((n) => this.items.get(n)?.over !== 'executed')) return 'queued';
    const screened = this.screened(name);
    if (screened) return `blocked{${screened}}`;
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
    return this.suffice(this.imports.get(item.home)?.approvals ?? [], item.plan.amount);
  }
  suffice(keys: Iterable<string>, amount: number): boolean {
    const approvals = [...keys];
    const [few = 0, board = 0] = this.bands.find((b) => amount <= b.upTo)?.needs ?? [];
    return approvals.filter((a) => a !== 'cyd').length >= few && approvals.filter((a) => a === 'cyd').length >= board;
  }
  /** Whether the import holds the body that the item has now. */
  brought(key: string, { plan }: Item): boolean {
    return this.imports.get(key)?.plans.some((p) => same(p, plan)) ?? false;
  }
  screened(name: Name): 'Held' | 'PayeeChanged' | undefined {
    if (this.holds.get(name)?.releases) return 'Held';
    const { payee } = (this.items.get(name) as Item).plan;
    return payee === undefined || this.isMadeOutRight(payee) ? undefined : 'PayeeChanged';
  }
  isMadeOutRight(version: number): boolean {
    return this.payee.active && version === this.payee.version;
  }

  /** Something makes names leave the lists that they are in; what was ready and is not gives the next ones their turn. */
  shift(change: () => void): void {
    const ready = NAMES.filter((n) => this.isReady(n));
    change();
    for (const name of this.items.keys()) {
      const item = this.items.get(name) as Item;
      if (item.over || this.isDead(name)) continue;
      const isOut = !this.isApproved(item) || this.screened(name) !== undefined;
      if (isOut) {
        this.unfunded = this.unfunded.filter((n) => n !== name);
        this.held.delete(name);
      } else if (this.held.has(name)) {
        const until = this.limitedUntil(item.plan.to, item.plan.amount);
        if (until > this.time) this.held.set(name, until);
        else this.held.delete(name);
      }
    }
    this.returned ||= this.passedOver && ready.some((n) => !this.isReady(n));
    if (this.returned) this.wake();
  }

  setPolicy(bands: Bands, limits: LimitModel): void {
    this.shift(() => {
      const before = this.limits.windows.map((w, i) => ({ ...w, since: this.since[i] as number }));
      const old = (w: LimitModel['windows'][number]) => before.find((b) => b.lengthMs === w.lengthMs && b.scope === w.scope);
      this.since = limits.windows.map((w) => old(w)?.since ?? this.time);
      this.bands = bands;
      this.limits = limits;
      this.review();
    });
  }
  setPayee(active: boolean): void {
    this.shift(() => {
      this.payee = { version: this.payee.version + 1, active };
      this.review();
    });
  }
  /** Whose approvals do not suffice goes to the first import of the same body whose do. */
  review(): void {
    for (const item of this.items.values()) {
      if (item.over || this.isApproved(item)) continue;
      const better = [...this.imports.keys()].find((key) => this.brought(key, item) && this.isApproved({ ...item, home: key }));
      if (better !== undefined) item.home = better;
    }
  }

  hold(name: Name): string {
    const item = this.items.get(name);
    if (!item) return 'UnknownDisbursement';
    if (item.over) return item.over === 'executed' ? 'AlreadyExecuted' : 'AlreadyCancelled';
    const before = this.holds.get(name);
    if (before?.releases) return 'Held';
    this.shift(() => this.holds.set(name, { number: (before?.number ?? 0) + 1, releases: new Set() }));
    return 'done';
  }
  release(name: Name, who: string): string {
    const item = this.items.get(name);
    if (!item) return 'UnknownDisbursement';
    if (item.over) return item.over === 'executed' ? 'AlreadyExecuted' : 'AlreadyCancelled';
    const held = this.holds.get(name);
    if (!held?.releases) return 'HoldNumberStale';
    if (held.releases.has(who) && !this.suffice(held.releases, item.plan.amount)) return 'AlreadyApproved';
    held.releases.add(who);
    if (this.suffice(held.releases, item.plan.amount)) held.releases = undefined;
    return 'done';
  }
}
