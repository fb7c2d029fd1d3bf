/** Carries a schedule out on a network. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Devnet } from '../../apps/bursar/src/devnet/devnet.ts';
import { READY_MS, signalProcess } from '../treasury/network.ts';
import { killsOf, type Strike } from './schedule.ts';

/** @param onStrike told of each when its victims run again. @throws when one does not come back, or ends by itself */
export async function strikeAll(
  net: Devnet,
  strikes: readonly Strike[],
  signal: AbortSignal,
  onStrike: (s: Strike, kills: number) => void,
) {
  let kills = 0;
  for (const strike of strikes) {
    await sleep(strike.afterMs, undefined, { signal });
    net.check();
    await (strike.isFreeze ? freeze(net, strike) : kill(net, strike));
    kills += killsOf(strike);
    onStrike(strike, kills);
  }
}

async function kill(net: Devnet, { names, downMs, againMs }: Strike): Promise<void> {
  const all = (act: (name: string) => Promise<void>) => Promise.all(names.map(act));
  await all((n) => net.kill(n, 'SIGKILL'));
  await sleep(downMs);
  await all((n) => net.start(n));
  if (againMs !== undefined) {
    await sleep(againMs);
    await all((n) => net.kill(n, 'SIGKILL'));
    await all((n) => net.start(n));
  }
  await net.waitReady(READY_MS);
}

async function freeze(net: Devnet, { names, downMs }: Strike): Promise<void> {
  for (const n of names) signalProcess(net, n, 'SIGSTOP');
  await sleep(downMs);
  for (const n of names) signalProcess(net, n, 'SIGCONT');
  await net.waitReady(READY_MS);
}
