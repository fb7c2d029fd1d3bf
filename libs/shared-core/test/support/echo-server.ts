/** An Echo server and a client of it, closed after each test. */
import { afterEach } from '@jest/globals';
import {
  type BursarError,
  type createMetrics,
  createRpcClient,
  createRpcServer,
  type Handlers,
  type RpcClient,
  type RpcServer,
} from '../../src/index.ts';
import { Echo, type EchoService } from './echo.ts';

const open: { server: RpcServer; client: RpcClient<EchoService> }[] = [];
afterEach(async () => {
  for (const { server, client } of open.splice(0)) {
    client.close();
    await server.stop(200);
  }
});

export function deferred<T = void>() {
  return Promise.withResolvers<T>();
}
export async function* range(n: number): AsyncGenerator<{ text: string; number: number }> {
  for (let number = 0; number < n; number++) yield { text: 'n', number };
}
export const echo: Handlers<EchoService> = {
  say: async (note) => note,
  count: (note) => range(note.number),
  async collect(notes) {
    let number = 0;
    for await (const note of notes) number += note.number;
    return { text: 'sum', number };
  },
  async *chat(notes) {
    for await (const note of notes) yield { text: note.text, number: note.number * 2 };
  },
};
export async function start(
  handlers: Partial<Handlers<EchoService>> = {},
  options: { token?: string; unaryMs?: number; maxCalls?: number; metrics?: ReturnType<typeof createMetrics> } = {},
) {
  const { token, ...rest } = options;
  const server = createRpcServer({ bearer: 'right', ...rest });
  server.add(Echo, { ...echo, ...handlers }, 'bearer');
  const port = await server.listen('127.0.0.1', 0);
  const client = createRpcClient(Echo, `127.0.0.1:${port}`, { bearer: token ?? 'right' });
  open.push({ server, client });
  return { server, client, port };
}
export const failure = (promise: Promise<unknown>): Promise<BursarError> =>
  promise.then(
    () => Promise.reject(new Error('no error')),
    (e) => e,
  );
export async function all<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of source) items.push(item);
  return items;
}
/** A handler that waits until its call is over and says why. */
export function waiting() {
  const entered = deferred();
  const left = deferred<BursarError>();
  const wait = async (signal: AbortSignal): Promise<never> => {
    entered.resolve();
    return await new Promise((_, reject) =>
      signal.addEventListener('abort', () => {
        left.resolve(signal.reason);
        reject(signal.reason);
      }),
    );
  };
  return { entered: entered.promise, left: left.promise, wait };
}
