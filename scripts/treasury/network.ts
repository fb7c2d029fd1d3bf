/** A treasury under faults: validators, an executor and its standby, real processes in a folder of their own. */
import { surroundings } from '../../apps/bursar/src/config.ts';
import { type Devnet, type DevnetOptions, openDevnet } from '../../apps/bursar/src/devnet/devnet.ts';
import { findPrograms } from '../../apps/bursar/src/devnet/programs.ts';
import { runningProcesses } from '../../apps/bursar/src/devnet/running-file.ts';
import { openSession, type Session } from '../../apps/bursar/src/operations/session.ts';

export interface TreasuryNetwork {
  readonly net: Devnet;
  readonly session: Session;
  close(): Promise<void>;
}
export const READY_MS = 120_000;
/** Short, so that a failover takes seconds: one is waited for again and again. */
export const LEASE_MS = 3_000;

/** Four validators: the fewest that bear a fault of one (n = 3f + 1). @param dir thrown away first */
export async function openTreasuryNetwork(dir: string, options: Partial<DevnetOptions> = {}): Promise<TreasuryNetwork> {
  const net = await openDevnet({
    programs: await findPrograms(surroundings()),
    attached: true,
    anew: true,
    standbys: 1,
    genesis: (made) => ({ ...made, leaseMs: LEASE_MS }),
    ...options,
    dir,
  });
  const onExit = () => net.abandon();
  process.once('exit', onExit);
  const stop = async () => {
    await net.stopAll();
    process.off('exit', onExit);
  };
  try {
    await net.startAll();
    await net.waitReady(READY_MS);
  } catch (e) {
    await stop();
    throw e;
  }
  const session = openSession(net.at.genesis, net.network);
  return {
    net,
    session,
    async close() {
      session.connection.close();
      await stop();
    },
  };
}

/** Sends a signal that a process outlives. */
export function signalProcess(net: Devnet, name: string, signal: 'SIGSTOP' | 'SIGCONT'): void {
  const found = runningProcesses(net.at).find((p) => p.name === name);
  if (found) process.kill(-found.pid, signal);
}
