/** `npm run linearize`: a history of real processes under faults, and whether it is linearizable (`--help`). */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { surroundings } from '../../apps/bursar/src/config.ts';
import { type Devnet, openDevnet } from '../../apps/bursar/src/devnet/devnet.ts';
import { validatorAddresses } from '../../apps/bursar/src/devnet/network-file.ts';
import { findPrograms } from '../../apps/bursar/src/devnet/programs.ts';
import { openSession } from '../../apps/bursar/src/operations/session.ts';
import { type NatsProxy, startNatsProxy } from '../../libs/chaos/src/index.ts';
import { type ClientKey, connect, keyFromSeed, readKeyFile } from '../../libs/client/src/index.ts';
import { Random } from '../../libs/simulator/src/world/random.ts';
import { openAccounts } from './accounts.ts';
import { type Bank, bank } from './bank.ts';
import { check, TooLong } from './checker.ts';
import { Client, type Recorded, resolved } from './client.ts';
import { contradictions } from './final-order.ts';
import { killAndRestart } from './nemesis.ts';

const usage = `npm run linearize -- [options]

Four validators as real processes; clients transfer and read while consensus and storage processes are killed and NATS loses, doubles,
delays and reorders. Then the history is checked: one order of all operations must explain every answer.

  --seconds N   how long clients work (default 30)
  --clients N   (default 5)
  --seed S      of the clients' and the faults' choices (default 1); processes have a time of their own
  --json        print the summary as JSON and nothing else
  --help

Exit codes: 0 linearizable; 1 no verdict, or too little was done; 64 wrong arguments; 70 not linearizable.
`;
const FOLDER = join('.tools', 'linearize');
const FUNDS = 100;
const ACCOUNTS = 3;
const PATIENCE_MS = 20_000;
/** Of what consensus sends, both ways, at each validator. */
const FAULTS = [{ drop: 0.03, double: 0.03, reorder: 0.05 }, { jitterMs: 5 }];
/** Fewer prove nothing: on a busy machine clients go on for them, up to a limit. */
const LEAST = { operations: 50, kills: 2 };
const EXTRA_MS = 90_000;

interface Summary {
  readonly operations: number;
  readonly transfers: number;
  readonly refused: number;
  readonly unknown: number;
  readonly reads: number;
  readonly kills: readonly string[];
  readonly lostMessages: number;
  readonly linearizable: boolean | undefined;
  readonly contradictions: readonly string[];
  readonly checkMs: number;
}

async function record(net: Devnet, { seconds, clients: count, seed }: { seconds: number; clients: number; seed: number }) {
  const session = openSession(net.at.genesis, net.network);
  const { chain, genesis } = session;
  const random = new Random(seed);
  const accounts = Array.from({ length: ACCOUNTS }, (_, i): ClientKey => keyFromSeed(Buffer.alloc(32, `linearize ${seed} ${i} `)));
  await openAccounts(session, readKeyFile(net.at.clientKey), accounts, FUNDS);
  const now = () => performance.now();
  const end = now() + seconds * 1_000;
  const connections = Array.from({ length: count }, () => connect(validatorAddresses(net.network)));
  const clients = connections.map(
    (connection, id) => new Client({ id, chain, genesis, connection, accounts, random: random.fork(id), now, patienceMs: PATIENCE_MS }),
  );
  const stop = new AbortController();
  try {
    const kills: string[] = [];
    const nemesis = killAndRestart(net, random.fork(count), stop.signal, kills);
    const isEnough = () => kills.length >= LEAST.kills && clients.reduce((n, c) => n + c.history.length, 0) >= LEAST.operations;
    await Promise.all(clients.map((c) => c.run(() => now() >= end && (isEnough() || now() >= end + EXTRA_MS))));
    stop.abort();
    await nemesis;
    const history = await resolved(
      clients.flatMap((c) => c.history),
      session.connection,
      now,
    );
    return { kills, history };
  } finally {
    stop.abort();
    for (const c of [session.connection, ...connections]) c.close();
  }
}

