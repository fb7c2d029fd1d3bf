/** What a payment costs as the ledger grows: the same work in a small ledger and in one of two million, in turns. */
import type { Context } from './context.ts';
import { OneLedger } from './one-ledger.ts';
import { median, type Row } from './row.ts';

const [SMALL, LARGE] = [10_000, 2_000_000];
const ROUNDS = 5;
const MiB = 2 ** 20;
const WITHIN = 25;

export function benchGrowth({ say }: Context): Row[] {
  say(`A ledger of ${LARGE.toLocaleString('en-US')} payments in this process.`);
  const small = new OneLedger();
  small.queue(SMALL);
  small.pay(SMALL); // the first ones are those that are compiled
  const before = process.memoryUsage().rss;
  const large = new OneLedger();
  large.queue(LARGE);
  const perMillion = (process.memoryUsage().rss - before) / (LARGE / 1_000_000);
  const rounds = Array.from({ length: ROUNDS }, () => {
    small.queue(SMALL);
    return { small: small.pay(SMALL), large: large.pay(SMALL) };
  });
  const [few, many] = [median(rounds.map((r) => r.small)), median(rounds.map((r) => r.large))];
  const row = (what: string, value: number, unit: string): Row => ({ bench: 'payments', what, value, unit });
  return [
    row('ledger alone, 10,000 payments in it, CPU a payment', few, 'µs'),
    row('ledger alone, 2,000,000 payments in it, CPU a payment', many, 'µs'),
    { ...row('what the size adds to a payment', (100 * (many - few)) / few, '%'), bar: { most: WITHIN } },
    row('memory of the ledger for a million payments', perMillion / MiB, 'MiB'),
  ];
}
