/** Health levels (C11, C13) as a function of what was measured. */
import type { HealthLevel } from '@bursar/shared-core';

export interface Vitals {
  /** Messages and transactions that wait. */
  readonly queue: number;
  readonly meanLatencyMs: number;
  /** Share of the heap that is used, 0 to 1. */
  readonly memory: number;
  /** Other validators in the set, and those heard in the last ten seconds. */
  readonly peers: number;
  readonly peersHeard: number;
  readonly sinceLastBlockMs: number;
  /** How long those heard and this one have been less than a quorum. */
  readonly withoutQuorumMs: number;
}
export interface Assessment {
  readonly level: HealthLevel;
  readonly reason: string;
}

const QUEUE_MAX = 30_000;
const LATENCY_MAX_MS = 5_000;
const MEMORY_MAX = 0.85;
const BLOCK_MAX_MS = 60_000;
const QUORUM_MAX_MS = 30_000;

/** The worst that holds. */
export function assessHealth(v: Vitals): Assessment {
  if (v.withoutQuorumMs >= QUORUM_MAX_MS) return { level: 'Failed', reason: `no quorum for ${seconds(v.withoutQuorumMs)}` };
  if (v.memory > MEMORY_MAX) return { level: 'Critical', reason: `${Math.round(v.memory * 100)} % of the memory is used` };
  if (v.peersHeard * 2 < v.peers) return { level: 'Critical', reason: `${v.peersHeard} of ${v.peers} other validators are heard` };
  if (v.sinceLastBlockMs >= BLOCK_MAX_MS) return { level: 'Critical', reason: `no block for ${seconds(v.sinceLastBlockMs)}` };
  if (v.queue > QUEUE_MAX) return { level: 'Degraded', reason: `${v.queue} messages wait` };
  if (v.meanLatencyMs > LATENCY_MAX_MS) return { level: 'Degraded', reason: `a block takes ${seconds(v.meanLatencyMs)} on average` };
  return { level: 'Healthy', reason: '' };
}
const seconds = (ms: number): string => `${Math.round(ms / 1_000)} s`;
