/** Faults for real processes (C14, C16), from outside: scripts and tests use it, no service does. */
export { burnCpu } from './burn.ts';
export { type Direction, type Fault, LOSSY, partition } from './faults.ts';
export { freeze } from './frozen.ts';
export { type Counters, type NatsProxy, type NatsProxyOptions, startNatsProxy } from './nats-proxy.ts';
export { clockSkew, memoryPressure } from './preloads.ts';
export { type ProxyThread, startProxyThread } from './proxy-thread.ts';
export { startTcpLink, type TcpLink } from './tcp-link.ts';
export type { Running, Window } from './window.ts';
