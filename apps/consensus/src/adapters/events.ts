/** Events of this process (C3) on NATS and in the log (C9). Nothing depends on them; what is too many is left out of NATS. */
import { create, toBinary } from '@bufbuild/protobuf';
import { type Digest, type Evidence, type EvidenceKind, fromHex, type RejectionName, rejections } from '@bursar/protocol';
import { consensusEvents } from '@bursar/protocol/rpc';
import type { EventType, HealthReport, Logger } from '@bursar/shared-core';
import type { Refused } from '../core/gates/refusal.ts';
import type { EventName } from '../core/subjects.ts';
import { TokenBucket } from '../core/token-bucket.ts';
import type { Clock } from '../ports.ts';
import { rejectionMessage } from './rejection-message.ts';

export interface EventsOptions {
  readonly validator: number;
  readonly clock: Clock;
  readonly log: Logger;
  readonly publish: (name: EventName, bytes: Uint8Array) => void;
}
const REJECTIONS = { perSecond: 20, burst: 50 };
/** A height moves through four phases: beyond two heights a second the audit trail has the rest. */
const PROGRESS = { perSecond: 8, burst: 40 };

export function createEvents({ validator, clock, log, publish }: EventsOptions) {
  const rejected = new TokenBucket(REJECTIONS, clock.now());
  const moved = new TokenBucket(PROGRESS, clock.now());
  const now = () => BigInt(clock.now());
  const publishRejected = (code: number, msgId: string | undefined, sender: number | undefined) => {
    const event = create(consensusEvents.ValidationRejectedSchema, {
      timeMs: now(),
      msgId: msgId === undefined ? new Uint8Array() : fromHex(msgId),
      rejection: rejectionMessage(code),
      ...(sender === undefined ? {} : { sender }),
    });
    publish('message.rejected', toBinary(consensusEvents.ValidationRejectedSchema, event));
  };
  return {
    progress(height: number, view: number, phase: string): void {
      if (!moved.take(clock.now())) return; // the audit trail has it all the same
      const event = create(consensusEvents.ConsensusProgressSchema, {
        validator,
        height: BigInt(height),
        view: BigInt(view),
        phase,
        timeMs: now(),
      });
      publish('progress.changed', toBinary(consensusEvents.ConsensusProgressSchema, event));
    },
    /** @param caughtUp it comes in a run from a peer, and the log has one line for the run */
    finalized(height: number, view: number, digest: Digest, certificateKind: string, transactions: number, caughtUp = false): void {
      log.event('BlockFinalized', { height, view, block: digest, transactions }, 'a block is final', caughtUp ? 'debug' : 'info');
      const event = create(consensusEvents.BlockFinalizedSchema, {
        validator,
        height: BigInt(height),
        view: BigInt(view),
        blockHash: fromHex(digest),
        certificateKind,
        transactions,
        timeMs: now(),
      });
      publish('block.finalized', toBinary(consensusEvents.BlockFinalizedSchema, event));
    },
    viewChange(height: number, view: number, reason: string): void {
      log.event('ViewChangeTriggered', { height, view, reason }, `view ${view - 1} is left`, 'warn');
      const event = create(consensusEvents.ViewChangeTriggeredSchema, {
        validator,
        height: BigInt(height),
        view: BigInt(view),
        reason,
        timeMs: now(),
      });
      publish('view.changed', toBinary(consensusEvents.ViewChangeTriggeredSchema, event));
    },
    rejected({ name, kind, sender, msgId, why }: Refused): void {
      const { code, severity, reason, remedy } = rejections[name];
      if (!rejected.take(clock.now())) return; // counted all the same
      const fields = { timestamp: clock.now(), msgId, code, name, reason, why, kind, sender, severity, correctiveAction: remedy };
      log.event(typeOf(name), fields, `refused: ${name}`, severity === 'critical' ? 'warn' : 'debug');
      publishRejected(code, msgId, sender);
    },
    /** One for each piece of evidence, so none is left out. */
    accused({ validator: offender, height, first, second }: Evidence, evidenceKind: EvidenceKind): void {
      const { code, severity, reason, remedy } = rejections.EquivocationDetected;
      const views = [first.view, second.view];
      const fields = { code, reason, severity, correctiveAction: remedy, sender: offender, height, views, evidence: evidenceKind };
      log.event('ByzantineDetected', fields, `validator ${offender} contradicted itself: ${evidenceKind}`, 'error');
      publishRejected(code, undefined, offender);
    },
    health({ level, reason, sinceMs }: HealthReport): void {
      log.event('HealthCheck', { health: level, reason }, `health is ${level}`, level === 'Healthy' ? 'info' : 'warn');
      const event = create(consensusEvents.HealthAlertSchema, { validator, level, reason, sinceMs: BigInt(Math.round(sinceMs)) });
      publish('health.changed', toBinary(consensusEvents.HealthAlertSchema, event));
    },
  };
}
export type Events = ReturnType<typeof createEvents>;

const typeOf = (name: RejectionName): EventType => (name === 'ConflictingVotes' ? 'ByzantineDetected' : 'ValidationGateReject');
