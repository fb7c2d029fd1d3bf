/** `--only catch-up`: a validator with an empty disk beside three that hold 100,000 small blocks (K7). */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { surroundings } from '../../apps/bursar/src/config.ts';
import { openDevnet } from '../../apps/bursar/src/devnet/devnet.ts';
import { addressOf } from '../../apps/bursar/src/devnet/network-file.ts';
import { findPrograms } from '../../apps/bursar/src/devnet/programs.ts';
import { waitReady } from '../../apps/bursar/src/devnet/readiness.ts';
import { runningProcesses } from '../../apps/bursar/src/devnet/running-file.ts';
import { EXECUTOR, serviceName } from '../../apps/bursar/src/devnet/services.ts';
import { openKeystore } from '../../apps/crypto-signing/src/adapters/keystore.ts';
import { cursorFile } from '../../apps/storage/src/adapters/cursor-file.ts';
import { readKeyFile } from '../../libs/client/src/index.ts';
import { batchDigest, certificateDigest, formatGenesis, fromHex, headerDigest, parseGenesis } from '../../libs/protocol/src/index.ts';
import { ledger } from '../../libs/protocol/src/rpc.ts';
import { createRpcClient } from '../../libs/shared-core/src/index.ts';
import type { Context } from './context.ts';
import { cpuUs } from './cpu.ts';
import { type MadeChain, makeChain, UNNAMED_EVERY } from './made-chain.ts';
import type { Row } from './row.ts';

const BLOCKS = 100_000;
const JOINER = 3;
const CELL = ['crypto-signing', 'storage', 'validator-set', 'consensus'] as const;
/** A replay of so many blocks at the start of each storage. */
const READY_MS = 300_000;
const CATCH_UP_MS = 300_000;

export async function benchCatchUp({ limits, folder, say, closeNetwork }: Context): Promise<Row[]> {
  await closeNetwork();
  const here = surroundings();
  const dir = join(folder, 'catch-up');
  const options = { dir, programs: await findPrograms(here), attached: true, without: [EXECUTOR] };
  const { at } = await openDevnet({ ...options, anew: true });
  // Its genesis a day ago: the blocks are made now, and their times must not lie ahead of the clock.
  const { genesis } = parseGenesis(readFileSync(at.genesis, 'utf8'));
  const text = formatGenesis({ ...genesis, time: genesis.time - 86_400_000 });
  const old = parseGenesis(text);
  writeFileSync(at.genesis, text);
  writeFileSync(at.network, JSON.stringify({ ...JSON.parse(readFileSync(at.network, 'utf8')), chain: old.chain }));
  const keys = genesis.validators.map((_, i) => openKeystore(at.keystore(i), readFileSync(at.passphrase(i), 'utf8').trim()));
  const client = readKeyFile(at.clientKey);
  const folders = [0, 1, 2].map((i) => join(at.data(i, 'storage'), 'blocks'));
  say(`Making ${BLOCKS} blocks.`);
  const made = await makeChain(old.genesis, keys, { ...client, publicKey: fromHex(client.publicKey) }, BLOCKS, folders);
  for (const i of [0, 1, 2]) await cursorFile(join(at.data(i, 'storage'), 'outbox')).save(BLOCKS); // who grew so tall has told of it

  const net = await openDevnet(options);
  const onExit = () => net.abandon();
  process.once('exit', onExit);
  const alive = setInterval(() => {}, 60_000); // waiting for a killed process keeps nothing alive
  const statuses = net.network.validators.map((v) => createRpcClient(ledger.Ledger, addressOf(v.storage), { unaryMs: 5_000 }));
  const height = async (i: number) => Number((await statuses[i]?.getStatus({}).catch(() => undefined))?.height ?? 0);
  const until = async (what: string, limitMs: number, is: () => Promise<boolean>) => {
    for (const end = performance.now() + limitMs; !(await is()); await sleep(100)) {
      net.check();
      if (performance.now() > end) throw new Error(`${what} did not happen within ${limitMs} ms`);
    }
  };
  try {
    say('Starting three validators on them.');
    await net.startAll();
    for (const app of CELL) await net.kill(serviceName(JOINER, app), 'SIGKILL');
    // The chain goes on above what was made: the three hold it and have a quorum.
    await until('a block above the made ones', READY_MS, async () => (await height(0)) > BLOCKS);
    const theirs = net.specs.filter((s) => !CELL.some((app) => s.name === serviceName(JOINER, app)));
    await waitReady(
      theirs.map((s) => ({ name: s.name, adminPort: s.ports.admin, log: at.log(s.name) })),
      () => net.check(),
      READY_MS,
    );
    say('A fourth joins.');
    const started = performance.now();
    for (const app of CELL) await net.start(serviceName(JOINER, app));
    await until('the first block of the new validator', CATCH_UP_MS, async () => (await height(JOINER)) > 0);
    const began = performance.now();
    const before = new Map(runningProcesses(net.at).map(({ pid, name }) => [name, cpuUs(pid)]));
    await until('the last block of the new validator', CATCH_UP_MS, async () => (await height(JOINER)) >= BLOCKS);
    const seconds = (performance.now() - began) / 1_000;
    const cpu = runningProcesses(net.at).map(({ pid, name }) => ({ name, us: (cpuUs(pid) - (before.get(name) ?? 0)) / BLOCKS }));
    await until(
      'a block that the new validator helped to make final',
      CATCH_UP_MS,
      async () => (await height(JOINER)) >= (await height(0)),
    );
    return rows(made, limits().verifyUs, seconds, (began - started) / 1_000, cpu);
  } finally {
    clearInterval(alive);
    for (const s of statuses) s.close();
    await net.stopAll();
    process.off('exit', onExit);
  }
}

