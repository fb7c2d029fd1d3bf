/** What a process tells of its ingress, caught: rejection events as they are published, log lines, figures. */
import { fromBinary } from '@bufbuild/protobuf';
import { genesisSet } from '@bursar/membership';
import { consensusEvents } from '@bursar/protocol/rpc';
import { createLogger, createMetrics } from '@bursar/shared-core';
import { createEvents } from '../../src/adapters/events.ts';
import { FinalityFigures } from '../../src/core/finality-figures.ts';
import { Heard } from '../../src/core/heard.ts';
import { PipelineFigures } from '../../src/core/pipeline-figures.ts';
import { consensusMetrics } from '../../src/metrics.ts';
import { observeIngress } from '../../src/observe-ingress.ts';
import { testGenesis } from './genesis.ts';

export function telling(clock: { now: () => number }) {
  const lines: Record<string, unknown>[] = [];
  const write = (line: string) => void lines.push(JSON.parse(line));
  const log = createLogger({ service: 'consensus', instance: 'test', level: 'trace', destination: { write } });
  const published: { readonly name: string; readonly bytes: Uint8Array }[] = [];
  const events = createEvents({ validator: 0, clock, log, publish: (name, bytes) => published.push({ name, bytes }) });
  const registry = createMetrics('consensus_', { processMetrics: false });
  const figures = new PipelineFigures();
  const zero = () => 0;
  const metrics = consensusMetrics(registry, {
    latency: figures.latency,
    finality: new FinalityFigures(),
    queueDepth: zero,
    peerHealth: zero,
    pendingTransactions: zero,
    logBytes: zero,
  });
  const heard = new Heard(genesisSet(testGenesis(4).genesis), 0, clock.now());
  const told = observeIngress({ clock, log, metrics, events, heard, figures });
  const rejections = () =>
    published.filter((p) => p.name === 'message.rejected').map(({ bytes }) => fromBinary(consensusEvents.ValidationRejectedSchema, bytes));
  return { log, lines, published, events, metrics, registry, figures, heard, told, rejections };
}
