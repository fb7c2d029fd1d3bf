/** An executor's key in wrong hands: whatever it signs, the ledger must not pay what it should not. */
import type { DisbursementView, Ledger } from '@bursar/ledger';
import type { Action, Digest } from '@bursar/protocol';
import type { Random } from '../world/random.ts';
import { idOf } from './genesis.ts';

export class Rogue {
  readonly #random: Random;
  readonly #ledger: Ledger;
  readonly #shards: number;

  constructor(random: Random, ledger: Ledger, shards: number) {
    this.#random = random;
    this.#ledger = ledger;
    this.#shards = shards;
  }

  /** @param known ids that were ever imported */
  act(known: readonly Digest[]): Action {
    const random = this.#random;
    const shard = random.below(this.#shards);
    const { epoch, nextSeq, holder } = this.#ledger.lease(shard);
    const isMine = holder === idOf('rogue');
    if (random.chance(isMine ? 0.1 : 0.6))
      return { kind: 'lease', shard, request: random.pick(['acquire', 'acquire', 'renew', 'release']) };
    const lane = random.pick(['consumer', 'industrial'] as const);
    const all = known.slice(random.pick([0, -10])).flatMap((id) => this.#ledger.disbursement(id) ?? []);
    const mostly = all.filter((d) => d.state !== 'executed' && d.body.lane === lane);
    const from = mostly.length > 0 && random.chance(0.85) ? mostly : all;
    const items = from.length === 0 ? [] : Array.from({ length: random.between(1, 6) }, () => this.#item(random.pick(from)));
    return {
      kind: 'executeBatch',
      shard,
      leaseEpoch: isMine && random.chance(0.9) ? epoch : BigInt(random.below(Number(epoch) + 2)),
      lane,
      seq: random.chance(0.9) ? nextSeq : BigInt(random.between(1, Number(nextSeq) + 2)),
      expiresAt: this.#ledger.time + random.pick([-1_000, 3_000, 20_000]),
      items,
    };
  }
  #item({ id, bodyHash }: DisbursementView) {
    return { id, bodyHash: this.#random.chance(0.1) ? id : bodyHash, attempt: 1 };
  }
}
