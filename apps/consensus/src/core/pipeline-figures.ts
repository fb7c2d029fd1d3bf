/** The ingress in figures (C8): received, accepted, rejected by code, time through the gates, throughput. */
import type { RejectionName } from '@bursar/protocol';
import { createLatencyWindow, type LatencyWindow } from '@bursar/shared-core';
import type { MessageKind } from '../metrics.ts';

/** Seconds of which accepted messages are counted, the current one included. */
const SECONDS = 10;

export class PipelineFigures {
  readonly received = new Map<MessageKind, number>();
  readonly accepted = new Map<MessageKind, number>();
  readonly rejected = new Map<RejectionName, number>();
  /** Milliseconds from arrival to the engine's answer, of consensus messages. */
  readonly latency: LatencyWindow = createLatencyWindow();
  readonly #perSecond = new Array<number>(SECONDS).fill(0);
  #second = 0;

  onReceived(kind: MessageKind): void {
    count(this.received, kind);
  }
  /** @param nowMs of any clock that does not go back */
  onAccepted(kind: MessageKind, nowMs: number, tookMs: number | undefined): void {
    count(this.accepted, kind);
    if (tookMs !== undefined) this.latency.observe(tookMs);
    this.#advance(nowMs);
    this.#perSecond[this.#second % SECONDS] = (this.#perSecond[this.#second % SECONDS] as number) + 1;
  }
  onRejected(name: RejectionName, tookMs: number | undefined): void {
    count(this.rejected, name);
    if (tookMs !== undefined) this.latency.observe(tookMs);
  }
  /** Accepted in a second, over the last nine whole ones. */
  throughput(nowMs: number): number {
    this.#advance(nowMs);
    const whole = this.#perSecond.reduce((a, b) => a + b, 0) - (this.#perSecond[this.#second % SECONDS] as number);
    return whole / (SECONDS - 1);
  }

  #advance(nowMs: number): void {
    const second = Math.floor(nowMs / 1_000);
    for (let i = Math.max(this.#second + 1, second - SECONDS + 1); i <= second; i++) this.#perSecond[i % SECONDS] = 0;
    this.#second = Math.max(this.#second, second);
  }
}

function count<K>(map: Map<K, number>, key: K): void {
  map.set(key, (map.get(key) ?? 0) + 1);
}
