/** A bus inside one process, for unit tests: same rules as NATS, delivery in a later turn. */
import { coreError, rejection } from '../errors.ts';
import type { Bus, BusHeaders, BusMessage, BusObserver, BusStatus } from './bus.ts';
import { checkAnswer, checkSubject, deliverTo, errorHeaders, subscriptionOf, withTrace } from './delivery.ts';

interface Envelope extends BusMessage {
  readonly reply?: (headers: BusHeaders, data: Uint8Array) => void;
}
interface Listener {
  readonly matches: (subject: string) => boolean;
  readonly group: string | undefined;
  push(message: Envelope): void;
}
export interface MemoryBus extends Bus {
  /** While down, publish answers false and requests fail. */
  setConnected(connected: boolean): void;
}

export function createMemoryBus(observer: BusObserver = {}): MemoryBus {
  const listeners = new Set<Listener>();
  const statusListeners = new Set<(status: BusStatus) => void>();
  let connected = true;
  let closed = false;
  const tell = (status: BusStatus) => {
    for (const listener of statusListeners) listener(status);
  };
  const receivers = (subject: string): Listener[] => {
    const matching = [...listeners].filter((l) => l.matches(subject));
    return matching.filter((l) => l.group === undefined || l === matching.find((other) => other.group === l.group));
  };
  const listen = (subject: string, handler: (message: Envelope) => unknown, options: Parameters<Bus['subscribe']>[2]) => {
    checkSubject(subject, true);
    if (closed) throw coreError('Cancelled', 'the bus is closed');
    const queue = deliverTo<Envelope>(handler, options, observer);
    const listener: Listener = {
      matches: matcher(subject),
      group: options.group,
      push: (message) => setImmediate(() => queue.push(message)),
    };
    listeners.add(listener);
    return subscriptionOf(queue as never, () => void listeners.delete(listener));
  };
  return {
    get connected() {
      return connected && !closed;
    },
    publish(subject, data, headers) {
      checkSubject(subject, false);
      if (!connected || closed) {
        observer.onDrop?.('disconnected');
        return false;
      }
      const message = { subject, data: new Uint8Array(data), headers: withTrace(headers) };
      for (const receiver of receivers(subject)) receiver.push(message);
      return true;
    },
    subscribe: listen,
    respond: (subject, responder, options) =>
      listen(
        subject,
        async (message) => {
          try {
            message.reply?.({}, await responder(message));
          } catch (error) {
            message.reply?.(errorHeaders(error), new Uint8Array(0));
            throw error;
          }
        },
        options,
      ),
    async request(subject, data, { timeoutMs, headers }) {
      checkSubject(subject, false);
      const to = receivers(subject);
      if (!connected || closed || to.length === 0) throw rejection('PeerUnreachable', `nobody answers ${subject}`);
      const { promise, resolve, reject } = Promise.withResolvers<BusMessage>();
      const timer = setTimeout(() => reject(rejection('ProcessingTimeout', `${subject} did not answer in ${timeoutMs} ms`)), timeoutMs);
      const reply = (answerHeaders: BusHeaders, answer: Uint8Array) => resolve({ subject, data: answer, headers: answerHeaders });
      const message = { subject, data: new Uint8Array(data), headers: withTrace(headers), reply };
      for (const receiver of to) receiver.push(message);
      return checkAnswer(await promise.finally(() => clearTimeout(timer)));
    },
    async flush() {
      if (!connected || closed) throw rejection('PeerUnreachable', 'there is no connection');
      await new Promise((resolve) => setImmediate(resolve));
    },
    async reconnect() {
      if (!connected || closed) return;
      tell({ kind: 'disconnected' });
      tell({ kind: 'connected' });
    },
    onStatus(listener) {
      statusListeners.add(listener);
      return () => statusListeners.delete(listener);
    },
    setConnected(now) {
      if (connected === now) return;
      connected = now;
      tell({ kind: now ? 'connected' : 'disconnected' });
    },
    async close() {
      if (closed) return;
      closed = true;
      listeners.clear();
      tell({ kind: 'closed' });
    },
  };
}

function matcher(pattern: string): (subject: string) => boolean {
  const wanted = pattern.split('.');
  return (subject) => {
    const tokens = subject.split('.');
    const rest = wanted.at(-1) === '>';
    if (rest ? tokens.length < wanted.length : tokens.length !== wanted.length) return false;
    return wanted.every((w, i) => w === '*' || w === tokens[i] || (rest && i === wanted.length - 1));
  };
}