function judge(history: readonly Recorded[], kills: readonly string[], lostMessages: number): Summary {
  const initial: Bank = Array.from({ length: ACCOUNTS }, () => [FUNDS, 0] as const);
  const count = (test: (o: Recorded) => boolean) => history.filter(test).length;
  const began = performance.now();
  let linearizable: boolean | undefined;
  const wrong = contradictions(initial, history);
  try {
    const verdict = check(bank(initial), history);
    linearizable = verdict.linearizable;
    if (!verdict.linearizable) wrong.push(`none of these can come next: ${JSON.stringify(verdict.stuck.map((i) => history[i]?.input))}`);
  } catch (e) {
    if (!(e instanceof TooLong)) throw e;
    wrong.push(e.message);
  }
  return {
    operations: history.length,
    transfers: count((o) => o.input.kind === 'transfer'),
    refused: count((o) => o.output?.kind === 'refused'),
    unknown: count((o) => o.output === undefined),
    reads: count((o) => o.input.kind === 'read'),
    kills,
    lostMessages,
    linearizable,
    contradictions: wrong,
    checkMs: Math.round(performance.now() - began),
  };
}

async function main(): Promise<number> {
  const text = { type: 'string' } as const;
  let given: { seconds: number; clients: number; seed: number; json: boolean };
  try {
    const flag = { type: 'boolean', default: false } as const;
    const { values } = parseArgs({ options: { seconds: text, clients: text, seed: text, json: flag, help: flag } });
    if (values.help) {
      process.stdout.write(usage);
      return 0;
    }
    const whole = (name: 'seconds' | 'clients' | 'seed', fallback: number): number => {
      const n = Number(values[name] ?? fallback);
      if (!Number.isSafeInteger(n) || n < 1) throw new Error(`--${name} must be a whole number from 1`);
      return n;
    };
    given = { seconds: whole('seconds', 30), clients: whole('clients', 5), seed: whole('seed', 1), json: values.json };
  } catch (e) {
    process.stderr.write(`${e instanceof Error ? e.message : e}\n\n${usage}`);
    return 64;
  }
  mkdirSync(FOLDER, { recursive: true });
  const dir = join(FOLDER, `net-${process.pid}`);
  const proxies: NatsProxy[] = [];
  const net = await openDevnet({
    dir,
    programs: await findPrograms(surroundings()),
    attached: true,
    anew: true,
    natsUrl: async (validator, upstream) => {
      const proxy = await startNatsProxy({ upstream, seed: given.seed * 16 + validator, faults: FAULTS });
      proxies.push(proxy);
      return proxy.url;
    },
  });
  process.once('exit', () => net.abandon());
  try {
    await net.startAll();
    await net.waitReady(120_000);
    const { kills, history } = await record(net, given);
    const summary = judge(
      history,
      kills,
      proxies.reduce((n, p) => n + p.counters().dropped, 0),
    );
    const isEnough = summary.operations >= LEAST.operations && kills.length >= LEAST.kills;
    const isRight = summary.linearizable === true && summary.contradictions.length === 0;
    if (given.json) process.stdout.write(`${JSON.stringify(summary)}\n`);
    else
      for (const [name, value] of Object.entries(summary))
        process.stdout.write(`${name.padEnd(16)} ${typeof value === 'object' ? JSON.stringify(value) : value}\n`);
    if (!isRight) {
      const file = join(FOLDER, `history-${process.pid}.json`);
      writeFileSync(
        file,
        JSON.stringify(
          history.map(({ signed, ...o }) => ({ ...o, signed: signed.map((t) => t.id) })),
          null,
          1,
        ),
      );
      process.stderr.write(`The history: ${file}\n`);
    }
    if (!isRight) return summary.linearizable === undefined && summary.contradictions.length === 1 ? 1 : 70;
    return isEnough ? 0 : 1;
  } finally {
    await net.stopAll();
    await Promise.all(proxies.map((p) => p.close()));
    rmSync(dir, { recursive: true, force: true });
  }
}

process.exitCode = await main();
