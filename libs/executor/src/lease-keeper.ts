/**
 * Holds the lease of the shard: acquires it when it is free, renews it at half of its length in ledger time, notices when it is
 * lost. One lease transaction is under way at a time, and it is sent again as it is until the ledger has used its nonce up.
 */
import { type Digest, encodeTransaction, type Hex32, type TransactionResult, toHex, transactionHash } from '@bursar/protocol';
import { isHeld, isHeldBy } from './judge.ts';
import type { LeaseAt, LedgerReads, Sign, Signed } from './ports.ts';

type Request = 'acquire' | 'renew' | 'release';
interface Pending {
  readonly request: Request;
  readonly signed: Signed;
  readonly nonce: bigint;
  /** Lease epoch when it was signed. */
  readonly epoch: bigint;
  sentAt: number;
}
export interface LeaseKeeperOptions {
  readonly chain: Digest;
  readonly shard: number;
  readonly leaseMs: number;
  readonly key: Hex32;
  readonly sign: Sign;
  readonly reads: LedgerReads;
  /** Sends it to a validator, `again` to another one; never throws: what is not taken is sent again. */
  readonly send: (transaction: Signed, again: boolean) => Promise<void>;
  /** Wait before the same bytes are sent again, ms. */
  readonly resendMs: number;
}
/** What one look at the lease led to. */
export type LeaseEvent = 'acquired' | 'renewed' | 'lost' | 'refused';

export class LeaseKeeper {
  readonly #o: LeaseKeeperOptions;
  /** The epoch that was granted to this process. */
  #epoch: bigint | undefined;
  #pending: Pending | undefined;
  /** A lease under our key is taken over once, by the newest process; afterwards it is another copy's, and we stand by. */
  #mayTakeOver = true;
  /** Granted to an earlier run of ours; its batches are resolved before a new epoch fences them. */
  #adopted = false;

  constructor(options: LeaseKeeperOptions) {
    this.#o = options;
  }

  /** The epoch under which new batches may be signed; undefined while there is none. */
  get epoch(): bigint | undefined {
    return this.#adopted ? undefined : this.#epoch;
  }
  /** The lease is held under our key by a process that is not this one. */
  isOtherCopy(lease: LeaseAt): boolean {
    return isHeldBy(lease, this.#o.key) && this.#epoch === undefined && !this.#mayTakeOver;
  }

  /** Somebody else signs under our epoch: stand by until the lease ends. */
  disown(): void {
    this.#epoch = undefined;
    this.#adopted = false;
    this.#mayTakeOver = false;
  }

  /** @param openEpochs epochs of the batches that are not resolved; @param now monotonic ms */
  async tick(lease: LeaseAt, openEpochs: ReadonlySet<bigint>, now: number): Promise<LeaseEvent[]> {
    const events: LeaseEvent[] = [];
    if (this.#pending) {
      events.push(...(await this.#follow(this.#pending, lease, now)));
      if (!this.#pending) return events; // `lease` may have been read before what has just ended
    }
    if (this.#epoch !== undefined && lease.epoch < this.#epoch) return events;
    if (this.#epoch !== undefined && !(isHeldBy(lease, this.#o.key) && lease.epoch === this.#epoch)) {
      // Another epoch under our own key means another copy of us; a lease that ran out is simply acquired again.
      if (lease.epoch !== this.#epoch) this.#mayTakeOver = false;
      this.#epoch = undefined;
      this.#adopted = false;
      events.push('lost');
    }
    if (!this.#pending) await this.#decide(lease, openEpochs, now);
    return events;
  }

  /** Gives the lease back, so that another executor need not wait for its end. Nothing is awaited but the sending. */
  async release(lease: LeaseAt, now: number): Promise<void> {
    if (this.#epoch === undefined || this.#epoch !== lease.epoch) return;
    this.#epoch = undefined;
    await this.#request('release', lease, now);
  }

  async #decide(lease: LeaseAt, openEpochs: ReadonlySet<bigint>, now: number): Promise<void> {
    const { key, leaseMs } = this.#o;
    if (!isHeld(lease)) return this.#request('acquire', lease, now);
    if (lease.holder !== key) return;
    if (this.#epoch === undefined) {
      if (!this.#mayTakeOver) return;
      if (!openEpochs.has(lease.epoch)) return this.#request('acquire', lease, now);
      this.#epoch = lease.epoch;
      this.#adopted = true;
    }
    if (this.#adopted && !openEpochs.has(lease.epoch)) return this.#request('acquire', lease, now);
    if (lease.expiresAt - lease.time <= leaseMs / 2) await this.#request('renew', lease, now);
  }

  async #request(request: Request, lease: LeaseAt, now: number): Promise<void> {
    const { chain, shard, key, sign, reads, send } = this.#o;
    const { nonce } = await reads.nonce(key, lease.height);
    const body = encodeTransaction({ chain, signer: key, nonce, action: { kind: 'lease', shard, request } });
    const hash = transactionHash(body);
    const signed = { id: toHex(hash), body, signature: sign(hash) };
    this.#pending = { request, signed, nonce, epoch: lease.epoch, sentAt: now };
    await send(signed, false);
  }

  async #follow(pending: Pending, lease: LeaseAt, now: number): Promise<LeaseEvent[]> {
    const { reads, send, key, resendMs } = this.#o;
    let outcome = await reads.outcome(pending.signed.id, lease.height);
    let used = false;
    if (outcome.kind !== 'final') {
      const account = await reads.nonce(key, lease.height);
      used = account.nonce !== pending.nonce;
      if (used) outcome = await reads.outcome(pending.signed.id, account.height); // by it, perhaps, a moment ago
    }
    if (outcome.kind === 'final') return this.#finish(pending, outcome.result, lease);
    // Refused without using the nonce up: somebody else used it, or it was not the next. What is due is signed anew with the right one.
    if (used || outcome.kind === 'refused') this.#pending = undefined;
    else if (now - pending.sentAt >= resendMs) {
      pending.sentAt = now;
      await send(pending.signed, true);
    }
    return [];
  }

  async #finish({ request, epoch }: Pending, { code, height }: TransactionResult, lease: LeaseAt): Promise<LeaseEvent[]> {
    const { reads, key } = this.#o;
    if (code !== 0 || request !== 'acquire') {
      this.#pending = undefined;
      return code !== 0 ? ['refused'] : request === 'renew' ? ['renewed'] : [];
    }
    const after = await reads.lease(Math.max(lease.height, height));
    this.#pending = undefined;
    // One grant since it was asked for: it is ours. More than one: whose the last is cannot be told, so it counts as a copy's.
    const ours = isHeldBy(after, key) && after.epoch === epoch + 1n;
    this.#adopted = false;
    this.#epoch = ours ? after.epoch : undefined;
    this.#mayTakeOver = false;
    return [ours ? 'acquired' : 'refused'];
  }
}
