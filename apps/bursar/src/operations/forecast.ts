/** What each payment of a file would do, before anything is signed: pure, by the facts of one moment. Others may pay meanwhile. */
import { type BuiltImport, dependenciesFirst } from '@bursar/client';
import { PaymentWindow, type WindowView } from '@bursar/ledger';
import { bodyHash, type Digest } from '@bursar/protocol';
import type { KnownPayment } from './known-payments.ts';

export interface ForecastFacts {
  /** Ledger time, ms. */
  readonly now: number;
  /** Of the treasury, base units. */
  readonly balance: bigint;
  readonly perPayment: bigint;
  /** What was paid to single payees is not known here: such windows count what the file pays. */
  readonly windows: readonly WindowView[];
  /** Of the file's payments, those that the ledger has. */
  readonly known: ReadonlyMap<Digest, KnownPayment>;
}
export type Outcome =
  /** Paid at `when`, once it is approved. */
  | { readonly kind: 'pays' }
  /** An earlier import brought the same payment: nothing more is paid. */
  | { readonly kind: 'repeat'; readonly state: string }
  /** The key stands for another payment, or for a cancelled one: the whole file would be refused. */
  | { readonly kind: 'refused'; readonly reason: 'ClientKeyConflict' | 'ClientKeyCancelled' }
  /** A limit holds it, until then at the earliest; Infinity: for good. */
  | { readonly kind: 'limit'; readonly until: number }
  | { readonly kind: 'funds'; readonly missing: bigint }
  /** What it depends on, by its place in the file, is held. */
  | { readonly kind: 'waits'; readonly for: number };
export interface Forecast {
  /** Ledger time from which it may be paid: its own and those of what it depends on. */
  readonly when: number;
  readonly outcome: Outcome;
}

/** In the order of the file. Payments are tried in the order of their time, then of the file, dependencies first. */
export function forecast({ bodies, disbursements }: Pick<BuiltImport, 'bodies' | 'disbursements'>, facts: ForecastFacts): Forecast[] {
  const place = new Map(disbursements.map((id, i) => [id, i]));
  const needs = bodies.map((b) => b.dependsOn.flatMap((id) => place.get(id) ?? []));
  const order = dependenciesFirst(needs);
  const when = bodies.map((b) => Math.max(b.notBefore, facts.now));
  for (const i of order) for (const d of needs[i] ?? []) when[i] = Math.max(when[i] as number, when[d] as number);
  const rank = new Map(order.map((i, at) => [i, at]));
  const sorted = [...order].sort((a, b) => (when[a] as number) - (when[b] as number) || (rank.get(a) as number) - (rank.get(b) as number));

  const windows = facts.windows.map((view) => {
    const window = new PaymentWindow(view, facts.now);
    if (view.used > 0n) window.add('', view.used, facts.now);
    return window;
  });
  let balance = facts.balance;
  const outcomes: Outcome[] = [];
  const judge = (i: number): Outcome => {
    const body = bodies[i] as (typeof bodies)[0];
    const known = facts.known.get(disbursements[i] as Digest);
    if (known) {
      if (known.bodyHash !== bodyHash(body)) return { kind: 'refused', reason: 'ClientKeyConflict' };
      return known.state === 'cancelled' ? { kind: 'refused', reason: 'ClientKeyCancelled' } : { kind: 'repeat', state: known.state };
    }
    const held = needs[i]?.find((d) => outcomes[d]?.kind !== 'pays' && outcomes[d]?.kind !== 'repeat');
    if (held !== undefined) return { kind: 'waits', for: held };
    if (body.amount > facts.perPayment) return { kind: 'limit', until: Number.POSITIVE_INFINITY };
    const at = when[i] as number;
    const until = Math.max(at, ...windows.map((w) => w.roomAt(body.destination, body.amount, at)));
    if (until > at) return { kind: 'limit', until };
    if (balance < body.amount) return { kind: 'funds', missing: body.amount - balance };
    balance -= body.amount;
    for (const w of windows) w.add(body.destination, body.amount, at);
    return { kind: 'pays' };
  };
  for (const i of sorted) outcomes[i] = judge(i);
  return bodies.map((_, i) => ({ when: when[i] as number, outcome: outcomes[i] as Outcome }));
}
