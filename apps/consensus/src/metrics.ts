/** Metric names of this service (C8, C10); all carry the prefix `consensus_`. */
import { finalKinds } from '@bursar/membership';
import { type RejectionName, rejections } from '@bursar/protocol';
import { HEALTH_LEVELS, type LatencyWindow, type Metrics } from '@bursar/shared-core';
import type { FinalityFigures } from './core/finality-figures.ts';

/** Messages of other validators, by what they are. */
export const MESSAGE_KINDS = ['pre-prepare', 'prepare', 'commit', 'view-change', 'new-view', 'batch', 'final', 'unknown'] as const;
export type MessageKind = (typeof MESSAGE_KINDS)[number];
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30] as const;

export interface GaugeSources {
  readonly latency: LatencyWindow;
  readonly finality: FinalityFigures;
  queueDepth(): number;
  /** Share of the other validators that were heard lately, 0 to 1. */
  peerHealth(): number;
  pendingTransactions(): number;
  logBytes(): number;
}

/** `metrics` was created with the prefix `consensus_`. */
export function consensusMetrics(metrics: Metrics, sources: GaugeSources) {
  const names = Object.keys(rejections) as RejectionName[];
  metrics.gaugeOf(
    'latency_p99_ms',
    'from a proposal to its execution, 99th percentile of the last blocks, milliseconds',
    () => sources.latency.figures().p99Ms,
  );
  metrics.gaugeOf('latency_p95_ms', 'as latency_p99_ms, 95th percentile', () => sources.latency.figures().p95Ms);
  metrics.gaugeOf('latency_mean_ms', 'as latency_p99_ms, mean', () => sources.latency.figures().meanMs);
  const { finality } = sources;
  metrics.gaugeOf('fast_share', 'share of the last 1,024 blocks that were final by the Prepares of all', () => finality.fastShare());
  for (const [i, kind] of finalKinds.entries()) {
    const what = `as latency_mean_ms, of blocks final by a certificate of kind ${kind}`;
    metrics.gaugeOf(`latency_${kind}_mean_ms`, what, () => finality.latencies()[i]?.meanMs ?? 0);
    metrics.gaugeOf(`latency_${kind}_p99_ms`, `${what}, 99th percentile`, () => finality.latencies()[i]?.p99Ms ?? 0);
  }
  metrics.gaugeOf('peer_health_average', 'share of the other validators that were heard in the last ten seconds', sources.peerHealth);
  metrics.gaugeOf('message_queue_depth', 'messages and batches that wait to be looked at', sources.queueDepth);
  metrics.gaugeOf('pending_transactions', 'transactions of clients that are not final yet', sources.pendingTransactions);
  metrics.gaugeOf('log_bytes', 'size of the durable log', sources.logBytes);
  const level = metrics.gauge('health_level', '0 Healthy, 1 Degraded, 2 Critical, 3 Failed');
  level.set(0);
  const forkDetected = metrics.gauge('fork_detected', '1 when a proposal or certificate bears another state root than ours');
  forkDetected.set(0);
  return {
    received: metrics.counter('messages_received_total', 'messages of other validators that came in', { kind: MESSAGE_KINDS }),
    accepted: metrics.counter('messages_accepted_total', 'messages that passed form, signature and replay', { kind: MESSAGE_KINDS }),
    rejected: metrics.counter('messages_rejected_total', 'messages that were refused, by reason', { reason: names }),
    blocksFinalized: metrics.counter('blocks_finalized_total', 'blocks executed, by the certificate that made them final', {
      certificate: finalKinds,
    }),
    blockSeconds: metrics.histogram('block_seconds', 'from a proposal to its execution, by certificate', SECONDS, {
      certificate: finalKinds,
    }),
    transactionsFinalized: metrics.counter('transactions_finalized_total', 'transactions in executed blocks'),
    viewChanges: metrics.counter('view_changes_total', 'views that this validator left'),
    byzantineDetections: metrics.counter('byzantine_detections_total', 'pieces of evidence that this validator found against another'),
    batchesMade: metrics.counter('batches_made_total', 'batches of this validator'),
    transactionsSubmitted: metrics.counter('transactions_submitted_total', 'transactions given by clients', {
      outcome: ['accepted', 'repeated', 'refused'],
    }),
    tooLarge: metrics.counter('messages_too_large_total', 'messages of ours that exceed what a peer takes'),
    workerCrashes: metrics.counter('worker_crashes_total', 'verifying workers that were replaced'),
    stateRootHash: metrics.gauge('state_root_hash', 'first 48 bits of the state root: equal on all validators at one height'),
    height: metrics.gauge('height', 'newest block executed'),
    submitSeconds: metrics.histogram('finality_seconds', 'from a transaction on disk here to its execution', SECONDS),
    forkDetected,
    setLevel: (name: (typeof HEALTH_LEVELS)[number]) => level.set(HEALTH_LEVELS.indexOf(name)),
  };
}
export type ConsensusMetrics = ReturnType<typeof consensusMetrics>;
