/** The devnet that the benches measure: real processes, real NATS, real fsync, in a folder of its own. */
import { join } from 'node:path';
import { surroundings } from '../../apps/bursar/src/config.ts';
import { type Devnet, openDevnet } from '../../apps/bursar/src/devnet/devnet.ts';
import { findPrograms } from '../../apps/bursar/src/devnet/programs.ts';
import { runningProcesses } from '../../apps/bursar/src/devnet/running-file.ts';
import { openSession, type Session } from '../../apps/bursar/src/operations/session.ts';

export interface BenchNetwork {
  readonly net: Devnet;
  readonly session: Session;
  /** pid → kind of process: nats, consensus, storage …; `bench` is this program, the load generator. */
  pids(): Map<number, string>;
  close(): Promise<void>;
}

export async function openBenchNetwork(): Promise<BenchNetwork> {
  const here = surroundings();
  const net = await openDevnet({
    dir: join(here.root, '.bursar', 'bench'),
    programs: await findPrograms(here),
    attached: true,
    anew: true,
  });
  const onExit = () => net.abandon();
  process.once('exit', onExit);
  try {
    await net.startAll();
    await net.waitReady(90_000);
  } catch (e) {
    await net.stopAll();
    throw e;
  }
  const session = openSession(net.at.genesis, net.network);
  return {
    net,
    session,
    pids() {
      const kinds = runningProcesses(net.at).map((p) => [p.pid, p.name.replace(/^validator-\d+-/, '')] as const);
      return new Map([...kinds, [process.pid, 'bench']]);
    },
    async close() {
      session.connection.close();
      await net.stopAll();
      process.off('exit', onExit);
    },
  };
}
