/** Batches of payments and the items in them (docs/treasury.md, "ExecuteBatch"). */
import { type ActionOf, type Digest, type ExecuteItem, type Hex32, type PaymentReceipt, policyDigest } from '@bursar/protocol';
import { isHeldBy } from './leases.ts';
import { approvedBy, countPaid, heldBack, overLimit } from './policy.ts';
import { firstOf, refused, type Verdict } from './verdict.ts';
import type { Item, Treasury, World } from './world.ts';

/** A batch whose seq was used comes to `again`: the first result, when the bytes are the same. */
export function executeBatch(
  w: World,
  signer: Hex32,
  a: ActionOf<'executeBatch'>,
  transaction: Digest,
): Verdict | { readonly again: Uint8Array } {
  const lease = w.leases[a.shard];
  if (!lease) return refused('UnknownShard');
  const next = BigInt(lease.executed.length) + 1n;
  if (a.seq < next) {
    const before = lease.executed[Number(a.seq) - 1];
    return before?.transaction === transaction ? { again: before.result } : refused('SeqReused');
  }
  const isPaused = a.items.some(({ id }) => treasuryOf(w, w.items.get(id))?.paused);
  return {
    expected: firstOf(
      w.time > a.expiresAt && 'BatchExpired',
      a.seq > next && 'SeqGap',
      (!isHeldBy(lease, signer, w.time) || lease.epoch !== a.leaseEpoch) && 'Fenced',
      isPaused && 'Paused',
    ),
  };
}

const treasuryOf = (w: World, item: Item | undefined): Treasury | undefined => item && w.treasuries.get(item.treasury);

export function executeItem(w: World, signer: Hex32, a: ActionOf<'executeBatch'>, { id, bodyHash }: ExecuteItem): Verdict {
  const item = w.items.get(id);
  const treasury = treasuryOf(w, item);
  if (!item || !treasury) return refused('UnknownDisbursement');
  const expected =
    firstOf(
      item.state === 'paid' && 'AlreadyExecuted',
      item.state === 'cancelled' && 'AlreadyCancelled',
      item.bodyHash !== bodyHash && 'BodyStale',
      item.lane !== a.lane && 'WrongShard',
      !treasury.policy.executors.includes(signer) && 'NotAuthorised',
    ) ?? heldBack(item, momentOf(w, treasury));
  const isLimited = overLimit(treasury, item, w.time) !== undefined && (expected === undefined || expected === 'InsufficientFunds');
  const tolerated = [
    ...(isLimited ? (['OverLimit'] as const) : []),
    // Which of several imports it belongs to, and with more than one shard where it is paid, is not followed here.
    ...(item.imports.length > 1 ? (['NotApproved'] as const) : []),
    ...(w.leases.length > 1 ? (['WrongShard'] as const) : []),
  ];
  return { expected, tolerated };
}

const momentOf = (w: World, treasury: Treasury) => ({
  time: w.time,
  treasury,
  balance: w.account(treasury.account).balance,
  isPaid: (id: string) => w.items.get(id)?.state === 'paid',
});

/** What a receipt must say; `imports` of which it must name one. */
export function expectedReceipt(
  w: World,
  a: ActionOf<'executeBatch'>,
  { id, attempt }: ExecuteItem,
  transaction: Digest,
): { readonly fields: Omit<PaymentReceipt, 'kind' | 'import'>; readonly imports: readonly Digest[] } | undefined {
  const item = w.items.get(id);
  const treasury = treasuryOf(w, item);
  if (!item || !treasury) return undefined;
  const { bodyHash, destination: to, amount } = item;
  const { height, time } = w;
  const { leaseEpoch, seq } = a;
  const policy = policyDigest({ treasury: treasury.id, version: treasury.policyVersion, policy: treasury.policy });
  const fields = {
    disbursement: id,
    bodyHash,
    policy,
    from: treasury.account,
    to,
    amount,
    height,
    time,
    transaction,
    leaseEpoch,
    seq,
    attempt,
  };
  return { fields, imports: (item.state === 'open' ? approvedBy(item) : item.imports).map((i) => i.digest) };
}

/** Money goes as the receipt says, whether it should have or not: what follows is judged by it. */
export function applyReceipt(w: World, r: PaymentReceipt): void {
  w.move(r.from, r.to, r.amount);
  w.payments += 1;
  const item = w.items.get(r.disbursement);
  const treasury = treasuryOf(w, item);
  if (!item || !treasury) return;
  item.state = 'paid';
  countPaid(treasury, item, w.time);
}

/** At rest: what could be paid and is not. */
export function* unpaid(w: World): Generator<Item> {
  for (const item of w.items.values()) {
    const treasury = treasuryOf(w, item) as Treasury;
    if (item.state !== 'open' || treasury.paused || overLimit(treasury, item, w.time) !== undefined) continue;
    if (heldBack(item, momentOf(w, treasury)) === undefined) yield item;
  }
}
