/** What a stress run came to (C15), and whether it is enough. */

import type { Counters } from '../../libs/chaos/src/index.ts';
import { percentile } from '../bench/row.ts';
import type { Audit } from './audit.ts';
import { type Samples, sumBy, sumOf } from './gauges.ts';
import type { Ran } from './load.ts';
import type { Settings } from './settings.ts';

export interface Report {
  readonly settings: Settings;
  readonly generated: number;
  /** Final with a provable receipt. */
  readonly processed: number;
  readonly rejected: Readonly<Record<string, number>>;
  /** Nothing is known of them after half a minute. */
  readonly dropped: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly longestPauseMs: number;
  readonly peakMiB: Readonly<Record<string, number>>;
  /** Cores in use while the load ran, by kind of process. */
  readonly cores: Readonly<Record<string, number>>;
  /** Of the honest consensus processes while the load ran. */
  readonly viewChanges: number;
  readonly contradictions: number;
  readonly blocks: number;
  readonly refusedMessages: Readonly<Record<string, number>>;
  readonly misdeeds: Readonly<Record<string, number>>;
  readonly network: Omit<Counters, 'connections'>;
  readonly audit: Audit;
  /** Sentences; none: the bar is reached. */
  readonly missed: readonly string[];
}
export interface Measured extends Ran {
  readonly before: readonly Samples[];
  readonly after: readonly Samples[];
  readonly byzantine: readonly Samples[];
  readonly peakMiB: Readonly<Record<string, number>>;
  readonly cores: Readonly<Record<string, number>>;
  readonly counters: Counters;
  readonly audit: Audit;
}

export function reportOf(settings: Settings, m: Measured): Report {
  const counted = m.outcomes.filter((o) => o.counts);
  const processed = counted.filter((o) => o.ms !== undefined).length;
  // What was never answered took longer than anything else: a percentile of the rest would get better with every loss.
  const times = counted.flatMap((o) => (o.refused === undefined ? [o.ms ?? Number.POSITIVE_INFINITY] : []));
  const rejected: Record<string, number> = {};
  for (const { refused } of counted) if (refused !== undefined) rejected[refused] = (rejected[refused] ?? 0) + 1;
  const refusals = Object.values(rejected).reduce((a, b) => a + b, 0);
  const during = (metric: string): number => sumOf(m.after, metric) - sumOf(m.before, metric);
  const perSecond = processed / m.seconds;
  const p99Ms = times.length === 0 ? Number.POSITIVE_INFINITY : percentile(times, 0.99);
  const { bar } = settings;
  const missed = [...m.audit.problems];
  if (perSecond < bar.perSecond) missed.push(`${perSecond.toFixed(0)} transfers/s, at least ${bar.perSecond} are wanted`);
  if (!(p99Ms < bar.p99Ms)) missed.push(`p99 of ${p99Ms.toFixed(0)} ms, less than ${bar.p99Ms} is wanted`);
  return {
    settings,
    generated: counted.length,
    processed,
    rejected,
    dropped: counted.length - processed - refusals,
    perSecond,
    p50Ms: percentile(times, 0.5),
    p99Ms,
    maxMs: percentile(times, 1),
    longestPauseMs: m.longestPauseMs,
    peakMiB: m.peakMiB,
    cores: m.cores,
    viewChanges: during('consensus_view_changes_total'),
    contradictions: during('consensus_byzantine_detections_total'),
    blocks: Math.round(during('consensus_blocks_finalized_total') / Math.max(1, m.after.length)),
    refusedMessages: sumBy(m.after, 'consensus_messages_rejected_total', 'reason'),
    misdeeds: sumBy(m.byzantine, 'byzantine_misdeeds_total', 'misdeed'),
    network: {
      passed: m.counters.passed,
      dropped: m.counters.dropped,
      doubled: m.counters.doubled,
      delayed: m.counters.delayed,
      reordered: m.counters.reordered,
    },
    audit: m.audit,
    missed,
  };
}

const listed = (counts: Readonly<Record<string, number>>, unit = ''): string =>
  Object.entries(counts)
    .sort(([, a], [, b]) => b - a)
    .map(([name, n]) => `${name} ${n.toLocaleString('en-US')}${unit}`)
    .join(', ') || 'none';

export function textOf(r: Report): string {
  const { rate, seconds, validators, byzantine, actor, loss, latencyMs, seed } = r.settings;
  const rows: [string, string][] = [
    [
      'asked',
      `${rate} transfers/s for ${seconds} s, ${validators} validators, ${byzantine} Byzantine (${actor}), ${loss * 100} % lost, ${latencyMs} ms, seed ${seed}`,
    ],
    ['generated', r.generated.toLocaleString('en-US')],
    ['processed', `${r.processed.toLocaleString('en-US')} final with a provable receipt`],
    ['rejected', listed(r.rejected)],
    ['dropped', r.dropped.toLocaleString('en-US')],
    ['throughput', `${r.perSecond.toFixed(0)}/s`],
    ['latency', `p50 ${r.p50Ms.toFixed(0)} ms, p99 ${r.p99Ms.toFixed(0)} ms, longest ${r.maxMs.toFixed(0)} ms`],
    ['pause', `${r.longestPauseMs.toFixed(0)} ms: longest in which this program got no processor`],
    ['blocks', `${r.blocks.toLocaleString('en-US')}, view changes ${r.viewChanges}, contradictions seen ${r.contradictions}`],
    ['messages', listed(r.network)],
    ['refused', listed(r.refusedMessages)],
    ['misdeeds', listed(r.misdeeds)],
    ['peak memory', listed(r.peakMiB, ' MiB')],
    ['cores', listed(r.cores)],
    ['convicted of', listed(r.audit.offences)],
    [
      'audit',
      `height ${r.audit.height}, state ${r.audit.stateRoot.slice(0, 16)}…, ${r.audit.executed.toLocaleString('en-US')} transfers executed once`,
    ],
    ...r.missed.map((m): [string, string] => ['MISSED', m]),
  ];
  return rows.map(([name, text]) => `${name.padEnd(12)} ${text}`).join('\n');
}
