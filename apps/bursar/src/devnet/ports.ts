/** Free ports below the kernel's ephemeral range, so that no outgoing connection of anybody takes one between two runs. */
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { networkFailed } from '../errors.ts';

export const LOWEST_PORT = 10_000;
export const HIGHEST_PORT = 30_000;
const TRIES = 50;

/** Whether a listener can have the port right now. */
export function isFree(port: number, address = '127.0.0.1'): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ port, host: address, exclusive: true }, () => probe.close(() => resolve(true)));
  });
}

/** `count` free ports side by side at a random place: two networks that look at the same moment rarely meet. @throws exit 69 */
export async function findPorts(count: number): Promise<number[]> {
  for (let i = 0; i < TRIES; i++) {
    const first = randomInt(LOWEST_PORT, HIGHEST_PORT - count);
    const ports = Array.from({ length: count }, (_, k) => first + k);
    const free = await Promise.all(ports.map((p) => isFree(p)));
    if (free.every(Boolean)) return ports;
  }
  throw networkFailed(
    `no ${count} free ports side by side were found between ${LOWEST_PORT} and ${HIGHEST_PORT}`,
    'Stop programs that listen there, then try again.',
  );
}
