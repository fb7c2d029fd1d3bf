/** The thread of `startProxyThread`. */
import { parentPort } from 'node:worker_threads';
import { type Counters, type NatsProxy, startNatsProxy } from './nats-proxy.ts';
import type { ProxyAnswer, ProxyCommand } from './proxy-thread.ts';

const proxies: NatsProxy[] = [];

async function obey(command: Exclude<ProxyCommand, { readonly set: unknown }>): Promise<unknown> {
  if ('start' in command) {
    const proxy = await startNatsProxy(command.start);
    proxies.push(proxy);
    return proxy.url;
  }
  return proxies.map((p) => p.counters()).reduce(sum, NONE);
}

const NONE: Counters = { passed: 0, dropped: 0, doubled: 0, delayed: 0, reordered: 0, connections: 0 };
const sum = (a: Counters, b: Counters): Counters => ({
  passed: a.passed + b.passed,
  dropped: a.dropped + b.dropped,
  doubled: a.doubled + b.doubled,
  delayed: a.delayed + b.delayed,
  reordered: a.reordered + b.reordered,
  connections: a.connections + b.connections,
});

parentPort?.on('message', (command: ProxyCommand) => {
  if ('set' in command) {
    for (const p of proxies) p.set(command.set);
    return;
  }
  const answer = (what: ProxyAnswer): void => parentPort?.postMessage(what);
  obey(command).then(
    (value) => answer({ id: command.id, value }),
    (error: unknown) => answer({ id: command.id, error }),
  );
});
