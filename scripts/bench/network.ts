/** The devnets that the benches measure: real processes, real NATS, real fsync, each in a folder of its own. */
import { surroundings } from '../../apps/bursar/src/config.ts';
import { type Devnet, type DevnetOptions, openDevnet } from '../../apps/bursar/src/devnet/devnet.ts';
import { findPorts } from '../../apps/bursar/src/devnet/ports.ts';
import { findPrograms } from '../../apps/bursar/src/devnet/programs.ts';
import { runningProcesses } from '../../apps/bursar/src/devnet/running-file.ts';
import { openSession, type Session } from '../../apps/bursar/src/operations/session.ts';

export interface BenchNetwork {
  readonly net: Devnet;
  readonly session: Session;
  /** Where the NATS server answers questions about itself. */
  readonly natsMonitor: string;
  /** pid → kind of process: nats-server, consensus, storage …; `bench` is this program, the load generator. */
  pids(): Map<number, string>;
  close(): Promise<void>;
}

/** @param dir thrown away first */
export async function openBenchNetwork(
  dir: string,
  options: Pick<DevnetOptions, 'validators' | 'natsUrl' | 'env'> = {},
): Promise<BenchNetwork> {
  const [natsMonitorPort] = (await findPorts(1)) as [number];
  const net = await openDevnet({
    dir,
    programs: await findPrograms(surroundings()),
    attached: true,
    anew: true,
    natsMonitorPort,
    ...options,
  });
  const onExit = () => net.abandon();
  process.once('exit', onExit);
  const stop = async () => {
    await net.stopAll();
    process.off('exit', onExit);
  };
  try {
    await net.startAll();
    await net.waitReady(90_000);
  } catch (e) {
    await stop();
    throw e;
  }
  const session = openSession(net.at.genesis, net.network);
  return {
    net,
    session,
    natsMonitor: `http://127.0.0.1:${natsMonitorPort}`,
    pids() {
      const kinds = runningProcesses(net.at).map((p) => [p.pid, p.name.replace(/^validator-\d+-/, '')] as const);
      return new Map([...kinds, [process.pid, 'bench']]);
    },
    async close() {
      session.connection.close();
      await stop();
    },
  };
}
