/** A link between a program and a server that can be cut (C14): what is sent then is neither answered nor refused, and arrives when it is healed. */
import { connect, createServer, type Socket } from 'node:net';

export interface TcpLink {
  /** `host:port` to give to the program instead of the server's own. */
  readonly address: string;
  cut(): void;
  /** Ends what is open and each new connection at once: as if nobody listened. */
  refuse(): void;
  heal(): void;
  close(): Promise<void>;
}

/** @param upstream `host:port` of the server */
export async function startTcpLink(upstream: string): Promise<TcpLink> {
  const [host = '', port = ''] = upstream.split(':');
  const pairs = new Set<readonly [Socket, Socket]>();
  let isCut = false;
  let isRefused = false;
  const join = ([a, b]: readonly [Socket, Socket]): void => {
    a.pipe(b);
    b.pipe(a);
  };
  const part = (pair: readonly [Socket, Socket]): void => {
    for (const s of pair) s.unpipe().pause();
  };
  const server = createServer((client) => {
    if (isRefused) return void client.destroy();
    const pair = [client, connect(Number(port), host)] as const;
    pairs.add(pair);
    const end = (): void => {
      for (const s of pair) s.destroy();
      pairs.delete(pair);
    };
    for (const s of pair) s.setNoDelay(true).on('error', end).on('close', end);
    if (!isCut) join(pair);
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const { port: own } = server.address() as { port: number };
  return {
    address: `127.0.0.1:${own}`,
    cut() {
      isCut = true;
      for (const pair of pairs) part(pair);
    },
    refuse() {
      isRefused = true;
      for (const pair of pairs) for (const s of pair) s.destroy();
    },
    heal() {
      isRefused = false;
      if (!isCut) return;
      isCut = false;
      for (const pair of pairs) join(pair);
    },
    async close() {
      for (const pair of pairs) for (const s of pair) s.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
