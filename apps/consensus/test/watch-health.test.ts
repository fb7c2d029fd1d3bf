import { fromBinary } from '@bufbuild/protobuf';
import { consensusEvents } from '@bursar/protocol/rpc';
import { createHealth, createLatencyWindow, EVENT_TYPES, rejection } from '@bursar/shared-core';
import { describe, expect, it } from '@jest/globals';
import { EngineObserver } from '../src/observe-engine.ts';
import { watchHealth } from '../src/watch-health.ts';
import { A, Rig } from './support/rig.ts';
import { telling } from './support/telling.ts';

/** A validator of four whose clock the test moves, second by second; `hears` says whom it hears then. */
function watched({ memory = () => 0, failing = 0 }: { readonly memory?: () => number; readonly failing?: number } = {}) {
  const time = { ms: 1_000_000 };
  const caught = telling({ now: () => time.ms });
  const health = createHealth(() => time.ms);
  const tries = { count: 0, done: Promise.withResolvers<void>() };
  let height = 0;
  const assess = watchHealth({
    ...caught,
    health,
    latency: createLatencyWindow(),
    clock: { now: () => time.ms },
    bus: {
      async reconnect() {
        if (++tries.count <= failing) throw rejection('PeerUnreachable');
        tries.done.resolve();
      },
    },
    signal: new AbortController().signal,
    onRefused: caught.told.onRefused,
    peers: 3,
    queue: () => 0,
    memory,
    finalHeight: () => height,
  });
  const pass = (seconds: number, hears: readonly number[], isFinal = hears.length > 1) => {
    for (let i = 0; i < seconds; i++) {
      time.ms += 1_000;
      for (const v of hears) caught.heard.note(v, time.ms);
      if (isFinal) height++;
      assess();
    }
    return health.report();
  };
  const alerts = () =>
    caught.published.filter((p) => p.name === 'health.changed').map((p) => fromBinary(consensusEvents.HealthAlertSchema, p.bytes));
  return { ...caught, time, pass, alerts, tries };
}
const events = (lines: readonly Record<string, unknown>[], event: string) => lines.filter((l) => l['event'] === event);

describe('C11 health: level, since when, reason, uptime', () => {
  it('follows what is measured, is told when it changes, and is a metric', async () => {
    let share = 0;
    const w = watched({ memory: () => share });
    expect(w.pass(15, [1, 2, 3]).level).toBe('Healthy');
    share = 0.9;
    const { level, reason, sinceMs, uptimeMs } = w.pass(3, [1, 2, 3]);
    expect([level, reason, w.time.ms - sinceMs, uptimeMs]).toEqual(['Critical', '90 % of the memory is used', 2_000, 18_000]);
    expect(await w.registry.render()).toContain('consensus_health_level 2\n');
    share = 0;
    w.pass(1, [1, 2, 3]);
    expect(w.alerts().map((a) => [a.level, a.reason])).toEqual([
      ['Critical', '90 % of the memory is used'],
      ['Healthy', ''],
    ]);
    expect(await w.registry.render()).toContain('consensus_health_level 0\n');
  });
  it('no block for a minute is Critical', () => {
    expect(watched().pass(60, [1, 2, 3], false)).toMatchObject({ level: 'Critical', reason: 'no block for 60 s' });
  });
});

describe('C13 no quorum is heard', () => {
  it('is told once, then health is Failed after 30 s, and well again with the quorum', () => {
    const w = watched();
    w.pass(12, [1, 2, 3]);
    w.pass(17, [1]); // the others count for ten seconds more
    expect(events(w.lines, 'NetworkPartitionDetected').length).toBe(1);
    expect(w.rejections().map((r) => r.rejection?.code)).toEqual([6002]);
    expect(w.pass(22, [1]).level).not.toBe('Failed');
    expect(w.pass(2, [1])).toMatchObject({ level: 'Failed', reason: expect.stringContaining('no quorum') });
    expect(w.pass(2, [1, 2]).level).toBe('Healthy');
    expect(w.lines.some((l) => l['msg'] === 'a quorum is heard again')).toBe(true);
    expect(events(w.lines, 'NetworkPartitionDetected').length).toBe(1);
    expect(w.alerts().map((a) => a.level)).toEqual(['Critical', 'Failed', 'Healthy']);
  });
  it('the connection is made anew, tried three times (C12), and again while it lasts', async () => {
    const w = watched({ failing: 2 });
    w.pass(7, []);
    await w.tries.done.promise;
    expect(w.tries.count).toBe(3);
    w.pass(28, []);
    expect(w.tries.count).toBe(3);
    w.pass(2, []);
    expect(w.tries.count).toBe(4);
  });
});

describe('C9 event types', () => {
  it('each of them is logged by what it stands for', async () => {
    const w = watched();
    const clock = { now: () => w.time.ms };
    const r = new Rig({ parts: { onReceived: w.told.onReceived, onAccepted: w.told.onAccepted, onRefused: w.told.onRefused } });
    const observer = new EngineObserver({ ...w, clock, refused: (effect) => r.pipeline.engineRefused(effect) });
    const peer = r.order[1] as number;
    r.send(r.vote('commit', peer)); // MessageReceived, ValidationGatePass
    r.send(r.vote('commit', peer), { forged: true }); // ValidationGateReject
    r.send(r.vote('commit', peer, 0, 'b'.repeat(64))); // ByzantineDetected
    await r.settled();
    for (const e of r.effects) if (e.type === 'evidence') observer.onAccused(e.evidence, e.kind);
    const step = { type: 'transition' as const, height: 1, view: 0, trigger: 'quorum', reason: '' };
    observer.ports.transition({ ...step, from: 'WaitingForPrepares', to: 'Prepared' }); // StateTransition, QuorumReached
    observer.onBroadcast(r.viewChange(r.self, 1)); // ViewChangeTriggered
    w.events.finalized(1, 0, A, 'fast', 3); // BlockFinalized
    w.pass(60, []); // NetworkPartitionDetected, HealthCheck
    const seen = new Set(w.lines.map((l) => l['event']).filter((e) => e !== undefined));
    expect([...seen].sort()).toEqual([...EVENT_TYPES].sort());
    for (const line of w.lines)
      expect(line).toMatchObject({ time: expect.any(String), level: expect.any(String), msg: expect.any(String) });
  });
});
