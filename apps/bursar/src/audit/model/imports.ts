/** Imports, approvals, cancellations. */
import { merkleRoot } from '@bursar/merkle';
import {
  type ActionOf,
  bodyHash,
  type Digest,
  type DisbursementBody,
  disbursementId,
  type Hex32,
  importDigest,
  importLeaf,
  MAX_AMOUNT,
  type RejectionName,
} from '@bursar/protocol';
import { isApprover } from './policy.ts';
import { firstOf, refused, type Verdict } from './verdict.ts';
import type { Item, World } from './world.ts';

export function importChunk(w: World, signer: Hex32, a: ActionOf<'importChunk'>): Verdict {
  const treasury = w.treasuries.get(a.treasury);
  if (!treasury) return refused('UnknownTreasury');
  const place = a.treasury + a.import + signer;
  return {
    expected: firstOf(
      !treasury.policy.proposers.includes(signer) && 'NotAuthorised',
      w.imports.has(a.treasury + a.import) && 'ImportSealed',
      (a.items.length === 0 || a.index >= 100_000) && 'FieldInvalid',
      ...a.items.map((body) => bodyProblem(body, a.treasury)),
    ),
    tolerated: ['ImportTooLarge', 'ImportMismatch'],
    apply() {
      const chunks = w.chunks.get(place) ?? new Map<number, readonly DisbursementBody[]>();
      w.chunks.set(place, chunks.set(a.index, a.items));
    },
  };
}

function bodyProblem(body: DisbursementBody, treasury: Digest): RejectionName | undefined {
  if (body.amount === 0n) return 'AmountInvalid';
  if (body.treasury !== treasury || body.clientKey === '') return 'FieldInvalid';
  const id = disbursementId(treasury, body.clientKey);
  for (const [i, d] of body.dependsOn.entries()) {
    if (d === id) return 'DependencyCycle';
    if (i > 0 && d <= (body.dependsOn[i - 1] as Digest)) return 'FieldInvalid';
  }
  return undefined;
}

export function importSeal(w: World, signer: Hex32, a: ActionOf<'importSeal'>): Verdict {
  const treasury = w.treasuries.get(a.treasury);
  if (!treasury) return refused('UnknownTreasury');
  if (!treasury.policy.proposers.includes(signer)) return refused('NotAuthorised');
  const key = a.treasury + a.import;
  if (w.imports.has(key)) return refused('ImportSealed');
  const chunks = w.chunks.get(key + signer);
  const bodies = Array.from({ length: Math.min(a.chunks, 100_000) }, (_, i) => chunks?.get(i) ?? []).flat();
  const items = bodies.map((b) => itemOf(b));
  const root = merkleRoot(items.map(({ id, bodyHash: h }) => importLeaf(id, h)));
  const isWhole = items.length === a.count && importDigest(a.treasury, root) === a.import;
  const apply = (): void => {
    for (const proposer of treasury.policy.proposers) w.chunks.delete(key + proposer);
    const record = { digest: a.import, treasury, proposer: signer, approvals: new Set<Hex32>() };
    w.imports.set(key, record);
    for (const item of items) {
      const known = w.items.get(item.id) ?? item;
      w.items.set(item.id, known);
      if (!known.imports.includes(record)) known.imports.push(record);
    }
  };
  // An hour after its first chunk an open import is dropped; which bound refused it is not followed here.
  const tolerated = ['ImportUnknown', 'ImportIncomplete', ...(isWhole ? [] : (['FieldInvalid', 'ImportTooLarge'] as const))] as const;
  return { expected: isWhole ? contentProblem(w, items) : 'ImportMismatch', tolerated, apply };
}

function itemOf({ memo, clientKey, ...body }: DisbursementBody): Item {
  const id = disbursementId(body.treasury, clientKey);
  return { ...body, id, bodyHash: bodyHash({ ...body, clientKey, memo }), imports: [], state: 'open' };
}

function contentProblem(w: World, items: readonly Item[]): RejectionName | undefined {
  const fresh = new Map<Digest, Item>();
  for (const item of items) {
    const known = w.items.get(item.id);
    if (((known ?? fresh.get(item.id))?.bodyHash ?? item.bodyHash) !== item.bodyHash) return 'ClientKeyConflict';
    if (known?.state === 'cancelled') return 'ClientKeyCancelled';
    if (!known) fresh.set(item.id, item);
  }
  if (items.reduce((sum, i) => sum + i.amount, 0n) > MAX_AMOUNT) return 'AmountInvalid';
  for (const { dependsOn } of fresh.values()) if (!dependsOn.every((d) => fresh.has(d) || w.items.has(d))) return 'DependencyMissing';
  return isAcyclic(fresh) ? undefined : 'DependencyCycle';
}

/** Kahn: takes away whoever waits for nothing more; in a cycle somebody is left. */
function isAcyclic(items: ReadonlyMap<Digest, Item>): boolean {
  const waits = new Map<Digest, number>();
  const dependents = new Map<Digest, Digest[]>();
  for (const { id, dependsOn } of items.values()) {
    const inside = dependsOn.filter((d) => items.has(d));
    waits.set(id, inside.length);
    for (const d of inside) dependents.set(d, [...(dependents.get(d) ?? []), id]);
  }
  const free = [...waits].flatMap(([id, n]) => (n === 0 ? [id] : []));
  for (const id of free) {
    for (const d of dependents.get(id) ?? []) {
      const left = (waits.get(d) as number) - 1;
      waits.set(d, left);
      if (left === 0) free.push(d);
    }
  }
  return free.length === items.size;
}

export function approve(w: World, signer: Hex32, a: ActionOf<'approve'>): Verdict {
  const treasury = w.treasuries.get(a.treasury);
  if (!treasury) return refused('UnknownTreasury');
  const found = w.imports.get(a.treasury + a.import);
  if (!isApprover(treasury, signer)) return { ...refused('NotAuthorised'), apply: () => found?.approvals.add(signer) };
  if (!found) return refused('ImportUnknown', 'ImportIncomplete');
  return {
    expected: firstOf(found.proposer === signer && 'OwnImport', found.approvals.has(signer) && 'AlreadyApproved'),
    apply: () => found.approvals.add(signer),
  };
}

export function cancel(w: World, signer: Hex32, a: ActionOf<'cancel'>): Verdict {
  const treasury = w.treasuries.get(a.treasury);
  if (!treasury) return refused('UnknownTreasury');
  const item = w.items.get(a.disbursement);
  if (!item || item.treasury !== a.treasury) return refused('UnknownDisbursement');
  // Once it stands in several imports, its home may be any of them.
  const proposes = item.imports.filter((i) => i.proposer === signer).length;
  const mayBeNone = !isApprover(treasury, signer) && proposes < item.imports.length;
  return {
    expected: firstOf(
      mayBeNone && proposes === 0 && 'NotAuthorised',
      item.state === 'paid' && 'AlreadyExecuted',
      item.state === 'cancelled' && 'AlreadyCancelled',
    ),
    tolerated: mayBeNone && proposes > 0 ? ['NotAuthorised'] : [],
    apply() {
      item.state = 'cancelled';
    },
  };
}
