/** Enough of a NATS server to misbehave while connecting: each connection behaves as its place in the order says. */
import { createServer, type Socket } from 'node:net';

export type Mood =
  /** Serves. */
  | 'fair'
  /** Takes the connection and says nothing until `speak`. */
  | 'silent';
export interface MoodyNats {
  readonly url: string;
  /** In order of arrival. */
  readonly connections: readonly { readonly socket: Socket; readonly ended: Promise<void> }[];
  /** Resolves when connection `place` is there. */
  arrived(place: number): Promise<void>;
  /** The first words of the server on a connection that had none. */
  speak(place: number): void;
  /** Places of the clients that have introduced themselves and are still there. */
  served(): number[];
  close(): Promise<void>;
}

const INFO = `INFO ${JSON.stringify({ server_id: 'moody', version: '2.10.0', proto: 1, headers: true, max_payload: 1_048_576 })}\r\n`;

/** @param moods of the first connections; later ones are fair */
export async function startMoodyNats(moods: readonly Mood[]): Promise<MoodyNats> {
  const connections: { socket: Socket; ended: Promise<void> }[] = [];
  const served = new Set<number>();
  const waiting = new Map<number, () => void>();
  const server = createServer((socket) => {
    const place = connections.length;
    const { promise: ended, resolve } = Promise.withResolvers<void>();
    connections.push({ socket, ended });
    socket.on('error', () => {});
    socket.on('close', () => {
      served.delete(place);
      resolve();
    });
    socket.on('data', (data) => {
      const said = data.toString('latin1');
      if (said.startsWith('CONNECT')) served.add(place);
      if (said.includes('PING\r\n')) socket.write('PONG\r\n');
    });
    if ((moods[place] ?? 'fair') === 'fair') socket.write(INFO);
    waiting.get(place)?.();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `nats://127.0.0.1:${(server.address() as { port: number }).port}`,
    connections,
    arrived: (place) => (connections.length > place ? Promise.resolve() : new Promise((resolve) => waiting.set(place, resolve))),
    speak: (place) => void connections[place]?.socket.write(INFO),
    served: () => [...served],
    async close() {
      for (const { socket } of connections) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
