/** Bodies by revision: an import's digest stands for the bodies that it brought, also when one of them was revised since. */
import type { Hex32 } from '@bursar/protocol';
import type { Import } from './entities.ts';
import type { StagedItems } from './staged-items.ts';
import type { State } from './state.ts';
import { Status, stateOf } from './status.ts';
import { withdraw } from './transitions.ts';

/** Whether the import brought the body that the disbursement has now. */
export function holdsBodyOf(s: State, n: number, imported: Import): boolean {
  const last = s.formerBodies.get(n)?.at(-1);
  return last === undefined || imported.sealedAt > last.until;
}

/** Hash of the body that the import brought. */
export function bodyHashIn(s: State, n: number, imported: Import): Hex32 {
  return s.formerBodies.get(n)?.find(({ until }) => imported.sealedAt <= until)?.bodyHash ?? s.disbursements.bodyHash(n);
}

/** Replaces the body by that of an item; it belongs to the import that brought the new one and waits for that one's approvals. */
export function revise(s: State, n: number, items: StagedItems, index: number, imported: Import): void {
  const d = s.disbursements;
  if (d.status[n] !== Status.voting) withdraw(s, n);
  const former = s.formerBodies.get(n) ?? [];
  former.push({ bodyHash: d.bodyHash(n), until: s.sequence });
  s.formerBodies.set(n, former);
  d.revise(n, items.body(index), items.bodyHash(index));
  const held = s.holds.get(n);
  if (held?.releases) {
    held.releases.clear(); // they were for the body before
    s.touchHold(held);
  }
  moveTo(s, n, imported, index);
}

/** It is an item of this import from now on. */
export function moveTo(s: State, n: number, imported: Import, index: number): void {
  const d = s.disbursements;
  const state = stateOf(d.statusOf(n));
  s.importOf(n).counts[state] -= 1;
  imported.counts[state] += 1;
  s.touchImport(s.importOf(n));
  s.touchImport(imported);
  d.import[n] = imported.number;
  d.index[n] = index;
  s.touchDisbursement(n);
}
