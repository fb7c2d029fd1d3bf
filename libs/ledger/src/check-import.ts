import { type DisbursementBody, decode, disbursementBody, type Hex32, MAX_AMOUNT, type RejectionName } from '@bursar/protocol';
import { findCycle } from './dependency-order.ts';
import type { Refusal, StagedItem, Treasury } from './entities.ts';
import type { State } from './state.ts';
import { Status } from './status.ts';

/** A complete import, judged. */
export interface ImportPlan {
  /** For each item in order: the number of the disbursement that it repeats, or undefined. */
  readonly repeats: readonly (number | undefined)[];
  /** Places of the items that give a disbursement another body. */
  readonly revised: readonly number[];
  /** Places of the items that are new, in order; an item that stands twice in the import is new once. */
  readonly fresh: readonly number[];
  /** Place of the first item with this id, of those that are new. */
  readonly placeOf: ReadonlyMap<Hex32, number>;
  readonly total: bigint;
}

/** Judges a whole import against the ledger and itself; the first thing wrong refuses all of it. */
export function checkImport(s: State, treasury: Treasury, signer: Hex32, items: readonly StagedItem[]): ImportPlan | Refusal {
  const repeats: (number | undefined)[] = [];
  const fresh: number[] = [];
  const revised: number[] = [];
  const seen = new Map<Hex32, StagedItem>();
  const placeOf = new Map<Hex32, number>();
  const reversed = new Set<Hex32>();
  let total = 0n;
  for (const [index, item] of items.entries()) {
    total += item.amount;
    const n = s.disbursements.find(item.id);
    repeats.push(n);
    const first = seen.get(item.id);
    if (first === undefined) {
      const wrong = n === undefined ? checkNew(s, treasury, item, index) : checkKnown(s, treasury, signer, n, item, index);
      if (wrong) return wrong;
      if (item.reverses !== undefined && reversed.has(item.reverses)) return { reason: 'ReversalInvalid', index };
      if (item.reverses !== undefined) reversed.add(item.reverses);
      seen.set(item.id, item);
      if (n === undefined) {
        placeOf.set(item.id, index);
        fresh.push(index);
      } else if (s.disbursements.bodyHash(n) !== item.bodyHash) revised.push(index);
    } else if (first.bodyHash !== item.bodyHash) {
      return { reason: 'ClientKeyConflict', index, fields: differing(first.body, item.body) };
    }
  }
  if (total > MAX_AMOUNT) return { reason: 'AmountInvalid' };
  return checkDependencies(s, items, fresh, placeOf) ?? { repeats, revised, fresh, placeOf, total };
}

function checkNew(s: State, treasury: Treasury, item: StagedItem, index: number): Refusal | undefined {
  const reason = item.revision !== 0 ? 'FieldInvalid' : whyNotPaid(s, treasury, item);
  return reason && { reason, index };
}

/** What its body says of others is wrong. */
function whyNotPaid(s: State, treasury: Treasury, item: StagedItem): RejectionName | undefined {
  if (!isMadeOutRight(treasury, item)) return 'PayeeUnknown';
  return item.reverses === undefined || mayReverse(s, treasury, item, item.reverses) ? undefined : 'ReversalInvalid';
}

/** It goes back to where the money came from, at most so much, and once. */
function mayReverse(s: State, { account }: Treasury, { id, destination, amount }: StagedItem, reversed: Hex32): boolean {
  const d = s.disbursements;
  const n = d.find(reversed);
  if (n === undefined || d.status[n] !== Status.executed || d.destination(n) !== account) return false;
  if (s.importOf(n).treasury.account !== destination || amount > d.amount(n)) return false;
  const other = s.reversals.get(n);
  return other === undefined || d.status[other] === Status.cancelled || d.id(other) === id;
}

/** The payee that it names has this version and account. */
function isMadeOutRight({ payees }: Treasury, { payee, destination }: StagedItem): boolean {
  if (!payee) return true;
  const known = payees.get(payee.name);
  return known?.version === payee.version && known.details?.account === destination;
}

/** The same body again, or a revision of it. */
function checkKnown(s: State, treasury: Treasury, signer: Hex32, n: number, item: StagedItem, index: number): Refusal | undefined {
  const d = s.disbursements;
  const status = d.status[n];
  if (d.bodyHash(n) !== item.bodyHash) {
    const now = d.body(n);
    const fields = differingFields(now, decode(disbursementBody, item.body));
    if (item.revision !== now.revision + 1 || fields.includes('dependsOn') || fields.includes('reverses'))
      return { reason: 'ClientKeyConflict', index, fields };
    const reason = whyNotRevised(s, signer, n) ?? whyNotPaid(s, treasury, item);
    return reason && { reason, index };
  }
  return status === Status.cancelled ? { reason: 'ClientKeyCancelled', index } : undefined;
}

/** Only while it may still be paid, and by the proposer of what it is now: another one would take its approvals away. */
function whyNotRevised(s: State, signer: Hex32, n: number): RejectionName | undefined {
  const status = s.disbursements.statusOf(n);
  if (status === Status.executed) return 'AlreadyExecuted';
  if (status === Status.cancelled) return 'ClientKeyCancelled';
  if (status === Status.dead) return 'BlockedByDependency';
  return s.importOf(n).proposer === signer ? undefined : 'NotAuthorised';
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
  return (Object.keys(a) as (keyof DisbursementBody)[]).filter(
    (field) => JSON.stringify(a[field], texts) !== JSON.stringify(b[field], texts),
  );
}
const texts = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? value.toString() : value);
