import { createServer } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { networkWithPorts, portsNeeded, portsOf } from '../src/devnet/network-file.ts';
import { findPorts, HIGHEST_PORT, isFree, LOWEST_PORT } from '../src/devnet/ports.ts';

describe('ports of a local network', () => {
  it('are free, different, and below the range from which outgoing connections take theirs', async () => {
    const ports = await findPorts(portsNeeded(4));
    expect(new Set(ports).size).toBe(portsNeeded(4));
    expect(Math.min(...ports)).toBeGreaterThanOrEqual(LOWEST_PORT);
    expect(Math.max(...ports)).toBeLessThan(HIGHEST_PORT);
  });
  it('are seen to be taken while somebody listens', async () => {
    const [port = 0] = await findPorts(1);
    const server = createServer();
    await new Promise<void>((done) => server.listen(port, '127.0.0.1', done));
    expect(await isFree(port)).toBe(false);
    await new Promise((done) => server.close(done));
    expect(await isFree(port)).toBe(true);
  });
  it.each([
    [1, 0],
    [4, 0],
    [7, 2],
  ])('are handed out once each to %d validators and %d standby executors', (n, standbys) => {
    const ports = Array.from({ length: portsNeeded(n, standbys) }, (_, i) => 10_000 + i);
    expect(portsOf(networkWithPorts('00'.repeat(32), n, ports, standbys)).sort()).toEqual(ports);
    expect(() => networkWithPorts('00'.repeat(32), n, ports.slice(1), standbys)).toThrow(/ports are needed/);
  });
});
