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
import { isApprover, isMadeOutRight } from './policy.ts';
import { firstOf, refused, type Verdict } from './verdict.ts';
import type { Item, Treasury, World } from './world.ts';

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
  const { payee, expectedReceipts: parts } = body;
  const isSplit = parts.length > 0 && (parts.some((p) => p.amount === 0n) || parts.reduce((sum, p) => sum + p.amount, 0n) !== body.amount);
  return payee?.name === '' || isSplit ? 'FieldInvalid' : undefined;
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
      const before = w.items.get(item.id);
      // A revision: another body under the same id, which no earlier import holds.
      const known = before?.bodyHash === item.bodyHash ? before : { ...item, ...heldStill(before) };
      w.items.set(item.id, known);
      if (!known.imports.includes(record)) known.imports.push(record);
    }
  };
  // An hour after its first chunk an open import is dropped; which bound refused it is not followed here.
  const bounded = ['ImportUnknown', 'ImportIncomplete', ...(isWhole ? [] : (['FieldInvalid', 'ImportTooLarge'] as const))] as const;
  const tolerated = [...bounded, ...items.flatMap((item) => unclearRevision(w, item))];
  return { expected: isWhole ? contentProblem(w, treasury, signer, items) : 'ImportMismatch', tolerated, apply };
}

/** A hold outlasts a revision, those who signed to let the old body go do not. */
const heldStill = (before: Item | undefined): Pick<Item, 'hold'> =>
  before?.hold ? { hold: { number: before.hold.number, releases: before.hold.releases && new Set() } } : {};

/** A dead payment is known to be dead once deferred work has come to it, and one of several imports is its home: neither is followed here. */
function unclearRevision(w: World, item: Item): RejectionName[] {
  const known = w.items.get(item.id);
  if (!known || known.bodyHash === item.bodyHash) return [];
  const dead: RejectionName[] = isDead(w, known) ? ['BlockedByDependency'] : [];
  return known.imports.length > 1 ? [...dead, 'NotAuthorised'] : dead;
}

function itemOf({ memo, clientKey, expectedReceipts, ...body }: DisbursementBody): Item {
  const id = disbursementId(body.treasury, clientKey);
  return { ...body, id, bodyHash: bodyHash({ ...body, clientKey, memo, expectedReceipts }), imports: [], state: 'open' };
}

function contentProblem(w: World, treasury: Treasury, signer: Hex32, items: readonly Item[]): RejectionName | undefined {
  const fresh = new Map<Digest, Item>();
  const seen = new Map<Digest, Item>();
  for (const item of items) {
    const known = w.items.get(item.id);
    const first = seen.get(item.id);
    if (first && first.bodyHash !== item.bodyHash) return 'ClientKeyConflict';
    const wrong = first ? undefined : known ? repeatProblem(w, treasury, signer, known, item) : newProblem(w, treasury, item);
    if (wrong) return wrong;
    const isSecond = item.reverses !== undefined && [...seen.values()].some((i) => i !== first && i.reverses === item.reverses);
    if (!first && isSecond) return 'ReversalInvalid';
    seen.set(item.id, item);
    if (!known) fresh.set(item.id, item);
  }
  if (items.reduce((sum, i) => sum + i.amount, 0n) > MAX_AMOUNT) return 'AmountInvalid';
  for (const { dependsOn } of fresh.values()) if (!dependsOn.every((d) => fresh.has(d) || w.items.has(d))) return 'DependencyMissing';
  return isAcyclic(fresh) ? undefined : 'DependencyCycle';
}

function newProblem(w: World, treasury: Treasury, item: Item): RejectionName | undefined {
  return firstOf(item.revision !== 0 && 'FieldInvalid', linkProblem(w, treasury, item));
}

function linkProblem(w: World, treasury: Treasury, item: Item): RejectionName | undefined {
  if (!isMadeOutRight(treasury, item)) return 'PayeeUnknown';
  if (item.reverses === undefined) return undefined;
  const back = w.items.get(item.reverses);
  const isOurs = back?.state === 'paid' && back.destination === treasury.account && back.amount >= item.amount;
  const isToPayer = back !== undefined && w.treasuries.get(back.treasury)?.account === item.destination;
  const isFirst = ![...w.items.values()].some((i) => i.reverses === item.reverses && i.id !== item.id && i.state !== 'cancelled');
  return isOurs && isToPayer && isFirst ? undefined : 'ReversalInvalid';
}

/** The same body again, or a revision by who proposed it: another body, one number higher, with the same dependencies. */
function repeatProblem(w: World, treasury: Treasury, signer: Hex32, known: Item, item: Item): RejectionName | undefined {
  if (known.bodyHash === item.bodyHash) return known.state === 'cancelled' ? 'ClientKeyCancelled' : undefined;
  return firstOf(
    (item.revision !== known.revision + 1 || String(item.dependsOn) !== String(known.dependsOn) || item.reverses !== known.reverses) &&
      'ClientKeyConflict',
    known.state === 'paid' && 'AlreadyExecuted',
    known.state === 'cancelled' && 'ClientKeyCancelled',
    !known.imports.some((i) => i.proposer === signer) && 'NotAuthorised',
    linkProblem(w, treasury, item),
  );
}

/** Something that it needs was cancelled, or waits for ever itself. Dependencies have no cycles; a chain may be long, hence no recursion. */
function isDead(w: World, item: Item): boolean {
  const seen = new Set<Digest>();
  const left = [...item.dependsOn];
  for (let id = left.pop(); id !== undefined; id = left.pop()) {
    const needed = w.items.get(id);
    if (seen.has(id) || !needed || needed.state === 'paid') continue;
    if (needed.state === 'cancelled') return true;
    seen.add(id);
    left.push(...needed.dependsOn);
  }
  return false;
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
    expected: firstOf(found.proposer === signer && 'OwnProposal', found.approvals.has(signer) && 'AlreadyApproved'),
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
