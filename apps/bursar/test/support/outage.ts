/** Kills NATS and measures how long the chain stands still after its return. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Devnet } from '../../src/devnet/devnet.ts';
import { NATS } from '../../src/devnet/nats-server.ts';
import type { Session } from '../../src/operations/session.ts';

export interface Outage {
  /** From the start of the new server process until a quorum of storages held a block that no storage held before, ms. */
  readonly progressMs: number;
  /** Until all of them did. */
  readonly allMs: number;
}

const LIMIT_MS = 60_000;

/** @param downMs how long there is no server. @throws when nothing moves within a minute */
export async function natsOutage(net: Devnet, { connection }: Session, downMs: number): Promise<Outage> {
  const heights = () =>
    Promise.all(connection.validators.map(async (v) => Number((await v.ledger.getStatus({}).catch(() => ({ height: 0n }))).height)));
  await net.kill(NATS, 'SIGKILL');
  await sleep(downMs);
  const before = Math.max(...(await heights()));
  const started = performance.now();
  await net.start(NATS);
  const quorum = connection.validators.length - Math.floor((connection.validators.length - 1) / 3);
  let progressMs: number | undefined;
  for (;;) {
    const moved = (await heights()).filter((h) => h > before).length;
    const passedMs = performance.now() - started;
    if (moved >= quorum) progressMs ??= passedMs;
    if (moved === connection.validators.length) return { progressMs: progressMs ?? passedMs, allMs: passedMs };
    if (passedMs > LIMIT_MS) throw new Error(`${LIMIT_MS} ms after the return of NATS ${moved} validators have moved`);
    await sleep(20);
  }
}
