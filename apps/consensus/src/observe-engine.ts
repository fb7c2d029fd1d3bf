/** What the engine does, told to log, metrics, events and the audit trail (C3, C7 to C9). Nothing depends on it. */
import type { Ports } from '@bursar/pbft';
import type { Evidence, EvidenceKind, Message } from '@bursar/protocol';
import type { Logger } from '@bursar/shared-core';
import type { Events } from './adapters/events.ts';
import { AuditTrail } from './core/audit-trail.ts';
import type { ConsensusMetrics } from './metrics.ts';
import type { Clock } from './ports.ts';

export interface EngineObserverParts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: ConsensusMetrics;
  readonly events: Events;
  readonly refused: Ports['observe']['reject'];
}
/** Why a view is left, by the trigger of the last transition. */
const LEAVING: Readonly<Record<string, string>> = { timeout: 'timeout', 'view-change': 'joined', mandatory: 'mandatory' };

export class EngineObserver {
  readonly #parts: EngineObserverParts;
  readonly trail = new AuditTrail();
  readonly ports: Ports['observe'];
  /** When each height had its first proposal here: the open one, and none below. */
  readonly #proposedMs = new Map<number, number>();
  #left = { height: 0, view: 0 };

  constructor(parts: EngineObserverParts) {
    this.#parts = parts;
    this.ports = { reject: (e) => this.#onReject(e), transition: (e) => this.#onTransition(e) };
  }

  /** A message of ours goes out, for the first time or again. */
  onBroadcast({ kind, vote: { vote } }: Message): void {
    const { metrics, events } = this.#parts;
    if (kind !== 'view-change' || (vote.height === this.#left.height && vote.view <= this.#left.view)) return;
    this.#left = { height: vote.height, view: vote.view };
    metrics.viewChanges.inc();
    const last = this.trail.last(1)[0];
    const reason = last?.height === vote.height ? LEAVING[last.trigger] : undefined;
    events.viewChange(vote.height, vote.view, reason ?? 'timeout'); // in Idle the time-out moves no phase
  }

  /** A validator is convicted of something new. */
  onAccused(evidence: Evidence, kind: EvidenceKind): void {
    const { metrics, events } = this.#parts;
    metrics.byzantineDetections.inc();
    events.accused(evidence, kind);
  }

  /** Milliseconds since the height had its proposal; undefined when it came as a final block. Forgets it and what is below. */
  takeLatency(height: number, nowMs: number): number | undefined {
    const since = this.#proposedMs.get(height);
    for (const h of this.#proposedMs.keys()) if (h <= height) this.#proposedMs.delete(h);
    return since === undefined ? undefined : nowMs - since;
  }

  #onReject(effect: Parameters<Ports['observe']['reject']>[0]): void {
    const { metrics, refused } = this.#parts;
    if (effect.name === 'StateForkDetected') metrics.forkDetected.set(1);
    refused(effect);
  }

  #onTransition({ type: _, ...transition }: Parameters<Ports['observe']['transition']>[0]): void {
    const { clock, log, events } = this.#parts;
    const { height, view, from, to } = transition;
    const entry = this.trail.add(transition, clock.now(), performance.now() * 1_000);
    log.event('StateTransition', { ...entry }, `${from} → ${to}`, 'debug');
    if (to === 'WaitingForPrepares' && !this.#proposedMs.has(height)) this.#proposedMs.set(height, clock.now());
    if (to === 'Prepared' || to === 'Committed') log.event('QuorumReached', { height, view, phase: to }, 'a quorum', 'debug');
    events.progress(height, view, to);
  }
}
