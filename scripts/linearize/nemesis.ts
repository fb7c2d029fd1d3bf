/** Kills consensus and storage processes, one at a time, while clients are at work. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Devnet } from '../../apps/bursar/src/devnet/devnet.ts';
import type { Random } from '../../libs/simulator/src/world/random.ts';

const READY_MS = 60_000;

/** @param killed gets the name of each that was killed, as soon as it was */
export async function killAndRestart(net: Devnet, random: Random, signal: AbortSignal, killed: string[]): Promise<void> {
  const pause = (fromMs: number, toMs: number) => sleep(random.between(fromMs, toMs), undefined, { signal }).catch(() => {});
  while (!signal.aborted) {
    await pause(300, 1_500);
    if (signal.aborted) break;
    const name = `validator-${random.below(net.network.validators.length)}-${random.pick(['consensus', 'storage'])}`;
    await net.kill(name, 'SIGKILL');
    killed.push(name);
    await pause(100, 1_500);
    await net.start(name);
    await net.waitReady(READY_MS);
  }
}
