/** Leases and seqs of the shards, said again: a few lines, in the order of docs/treasury.md "ExecuteBatch". */

import type { LeaseView } from '@bursar/ledger';
import type { ActionOf, Digest, Hex32, RejectionName } from '@bursar/protocol';
import type { Verdict } from '../invariants.ts';

interface Lease {
  holder: Hex32 | undefined;
  epoch: bigint;
  expiresAt: number;
  released: boolean;
  /** Batch by seq, from 1. */
  readonly batches: Digest[];
}
/** What must become of a batch: applied, answered as it was before, or refused by this name. */
export type Expected = 'apply' | 'repeat' | RejectionName;

export class LeaseOracle {
  readonly #verdict: Verdict;
  readonly #leaseMs: number;
  readonly #leases: Lease[];
  grants = 0;

  constructor(verdict: Verdict, shards: number, leaseMs: number) {
    this.#verdict = verdict;
    this.#leaseMs = leaseMs;
    this.#leases = Array.from({ length: shards }, () => ({ holder: undefined, epoch: 0n, expiresAt: 0, released: false, batches: [] }));
  }

  /** @returns the name of the refusal that it must meet, if any; else it is done */
  request(signer: Hex32, { shard, request }: ActionOf<'lease'>, time: number): RejectionName | undefined {
    const lease = this.#leases[shard];
    if (lease === undefined) return 'UnknownShard';
    const isHeld = this.#isHeld(lease, time);
    const isMine = isHeld && lease.holder === signer;
    if (request === 'acquire') {
      if (isHeld && !isMine) return 'LeaseHeld';
      Object.assign(lease, { holder: signer, epoch: lease.epoch + 1n, released: false, expiresAt: time + this.#leaseMs });
      this.grants += 1;
      return undefined;
    }
    if (!isMine) return 'Fenced';
    if (request === 'renew') lease.expiresAt = time + this.#leaseMs;
    else Object.assign(lease, { released: true, expiresAt: time });
    return undefined;
  }

  batch(id: Digest, signer: Hex32, a: ActionOf<'executeBatch'>, time: number, isPaused: () => boolean): Expected {
    const lease = this.#leases[a.shard];
    if (lease === undefined) return 'UnknownShard';
    const next = BigInt(lease.batches.length + 1);
    if (a.seq < next) return lease.batches[Number(a.seq) - 1] === id ? 'repeat' : 'SeqReused';
    if (time > a.expiresAt) return 'BatchExpired';
    if (a.seq > next) return 'SeqGap';
    if (!this.#isHeld(lease, time) || lease.holder !== signer || lease.epoch !== a.leaseEpoch) return 'Fenced';
    if (isPaused()) return 'Paused';
    lease.batches.push(id);
    return 'apply';
  }

  /** After a block the ledger must say the same. */
  compare(shown: (shard: number) => LeaseView): void {
    for (const [shard, { holder, epoch, expiresAt, released, batches }] of this.#leases.entries()) {
      const l = shown(shard);
      const isSame = l.holder === holder && l.epoch === epoch && l.expiresAt === expiresAt && l.released === released;
      if (!isSame || l.nextSeq !== BigInt(batches.length + 1))
        this.#verdict.fail(
          'leases',
          `Shard ${shard}: epoch ${l.epoch} and next seq ${l.nextSeq}, they should be ${epoch} and ${batches.length + 1}.`,
        );
    }
  }
  #isHeld({ holder, released, expiresAt }: Lease, time: number): boolean {
    return holder !== undefined && !released && time < expiresAt;
  }
}
