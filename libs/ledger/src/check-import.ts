import { type DisbursementBody, decode, disbursementBody, type Hex32, MAX_AMOUNT, type RejectionName } from '@bursar/protocol';
import { dependenciesAt } from './body-layout.ts';
import { findCycle } from './dependency-order.ts';
import type { Refusal, Treasury } from './entities.ts';
import { IdIndex } from './id-index.ts';
import type { StagedItems } from './staged-items.ts';
import type { State } from './state.ts';
import { Status } from './status.ts';

const ID = 32;
/** An item that no disbursement has yet. */
export const NEW = -1;

/** A complete import, judged. */
export interface ImportPlan {
  /** For each item in order: the number of the disbursement that it repeats, or NEW. */
  readonly repeats: Int32Array;
  /** Places of the items that give a disbursement another body. */
  readonly revised: readonly number[];
  /** Places of the items that are new, in order; an item that stands twice in the import is new once. */
  readonly fresh: readonly number[];
  /** Place of the first item with this id, of those that are new. */
  readonly placeOf: (id: Hex32) => number | undefined;
  /** Whether any new item depends on others. */
  readonly linked: boolean;
  readonly total: bigint;
}

/** Judges a whole import against the ledger and itself; the first thing wrong refuses all of it. */
export function checkImport(s: State, treasury: Treasury, signer: Hex32, items: StagedItems): ImportPlan | Refusal {
  const repeats = new Int32Array(items.count).fill(NEW);
  const fresh: number[] = [];
  const revised: number[] = [];
  /** Places by id, the first of each. */
  const seen = new IdIndex();
  const reversed = new Set<Hex32>();
  const ids = new Uint32Array(items.ids.buffer, items.ids.byteOffset, items.ids.length / 4);
  let total = 0n;
  let linked = false;
  for (let i = 0; i < items.count; i++) {
    total += items.amount(i);
    const n = s.disbursements.findAt(items.ids, i * ID);
    if (n !== undefined) repeats[i] = n;
    const first = seen.findAt(ids, items.ids, i * ID);
    if (first === undefined) {
      const wrong = n === undefined ? checkNew(s, treasury, items, i) : checkKnown(s, treasury, signer, n, items, i);
      if (wrong) return wrong;
      const { reverses } = items.more(i);
      if (reverses !== undefined && reversed.has(reverses)) return { reason: 'ReversalInvalid', index: i };
      if (reverses !== undefined) reversed.add(reverses);
      seen.add(ids, i);
      if (n === undefined) {
        fresh.push(i);
        linked ||= dependenciesAt(items.bodies, items.start(i)).count > 0;
      } else if (!s.disbursements.hasBodyHash(n, items.bodyHashes, i * ID)) revised.push(i);
    } else if (!items.sameBody(first, i)) {
      return { reason: 'ClientKeyConflict', index: i, fields: differing(items.body(first), items.body(i)) };
    }
  }
  if (total > MAX_AMOUNT) return { reason: 'AmountInvalid' };
  const placeOf = (id: Hex32): number | undefined => {
    const place = seen.find(ids, id);
    return place !== undefined && repeats[place] === NEW ? place : undefined;
  };
  const plan = { repeats, revised, fresh, placeOf, linked, total };
  return (linked ? checkDependencies(s, items, plan) : undefined) ?? plan;
}

function checkNew(s: State, treasury: Treasury, items: StagedItems, i: number): Refusal | undefined {
  const reason = items.more(i).revision !== 0 ? 'FieldInvalid' : whyNotPaid(s, treasury, items, i);
  return reason && { reason, index: i };
}

/** What its body says of others is wrong. */
function whyNotPaid(s: State, treasury: Treasury, items: StagedItems, i: number): RejectionName | undefined {
  const { payee, reverses } = items.more(i);
  if (payee && !isMadeOutRight(treasury, payee, items.destination(i))) return 'PayeeUnknown';
  return reverses === undefined || mayReverse(s, treasury, items, i, reverses) ? undefined : 'ReversalInvalid';
}

/** It goes back to where the money came from, at most so much, and once. */
function mayReverse(s: State, { account }: Treasury, items: StagedItems, i: number, reversed: Hex32): boolean {
  const d = s.disbursements;
  const n = d.find(reversed);
  if (n === undefined || d.status[n] !== Status.executed || d.destination(n) !== account) return false;
  if (s.importOf(n).treasury.account !== items.destination(i) || items.amount(i) > d.amount(n)) return false;
  const other = s.reversals.get(n);
  return other === undefined || d.status[other] === Status.cancelled || d.id(other) === items.id(i);
}

/** The payee that it names has this version and account. */
function isMadeOutRight({ payees }: Treasury, payee: NonNullable<DisbursementBody['payee']>, destination: Hex32): boolean {
  const known = payees.get(payee.name);
  return known?.version === payee.version && known.details?.account === destination;
}

/** The same body again, or a revision of it. */
function checkKnown(s: State, treasury: Treasury, signer: Hex32, n: number, items: StagedItems, i: number): Refusal | undefined {
  const d = s.disbursements;
  if (!d.hasBodyHash(n, items.bodyHashes, i * ID)) {
    const now = d.body(n);
    const fields = differingFields(now, decode(disbursementBody, items.body(i)));
    const { revision } = items.more(i);
    if (revision !== now.revision + 1 || fields.includes('dependsOn') || fields.includes('reverses'))
      return { reason: 'ClientKeyConflict', index: i, fields };
    const reason = whyNotRevised(s, signer, n) ?? whyNotPaid(s, treasury, items, i);
    return reason && { reason, index: i };
  }
  return d.status[n] === Status.cancelled ? { reason: 'ClientKeyCancelled', index: i } : undefined;
}

/** Only while it may still be paid, and by the proposer of what it is now: another one would take its approvals away. */
function whyNotRevised(s: State, signer: Hex32, n: number): RejectionName | undefined {
  const status = s.disbursements.statusOf(n);
  if (status === Status.executed) return 'AlreadyExecuted';
  if (status === Status.cancelled) return 'ClientKeyCancelled';
  if (status === Status.dead) return 'BlockedByDependency';
  return s.importOf(n).proposer === signer ? undefined : 'NotAuthorised';
}

function checkDependencies(s: State, items: StagedItems, { fresh, placeOf }: ImportPlan): Refusal | undefined {
  const nodeAt = new Map<number, number>(fresh.map((place, node) => [place, node]));
  const needs: number[][] = [];
  for (const index of fresh) {
    const mine: number[] = [];
    for (const dependency of items.dependsOn(index)) {
      const place = placeOf(dependency);
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
