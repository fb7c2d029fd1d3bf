import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startTcpLink, type TcpLink } from '../src/index.ts';

let server: Server;
let link: TcpLink;
beforeEach(async () => {
  server = createServer((s) => s.on('data', (d) => s.write(`echo ${d}`)).on('error', () => {}));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  link = await startTcpLink(`127.0.0.1:${(server.address() as { port: number }).port}`);
});
afterEach(async () => {
  await link.close();
  server.close();
});
const dial = async () => {
  const [host, port] = link.address.split(':');
  const socket = connect(Number(port), host);
  await once(socket, 'connect');
  return socket;
};
const heard = async (socket: Awaited<ReturnType<typeof dial>>): Promise<string> => String((await once(socket, 'data'))[0]);

describe('C14 a link that can be cut', () => {
  it('passes what is sent, both ways', async () => {
    const socket = await dial();
    socket.write('a');
    expect(await heard(socket)).toBe('echo a');
    socket.destroy();
  });
  it('ends what is open and what is new while it refuses', async () => {
    const old = await dial();
    const ended = once(old, 'close');
    link.refuse();
    await ended;
    const late = await dial();
    await once(late, 'close');
    link.heal();
    const again = await dial();
    again.write('a');
    expect(await heard(again)).toBe('echo a');
    again.destroy();
  });
  it('is silent while it is cut, to old and new connections, and then brings everything', async () => {
    const old = await dial();
    old.write('a');
    await heard(old);
    link.cut();
    const late = await dial();
    const said: string[] = [];
    for (const s of [old, late]) s.on('data', (d) => said.push(String(d)));
    old.write('b');
    late.write('c');
    const other = await startTcpLink(`127.0.0.1:${(server.address() as { port: number }).port}`);
    const [host, port] = other.address.split(':');
    const witness = connect(Number(port), host);
    witness.write('d');
    await once(witness, 'data'); // the server answers others meanwhile
    expect(said).toEqual([]);
    link.heal();
    while (said.length < 2) await Promise.race([once(old, 'data'), once(late, 'data')]);
    expect(said.sort()).toEqual(['echo b', 'echo c']);
    for (const s of [old, late, witness]) s.destroy();
    await other.close();
  });
});