function rows(
  made: MadeChain,
  verifyUs: number,
  seconds: number,
  startSeconds: number,
  cpu: readonly { name: string; us: number }[],
): Row[] {
  const bench = 'catch-up';
  const cores = navigator.hardwareConcurrency;
  const signatures = 3 / UNNAMED_EVERY + 4 / 128;
  const checkUs = signatures * verifyUs + hashUs(made);
  const sum = (is: (name: string) => boolean) => cpu.filter((c) => is(c.name)).reduce((s, c) => s + c.us, 0);
  const own = (app: string) => sum((name) => name === serviceName(JOINER, app as (typeof CELL)[number]));
  return [
    {
      bench,
      what: `blocks a second, ${BLOCKS} small blocks onto an empty disk`,
      value: BLOCKS / seconds,
      unit: '/s',
      limit: { value: (1e6 * cores) / checkUs, what: 'hashes and signatures alone' },
    },
    { bench, what: 'the same, to the last block (from the first)', value: seconds, unit: 's' },
    { bench, what: 'start of the processes to the first block', value: startSeconds, unit: 's' },
    { bench, what: 'signatures and hashes of a block, once', value: checkUs, unit: 'µs' },
    { bench, what: 'CPU a block: its storage', value: own('storage'), unit: 'µs' },
    { bench, what: 'CPU a block: its consensus', value: own('consensus'), unit: 'µs' },
    { bench, what: 'CPU a block: its validator-set', value: own('validator-set'), unit: 'µs' },
    {
      bench,
      what: 'CPU a block: the other three and NATS',
      value: sum((name) => !name.startsWith(`validator-${JOINER}-`)),
      unit: 'µs',
    },
  ];
}

/** What must be hashed of a block: header, certificate, batch. */
function hashUs({ sample: { header, certificate, batch } }: MadeChain): number {
  const times = 5_000;
  const started = performance.now();
  for (let i = 0; i < times; i++) {
    headerDigest(header);
    certificateDigest(certificate);
    batchDigest(batch);
  }
  return ((performance.now() - started) * 1_000) / times;
}
