import type { RejectionName } from '@bursar/protocol';
import { clientKeyAt, dependenciesAt } from './body-layout.ts';
import type { StagedItems } from './staged-items.ts';

const ID = 32;

/** What the codec of bodies cannot say, of item `i` of an import into `treasury`, 32 bytes. Undefined: nothing is wrong. */
export function checkBody(items: StagedItems, i: number, treasury: Uint8Array): RejectionName | undefined {
  const { bodies, ids } = items;
  const start = items.start(i);
  if (items.amount(i) === 0n) return 'AmountInvalid';
  if (bodies.compare(treasury, 0, ID, start, start + ID) !== 0 || clientKeyAt(bodies, start).length === 0) return 'FieldInvalid';
  const { at, count } = dependenciesAt(bodies, start);
  for (let d = 0; d < count; d++) {
    const from = at + d * ID;
    if (bodies.compare(ids, i * ID, (i + 1) * ID, from, from + ID) === 0) return 'DependencyCycle';
    if (d > 0 && bodies.compare(bodies, from - ID, from, from, from + ID) <= 0) return 'FieldInvalid';
  }
  const { payee, expectedReceipts } = items.more(i);
  if (payee?.name === '') return 'FieldInvalid';
  if (expectedReceipts.length === 0) return undefined;
  const sum = expectedReceipts.reduce((all, { amount }) => all + amount, 0n);
  return sum === items.amount(i) && expectedReceipts.every((e) => e.amount > 0n) ? undefined : 'FieldInvalid';
}
