/** Proxies in a thread of their own: a program that is busy with its load must not hold up the network that it watches. */
import { Worker } from 'node:worker_threads';
import type { Fault } from './faults.ts';
import type { Counters, NatsProxyOptions } from './nats-proxy.ts';

export interface ProxyThread {
  /** One more proxy. @returns its address for the process, with the server's credentials */
  start(options: NatsProxyOptions): Promise<string>;
  /** Replaces the faults of all proxies; their windows count from the arrival there. */
  set(faults: readonly Fault[]): void;
  /** Of all proxies together. */
  counters(): Promise<Counters>;
  /** Ends all connections and the thread. */
  close(): Promise<void>;
}
/** To the thread. */
export type ProxyCommand =
  | { readonly id: number; readonly start: NatsProxyOptions }
  | { readonly id: number; readonly counters: true }
  | { readonly set: readonly Fault[] };
/** From it: the address, or the counters. */
export type ProxyAnswer = { readonly id: number; readonly value: unknown } | { readonly id: number; readonly error: unknown };

export function startProxyThread(): ProxyThread {
  const worker = new Worker(new URL('./proxy-worker.ts', import.meta.url));
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  let ids = 0;
  worker.unref();
  worker.on('message', (answer: ProxyAnswer) => {
    const asked = waiting.get(answer.id);
    waiting.delete(answer.id);
    if ('error' in answer) asked?.reject(answer.error);
    else asked?.resolve(answer.value);
  });
  worker.on('error', (error) => {
    throw error; // without its network the program has nothing to say
  });
  const ended = () => new Error('the thread of the proxies has ended');
  worker.on('exit', () => {
    for (const asked of waiting.values()) asked.reject(ended());
    waiting.clear();
  });
  const ask = async (command: (id: number) => ProxyCommand): Promise<unknown> => {
    if (worker.threadId < 0) throw ended();
    const asked = Promise.withResolvers<unknown>();
    waiting.set(++ids, asked);
    worker.postMessage(command(ids));
    return asked.promise;
  };
  return {
    start: async (options) => (await ask((id) => ({ id, start: options }))) as string,
    set: (faults) => worker.postMessage({ set: faults } satisfies ProxyCommand),
    counters: async () => (await ask((id) => ({ id, counters: true }))) as Counters,
    close: async () => void (await worker.terminate()),
  };
}
