/** What must hold of the chain after any faults: one chain everywhere, and every promise kept exactly once. */
import { block, type Digest, decode, fromHex, headerDigest, result } from '@bursar/protocol';
import type { Session } from '../../src/operations/session.ts';
import type { Lanes } from './lanes.ts';
import { until } from './network.ts';

export interface ChainFacts {
  readonly height: number;
  /** Different chains among the validators: 1 when all is well. */
  readonly chains: number;
  /** Accepted and never executed. */
  readonly lost: readonly Digest[];
  /** Executed more than once. */
  readonly twice: readonly Digest[];
  /** How often each batch stands in the chain, by digest. */
  readonly batches: ReadonlyMap<Digest, number>;
  /** What the payee has, and what it should have. */
  readonly paid: readonly [has: bigint, due: bigint];
}

export async function chainFacts({ connection }: Session, lanes: Lanes): Promise<ChainFacts> {
  const heights = async () =>
    await Promise.all(connection.validators.map(async (v) => Number((await v.ledger.getStatus({}).catch(() => ({ height: 0n }))).height)));
  const height = Math.max(...(await heights()));
  await until(`all validators reach height ${height}`, async () => (await heights()).every((h) => h >= height));
  const chains = await Promise.all(
    connection.validators.map(async ({ ledger }) => {
      const digests: Digest[] = [];
      const times = new Map<Digest, number>();
      const batches = new Map<Digest, number>();
      const count = (of: Map<Digest, number>, id: Digest) => of.set(id, (of.get(id) ?? 0) + 1);
      for await (const { block: found, results } of ledger.streamBlocks(
        { fromHeight: 1n, follow: false, results: true },
        { timeoutMs: 60_000 },
      )) {
        if (!found || digests.length === height) break;
        const { header, batches: refs } = decode(block, found.block);
        digests.push(headerDigest(header));
        for (const { digest } of refs) count(batches, digest);
        for (const r of results.map((bytes) => decode(result, bytes)))
          if (r.kind === 'transaction' && r.consumed && r.code === 0) count(times, r.transaction);
      }
      return { text: digests.join(), times, batches };
    }),
  );
  const { times, batches } = chains[0] as (typeof chains)[number];
  const accepted = [...lanes.accepted.keys()];
  const { balance } = await connection.read((l) => l.getAccount({ account: fromHex(lanes.payee) }));
  return {
    height,
    chains: new Set(chains.map((c) => c.text)).size,
    lost: accepted.filter((id) => !times.has(id)),
    twice: [...times].filter(([, n]) => n > 1).map(([id]) => id),
    batches,
    paid: [balance, BigInt(accepted.length)],
  };
}
