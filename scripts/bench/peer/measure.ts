/** CometBFT with an application that checks the same signatures over the same bytes: what it makes of the same transfers. */
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { encode, signedTransaction } from '../../../libs/protocol/src/index.ts';
import type { Context } from '../context.ts';
import type { Row } from '../row.ts';
import { benchAccounts, signTransfers } from '../workload.ts';
import { buildPeer } from './build.ts';
import { openPeerNetwork, type PeerLoad } from './network.ts';

const ACCOUNTS = 64;
const CHAIN = '00'.repeat(32);
const WARM_S = 5;
const OVERLOADS = [6_000, 8_000] as const;
/** Signed for its best: should it be faster, it is measured for as many seconds as they last. */
const BEST_MOST = 6_500;
const NAME = 'CometBFT v0.38.19';

/** Fewer blocks than these say less, from the first to the last of them, than the seconds do. */
const BLOCKS_LEAST = 4;
/** Transactions a second, from one block to a later one. */
const rateOf = (l: PeerLoad): number => (l.blocks >= BLOCKS_LEAST ? l.inBlocks / l.blockSeconds : l.final / l.seconds);

/**
 * Two ways to run it, for the better of which it is held: nodes that pass transactions on, as they do by default, so that any proposer
 * orders what any node took; and nodes that keep what they took for their own proposals, which is less work and a weaker promise.
 */
export async function benchPeer(context: Context): Promise<Row[]> {
  const { tools, folder, seconds, say } = context;
  const built = await buildPeer(tools, say);
  if ('missing' in built) return [{ bench: 'peer', what: NAME, value: undefined, why: built.missing, unit: '/s' }];
  const { program } = built;
  const shortS = Math.max(5, Math.round(seconds / 2));
  const count = Math.max(
    BEST_MOST * (seconds + WARM_S),
    OVERLOADS.reduce((sum, r) => sum + r * (shortS + WARM_S), 0),
  );
  const file = join(folder, 'peer-transactions');
  say(`Signing ${count.toLocaleString('en-US')} transfers for the peer.`);
  writeTransfers(file, count);
  /** Each on nodes of its own, which have seen none of the transactions. */
  const run = async (gossip: boolean, loads: readonly Readonly<Record<string, number>>[]): Promise<PeerLoad[]> => {
    const network = await openPeerNetwork(program, join(folder, 'peer'), { gossip });
    try {
      const figures: PeerLoad[] = [];
      let skip = 0;
      for (const load of loads) {
        figures.push(await network.load({ file, skip, warm: WARM_S, ...load }));
        skip += load['count'] ?? 0;
      }
      return figures;
    } finally {
      await network.close();
    }
  };
  try {
    say('Running the peer, each node keeping what it took.');
    const [kept] = (await run(false, [{ seconds, count }])) as [PeerLoad];
    say('Running the peer, nodes passing transactions on.');
    const [passed] = (await run(true, [{ seconds, count }])) as [PeerLoad];
    if (kept.final + passed.final === 0) throw new Error(`the peer made no block in ${kept.seconds} s, nor in another ${passed.seconds} s`);
    const gossip = rateOf(passed) > rateOf(kept);
    const best = gossip ? passed : kept;
    say('Offering the peer more than that.');
    const overloads = OVERLOADS.map((rate) => ({ rate, connections: 64, batch: 50, seconds: shortS, count: rate * (shortS + WARM_S) }));
    const overloaded = await run(gossip, overloads);
    context.peer = { best: rateOf(best), overload: OVERLOADS.map((offered, i) => ({ offered, final: rateOf(overloaded[i] as PeerLoad) })) };
    return [
      ...rowsOf('nodes keep what they took', kept),
      ...rowsOf('nodes pass transactions on', passed),
      ...overloaded.flatMap((load, i) => overloadRows(load, OVERLOADS[i] as number, rateOf(best))),
      row('most memory of a node', Math.max(...[kept, passed, ...overloaded].map((l) => l.rssBytes)) / 2 ** 20, 'MiB'),
    ];
  } finally {
    rmSync(file);
  }
}

const row = (what: string, value: number, unit: string): Row => ({ bench: 'peer', what, value, unit });

function rowsOf(how: string, load: PeerLoad): Row[] {
  const committed = row(`${NAME}, ${how}: committed (${load.blocks} blocks)`, rateOf(load), '/s');
  if (load.final === 0) return [committed];
  return [
    committed,
    row(`${how}: CPU a transaction, four nodes`, load.nodesCpuUs / load.final, 'µs'),
    row(`${how}: CPU a transaction, its load generator`, load.cpuUs / load.final, 'µs'),
  ];
}

const overloadRows = (load: PeerLoad, offered: number, best: number): Row[] => [
  row(`committed when offered ${offered}/s (given ${Math.round(load.sent / load.seconds)}/s)`, rateOf(load), '/s'),
  row(`share of its best when offered ${offered}/s`, (100 * rateOf(load)) / best, '%'),
  row(`refused when offered ${offered}/s`, (100 * (load.full + load.other)) / load.sent, '%'),
];

/** u32 length and canonical bytes of each, all accounts in turn; at least `count`. */
function writeTransfers(path: string, count: number): void {
  const accounts = benchAccounts(ACCOUNTS, 'peer');
  const each = Math.ceil(count / ACCOUNTS);
  const out = openSync(path, 'w');
  for (let from = 0; from < each; from += 100) {
    const groups = accounts.map((k) => signTransfers(CHAIN, k, accounts, from, Math.min(100, each - from)));
    const chunk: Uint8Array[] = [];
    for (let i = 0; i < (groups[0]?.length ?? 0); i++)
      for (const group of groups) {
        const { body, signature } = group[i] as (typeof group)[number];
        const encoded = encode(signedTransaction, { body, signature });
        const length = Buffer.alloc(4);
        length.writeUInt32BE(encoded.length);
        chunk.push(length, encoded);
      }
    writeSync(out, Buffer.concat(chunk));
  }
  closeSync(out);
}
