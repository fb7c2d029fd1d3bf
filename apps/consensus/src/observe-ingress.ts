/** What comes in from other validators, told to log, metrics, events and figures (C4, C8 to C10). Nothing depends on it. */
import { findRejection, type RejectionName } from '@bursar/protocol';
import { errorFrom, type Logger } from '@bursar/shared-core';
import type { Events } from './adapters/events.ts';
import type { Refused } from './core/gates/refusal.ts';
import type { Heard } from './core/heard.ts';
import type { PipelineFigures } from './core/pipeline-figures.ts';
import type { ConsensusMetrics, MessageKind } from './metrics.ts';
import type { Clock } from './ports.ts';

export interface IngressObserverParts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: ConsensusMetrics;
  readonly events: Events;
  readonly heard: Heard;
  readonly figures: PipelineFigures;
}

export function observeIngress({ clock, log, metrics, events, heard, figures }: IngressObserverParts) {
  const observer = {
    onReceived(kind: MessageKind): void {
      metrics.received.inc({ kind });
      figures.onReceived(kind);
      if (log.isEnabled('trace')) log.event('MessageReceived', { kind }, 'a message came', 'trace');
    },
    onAccepted(kind: MessageKind, sender: number, tookMs?: number): void {
      metrics.accepted.inc({ kind });
      figures.onAccepted(kind, performance.now(), tookMs);
      heard.note(sender, clock.now());
      if (log.isEnabled('trace')) log.event('ValidationGatePass', { kind, sender, tookMs }, 'a message passed the gates', 'trace');
    },
    onRefused(refused: Refused, tookMs?: number): void {
      metrics.rejected.inc({ reason: refused.name });
      figures.onRejected(refused.name, tookMs);
      events.rejected(refused);
    },
    /** A peer that does not answer a question is told of, too: PeerUnreachable, ProcessingTimeout. */
    asking(ask: Ask): Ask {
      return async (peer, request, timeoutMs) => {
        try {
          return await ask(peer, request, timeoutMs);
        } catch (error) {
          const { code, message } = errorFrom(error);
          const name = findRejection(code)?.name as RejectionName | undefined;
          if (name) observer.onRefused({ name, kind: 'unknown', sender: peer, msgId: undefined, why: message });
          throw error;
        }
      };
    },
  };
  return observer;
}
type Ask = (peer: number, request: Uint8Array, timeoutMs: number) => Promise<Uint8Array>;
