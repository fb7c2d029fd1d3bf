/** Storage has executed a block: what this process keeps beside the engine follows, and whoever waited is told. */
import { isFinalKind } from '@bursar/membership';
import { headerDigest, peekTransactionResult } from '@bursar/protocol';
import type { LatencyWindow } from '@bursar/shared-core';
import type { Executed } from './adapters/engine-host.ts';
import type { Events } from './adapters/events.ts';
import type { Accuser } from './core/accuser.ts';
import type { BatchMaker } from './core/batch-maker.ts';
import type { BodyStore } from './core/body-store.ts';
import type { FinalityFigures } from './core/finality-figures.ts';
import type { Intake } from './core/intake.ts';
import type { Journal } from './core/journal.ts';
import type { Mempool } from './core/mempool.ts';
import type { Outcomes } from './core/outcomes.ts';
import type { RecentBlocks } from './core/recent-blocks.ts';
import type { ConsensusMetrics } from './metrics.ts';
import type { EngineObserver } from './observe-engine.ts';
import type { Clock } from './ports.ts';

export interface AfterBlockParts {
  readonly clock: Clock;
  readonly mempool: Mempool;
  readonly journal: Journal;
  readonly intake: Intake;
  readonly recent: RecentBlocks;
  readonly store: BodyStore;
  readonly outcomes: Outcomes;
  readonly maker: BatchMaker;
  readonly accuser: Accuser;
  readonly observer: EngineObserver;
  readonly latency: LatencyWindow;
  readonly finality: FinalityFigures;
  readonly metrics: ConsensusMetrics;
  readonly events: Events;
}

/** What `EngineHost` calls before the engine opens the next height. */
export function afterBlock(parts: AfterBlockParts): (executed: Executed) => void {
  const { clock, mempool, journal, intake, recent, store, outcomes, maker, accuser, observer, latency, finality, metrics, events } = parts;
  return ({ block, certificate, bodies, stateRoot, results }) => {
    const { header, batches } = block;
    const { height, time } = header;
    const done = mempool.size === 0 ? [] : mempool.remove(results.map((r) => peekTransactionResult(r).transaction));
    if (done.length > 0) journal.append({ kind: 'done', ids: done });
    if (bodies) recent.add({ block, certificate }, bodies);
    else recent.skipTo({ block, certificate });
    store.advance(height, batches, time);
    outcomes.executed(height, certificate.kind, results);
    maker.executed(batches, time);
    accuser.executed(height, (id) => outcomes.find(id)?.result);

    const transactions = batches.reduce((sum, ref) => sum + ref.transactions, 0);
    const tookMs = observer.takeLatency(height, clock.now());
    if (tookMs !== undefined) latency.observe(tookMs);
    if (isFinalKind(certificate.kind)) {
      finality.observe(certificate.kind, tookMs);
      metrics.blocksFinalized.inc({ certificate: certificate.kind });
      if (tookMs !== undefined) metrics.blockSeconds.observe({ certificate: certificate.kind }, tookMs / 1_000);
    }
    for (const id of done) metrics.submitSeconds.observe((intake.finish(id) ?? 0) / 1_000);
    metrics.transactionsFinalized.inc(transactions);
    metrics.height.set(height);
    metrics.stateRootHash.set(Number.parseInt(stateRoot.slice(0, 12), 16));
    events.finalized(height, certificate.view, headerDigest(header), certificate.kind, transactions, bodies === undefined);
  };
}
