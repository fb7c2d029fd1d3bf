import { type DisbursementBody, decode, disbursementBody, type Hex32, MAX_AMOUNT } from '@bursar/protocol';
import { findCycle } from './dependency-order.ts';
import type { Refusal, StagedItem } from './entities.ts';
import type { State } from './state.ts';
import { Status } from './status.ts';

/** A complete import, judged. */
export interface ImportPlan {
  /** For each item in order: the number of the disbursement that it repeats, or undefined. */
  readonly repeats: readonly (number | undefined)[];
  /** Places of the items that are new, in order; an item that stands twice in the import is new once. */
  readonly fresh: readonly number[];
  /** Place of the first item with this id. */
  readonly placeOf: ReadonlyMap<Hex32, number>;
  readonly total: bigint;
}

/** Judges a whole import against the ledger and itself; the first thing wrong refuses all of it. */
export function checkImport(s: State, items: readonly StagedItem[]): ImportPlan | Refusal {
  const repeats: (number | undefined)[] = [];
  const fresh: number[] = [];
  const placeOf = new Map<Hex32, number>();
  let total = 0n;
  for (const [index, item] of items.entries()) {
    total += item.amount;
    const n = s.disbursements.find(item.id);
    repeats.push(n);
    if (n !== undefined) {
      const refusal = checkRepeat(s, n, item, index);
      if (refusal) return refusal;
      continue;
    }
    const first = placeOf.get(item.id);
    if (first === undefined) {
      placeOf.set(item.id, index);
      fresh.push(index);
    } else if ((items[first] as StagedItem).bodyHash !== item.bodyHash) {
      return { reason: 'ClientKeyConflict', index, fields: differing((items[first] as StagedItem).body, item.body) };
    }
  }
  if (total > MAX_AMOUNT) return { reason: 'AmountInvalid' };
  return checkDependencies(s, items, fresh, placeOf) ?? { repeats, fresh, placeOf, total };
}

function checkRepeat(s: State, n: number, item: StagedItem, index: number): Refusal | undefined {
  const d = s.disbursements;
  if (d.bodyHash(n) !== item.bodyHash) {
    return { reason: 'ClientKeyConflict', index, fields: differingFields(d.body(n), decode(disbursementBody, item.body)) };
  }
  return d.status[n] === Status.cancelled ? { reason: 'ClientKeyCancelled', index } : undefined;
}

function checkDependencies(
  s: State,
  items: readonly StagedItem[],
  fresh: readonly number[],
  placeOf: ReadonlyMap<Hex32, number>,
): Refusal | undefined {
  const nodeAt = new Map<number, number>(fresh.map((place, node) => [place, node]));
  const needs: number[][] = [];
  for (const index of fresh) {
    const mine: number[] = [];
    for (const dependency of (items[index] as StagedItem).dependsOn) {
      const place = placeOf.get(dependency);
      if (place !== undefined) mine.push(nodeAt.get(place) as number);
      else if (s.disbursements.find(dependency) === undefined) return { reason: 'DependencyMissing', index };
    }
    needs.push(mine);
  }
  const cycle = findCycle(needs);
  return cycle === undefined ? undefined : { reason: 'DependencyCycle', index: fresh[cycle] as number };
}

const differing = (a: Uint8Array, b: Uint8Array): string[] => differingFields(decode(disbursementBody, a), decode(disbursementBody, b));

function differingFields(a: DisbursementBody, b: DisbursementBody): string[] {
  return (Object.keys(a) as (keyof DisbursementBody)[]).filter((field) => String(a[field]) !== String(b[field]));
}
