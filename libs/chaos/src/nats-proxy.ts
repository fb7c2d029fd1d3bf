/** A TCP proxy between one process and NATS that knows messages from commands and does to them what its faults say. */
import { connect, createServer, type Socket } from 'node:net';
import { Random } from '@bursar/simulator';
import { DelayLine } from './delay-line.ts';
import { type Direction, type Fault, fateOf } from './faults.ts';
import { type Frame, FrameReader } from './nats-frames.ts';

export interface NatsProxyOptions {
  /** `nats://user:password@host:port` of the server. It need not run yet. */
  readonly upstream: string;
  /** Default: any free one. */
  readonly port?: number;
  /** The same numbers are drawn again; what they befall depends on the messages. */
  readonly seed: number;
  readonly faults?: readonly Fault[];
}
/** Messages so far; control commands are not counted. */
export interface Counters {
  /** Went on, delayed or not; a doubled one counts once. */
  readonly passed: number;
  readonly dropped: number;
  readonly doubled: number;
  readonly delayed: number;
  readonly reordered: number;
  /** Connections now. */
  readonly connections: number;
}
export interface NatsProxy {
  /** For the process, with the server's credentials. */
  readonly url: string;
  /** Replaces all faults; their windows count from now. */
  set(faults: readonly Fault[]): void;
  counters(): Counters;
  /** Ends all connections; clients may connect again at once. */
  cut(): void;
  close(): Promise<void>;
}

const HOST = '127.0.0.1';
const MAX_CONNECTIONS = 64;
/** Requests whose answers are recognised. */
const REPLIES_KEPT = 4_096;
const INBOX = '_INBOX.';

export async function startNatsProxy({ upstream, port = 0, seed, faults: first = [] }: NatsProxyOptions): Promise<NatsProxy> {
  const target = new URL(upstream);
  const random = new Random(seed);
  const counts = { passed: 0, dropped: 0, doubled: 0, delayed: 0, reordered: 0 };
  const pairs = new Set<() => void>();
  /** Reply subject → what was asked. */
  const asked = new Map<string, string>();
  let faults = first;
  let sinceMs = performance.now();

  const meant = ({ subject, reply }: NonNullable<Frame['message']>): string => {
    if (reply?.startsWith(INBOX)) {
      asked.set(reply, subject);
      for (const oldest of asked.keys()) {
        if (asked.size <= REPLIES_KEPT) break;
        asked.delete(oldest);
      }
    }
    return asked.get(subject) ?? subject;
  };
  const pass = ({ bytes, message }: Frame, direction: Direction, line: DelayLine): void => {
    if (!message) {
      line.push(bytes, 0, 0); // in its place: a PONG must not confirm what is still under way
      return;
    }
    const { copies, delayMs, heldMs } = fateOf(faults, direction, meant(message), performance.now() - sinceMs, random);
    if (copies === 0) {
      counts.dropped++;
      return;
    }
    counts.passed++;
    if (copies === 2) counts.doubled++;
    if (delayMs > 0) counts.delayed++;
    if (heldMs > 0) counts.reordered++;
    for (let i = 0; i < copies; i++) line.push(bytes, delayMs, heldMs);
  };

  const server = createServer((client) => {
    const remote = connect({ host: target.hostname, port: Number(target.port || 4222) });
    const lines: DelayLine[] = [];
    const end = () => {
      pairs.delete(end);
      for (const line of lines) line.stop();
      for (const socket of [client, remote]) socket.destroy();
    };
    pairs.add(end);
    const join = (from: Socket, to: Socket, direction: Direction) => {
      const reader = new FrameReader();
      const line = new DelayLine(from, to);
      lines.push(line);
      from.setNoDelay(true);
      from.on('data', (chunk: Buffer) => {
        try {
          for (const frame of reader.push(chunk)) pass(frame, direction, line);
          line.release();
        } catch {
          end(); // not NATS: nothing after it can be understood
        }
      });
      from.on('end', () => line.end());
      from.on('error', end);
      from.on('close', (hadError) => (hadError || to.destroyed ? end() : line.end()));
    };
    join(client, remote, 'out');
    join(remote, client, 'in');
  });
  server.maxConnections = MAX_CONNECTIONS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: HOST, port }, () => resolve());
  });
  const url = new URL(upstream);
  url.hostname = HOST;
  url.port = String((server.address() as { port: number }).port);
  const cut = () => {
    for (const end of pairs) end();
  };
  return {
    url: url.href,
    set(next) {
      faults = next;
      sinceMs = performance.now();
    },
    counters: () => ({ ...counts, connections: pairs.size }),
    cut,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        cut();
      }),
  };
}
