/** bursar.consensus.v1.Consensus: status for operators. */

import type { EngineStatus } from '@bursar/pbft';
import { encode, evidence, fromHex, rejections, toHex } from '@bursar/protocol';
import type { consensus } from '@bursar/protocol/rpc';
import { type Handlers, type HealthReport, rejection } from '@bursar/shared-core';
import type { Accusation, Accuser } from '../core/accuser.ts';
import type { AuditTrail } from '../core/audit-trail.ts';
import type { FinalityFigures } from '../core/finality-figures.ts';
import type { PipelineFigures } from '../core/pipeline-figures.ts';

export interface ConsensusServiceParts {
  readonly validator: number;
  readonly epoch: number;
  readonly status: () => EngineStatus;
  readonly finalHeight: () => number;
  readonly pending: () => number;
  /** This one included. */
  readonly heard: () => number;
  readonly health: () => HealthReport;
  readonly trail: AuditTrail;
  readonly accuser: Pick<Accuser, 'last' | 'find'>;
  readonly pipeline: PipelineFigures;
  /** Messages and batches that wait. */
  readonly waiting: () => number;
  readonly finality: FinalityFigures;
}
const DEFAULT_LIMIT = 100;

export function consensusHandlers(parts: ConsensusServiceParts): Handlers<(typeof consensus.Consensus)['method']> {
  const { validator, epoch, trail, accuser, pipeline, finality } = parts;
  return {
    async getStatus() {
      const { height, view, phase, leader } = parts.status();
      const { level, reason, sinceMs, uptimeMs } = parts.health();
      return {
        validator,
        epoch,
        height: BigInt(height),
        view: BigInt(view),
        phase,
        leader,
        finalHeight: BigInt(parts.finalHeight()),
        pendingTransactions: parts.pending(),
        health: level,
        healthReason: reason,
        healthSinceMs: BigInt(Math.round(sinceMs)),
        uptimeMs: BigInt(Math.round(uptimeMs)),
        validatorsHeard: parts.heard(),
      };
    },
    async listRounds() {
      const rounds = parts.status().rounds.map((r) => ({
        view: BigInt(r.view),
        leader: r.leader,
        digest: r.digest === undefined ? new Uint8Array() : fromHex(r.digest),
        prepares: [...r.prepares],
        commits: [...r.commits],
        viewChanges: [...r.viewChanges],
      }));
      return { rounds };
    },
    async listTransitions({ limit }) {
      const transitions = trail.last(limit || DEFAULT_LIMIT).map((t) => ({
        timeMs: BigInt(t.timeMs),
        height: BigInt(t.height),
        view: BigInt(t.view),
        from: t.from,
        to: t.to,
        trigger: t.trigger,
        reason: t.reason,
        latencyUs: BigInt(t.latencyUs),
      }));
      return { transitions };
    },
    async listEvidence({ limit }) {
      return { evidence: accuser.last(limit || DEFAULT_LIMIT).map(evidenceReply) };
    },
    async getEvidence({ digest }) {
      const found = accuser.find(toHex(digest));
      if (found === undefined) throw rejection('NotFound', undefined, { details: { digest: toHex(digest) } });
      return { evidence: { ...evidenceReply(found), canonical: encode(evidence, found.evidence) } };
    },
    async getPipeline() {
      const { meanMs, p95Ms, p99Ms } = pipeline.latency.figures();
      const counts = (of: ReadonlyMap<string, number>) => [...of].map(([kind, count]) => ({ kind, count: BigInt(count) }));
      return {
        received: counts(pipeline.received),
        accepted: counts(pipeline.accepted),
        rejected: [...pipeline.rejected].map(([name, count]) => ({ name, code: rejections[name].code, count: BigInt(count) })),
        latencyMeanMs: meanMs,
        latencyP95Ms: p95Ms,
        latencyP99Ms: p99Ms,
        acceptedPerSecond: pipeline.throughput(performance.now()),
        waiting: parts.waiting(),
      };
    },
    async getFinality() {
      return { fastShare: finality.fastShare(), latencies: [...finality.latencies()] };
    },
  };
}

const evidenceReply = ({ digest, kind, evidence: { validator, height }, foundMs, state, transaction, code }: Accusation) => ({
  digest: fromHex(digest),
  validator,
  height: BigInt(height),
  kind,
  foundMs: BigInt(Math.round(foundMs)),
  state,
  transactionId: fromHex(transaction),
  rejectionCode: code,
});
