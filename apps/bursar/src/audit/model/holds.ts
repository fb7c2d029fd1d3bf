/** Payments that somebody holds back. */
import type { ActionOf, Hex32, RejectionName } from '@bursar/protocol';
import { isApprover, sufficient } from './policy.ts';
import { firstOf, refused, type Verdict } from './verdict.ts';
import type { Item, Treasury, World } from './world.ts';

function find(w: World, a: ActionOf<'hold' | 'release'>): { treasury: Treasury; item: Item } | Verdict {
  const treasury = w.treasuries.get(a.treasury);
  if (!treasury) return refused('UnknownTreasury');
  const item = w.items.get(a.disbursement);
  return !item || item.treasury !== a.treasury ? refused('UnknownDisbursement') : { treasury, item };
}

const over = ({ state }: Item): RejectionName | false =>
  state === 'paid' ? 'AlreadyExecuted' : state === 'cancelled' && 'AlreadyCancelled';

export function hold(w: World, signer: Hex32, a: ActionOf<'hold'>): Verdict {
  const found = find(w, a);
  if (!('item' in found)) return found;
  const { treasury, item } = found;
  // Once it stands in several imports, its home may be any of them.
  const proposes = item.imports.filter((i) => i.proposer === signer).length;
  const isOther = !isApprover(treasury, signer) && !treasury.policy.guardians.includes(signer);
  return {
    expected: firstOf(
      over(item),
      isOther && proposes === 0 && 'NotAuthorised',
      a.number !== (item.hold?.number ?? 0) + 1 && 'HoldNumberStale',
      item.hold?.releases && 'Held',
    ),
    tolerated: isOther && proposes > 0 && proposes < item.imports.length ? ['NotAuthorised'] : [],
    apply() {
      item.hold = { number: a.number, releases: new Set() };
    },
  };
}

export function release(w: World, signer: Hex32, a: ActionOf<'release'>): Verdict {
  const found = find(w, a);
  if (!('item' in found)) return found;
  const { treasury, item } = found;
  const held = item.hold;
  const proposes = item.imports.filter((i) => i.proposer === signer).length;
  return {
    expected: firstOf(
      over(item),
      !isApprover(treasury, signer) && 'NotAuthorised',
      (!held?.releases || held.number !== a.number) && 'HoldNumberStale',
      proposes === item.imports.length && 'OwnProposal',
      held?.releases?.has(signer) && !sufficient(treasury, held.releases, item.amount) && 'AlreadyApproved',
    ),
    tolerated: proposes > 0 ? ['OwnProposal'] : [],
    apply() {
      if (!held?.releases) return;
      held.releases.add(signer);
      if (sufficient(treasury, held.releases, item.amount)) held.releases = undefined;
    },
  };
}
