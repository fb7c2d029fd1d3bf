import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { type Bus, type BusStatus, connectNats } from '../src/index.ts';
import { type Mood, type MoodyNats, startMoodyNats } from './support/moody-nats.ts';

let server: MoodyNats | undefined;
let bus: Bus | undefined;
afterEach(async () => {
  await bus?.close(50);
  await server?.close();
});
async function connected(...moods: Mood[]) {
  server = await startMoodyNats(moods);
  bus = await connectNats({ url: server.url, name: 'test' });
  return { server, bus };
}
/** Resolves when the bus says so. */
const until = (on: Bus, wanted: BusStatus['kind']) =>
  new Promise<void>((resolve) => {
    const leave = on.onStatus(({ kind }) => {
      if (kind !== wanted) return;
      leave();
      resolve();
    });
  });

describe('one connection to NATS after another', () => {
  it('a connection that came too late to be used, and ends later, does not bring a second one beside that in use', async () => {
    const { server, bus } = await connected('fair', 'silent');
    const back = until(bus, 'connected');
    server.connections[0]?.socket.destroy();
    await server.arrived(2); // the second said nothing in time
    await back;
    expect(server.served()).toEqual([2]);
    server.speak(1);
    await sleep(100);
    server.connections[1]?.socket.destroy();
    await sleep(1_000); // a new connection would take a tenth of it
    expect({ served: server.served(), arrived: server.connections.length }).toEqual({ served: [2], arrived: 3 });
  });
  it('of several servers, one that speaks too late and then ends does not end the connection to another', async () => {
    server = await startMoodyNats(['silent']);
    bus = await connectNats({ url: `${server.url},${server.url}`, name: 'test' });
    expect(server.served()).toEqual([1]);
    const said: string[] = [];
    bus.onStatus(({ kind }) => said.push(kind));
    server.speak(0);
    await sleep(100);
    server.connections[0]?.socket.destroy();
    await server.connections[0]?.ended;
    await bus.flush();
    expect({ said, served: server.served() }).toEqual({ said: [], served: [1] });
  });
  it('a server that takes nothing more is left, however much of what we sent it has not taken', async () => {
    const { server, bus } = await connected();
    const lost = until(bus, 'disconnected');
    const back = until(bus, 'connected');
    server.connections[0]?.socket.pause();
    const isLost = lost.then(() => true);
    while (!(await Promise.race([isLost, sleep(20, false)]))) bus.publish('test.full', new Uint8Array(500_000));
    await back;
    expect(bus.connected).toBe(true);
    expect(server.served().at(-1)).toBe(1);
  }, 20_000);
  it('who waits for an answer when the connection is lost is told at once', async () => {
    const { server, bus } = await connected();
    const asked = bus.request('test.ask', new Uint8Array(1), { timeoutMs: 60_000 });
    await bus.flush();
    server.connections[0]?.socket.destroy();
    await expect(asked).rejects.toMatchObject({ code: 6001, message: expect.stringContaining('the connection to NATS is lost') });
  });
  it('so is who waits for the server to have taken everything', async () => {
    const { server, bus } = await connected();
    server.connections[0]?.socket.pause();
    const flushed = bus.flush(60_000);
    server.connections[0]?.socket.destroy();
    await expect(flushed).rejects.toMatchObject({ code: 6001, message: expect.stringContaining('the connection is lost') });
  });
  it('close ends the search for a server', async () => {
    const { server, bus } = await connected('fair', 'silent', 'silent');
    const lost = until(bus, 'disconnected');
    server.connections[0]?.socket.destroy();
    await lost;
    await server.arrived(1);
    await bus.close();
    expect(bus.connected).toBe(false);
    server.speak(1); // the try under way succeeds after all, and is ended
    await server.connections[1]?.ended;
    expect(server.connections.length).toBe(2);
  });
});
