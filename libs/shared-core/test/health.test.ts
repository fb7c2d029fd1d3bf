import { createServer } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import { createHealth, createMetrics, startAdmin } from '../src/index.ts';

const clock = () => {
  const now = { ms: 1_000 };
  return { now, health: createHealth(() => now.ms) };
};

describe('C11 health', () => {
  it('shows the worst of all sources, since when and why', () => {
    const { now, health } = clock();
    now.ms = 2_000;
    health.assess('queue', 'Degraded', 'queue above 30,000');
    now.ms = 3_000;
    health.assess('peers', 'Critical', 'fewer than half the peers');
    now.ms = 4_000;
    expect(health.report()).toEqual({ level: 'Critical', sinceMs: 3_000, reason: 'fewer than half the peers', uptimeMs: 3_000 });
    health.assess('peers', 'Healthy');
    expect(health.report()).toMatchObject({ level: 'Degraded', sinceMs: 4_000, reason: 'queue above 30,000' });
    health.assess('queue', 'Healthy');
    expect(health.report()).toMatchObject({ level: 'Healthy', reason: '' });
  });
  it('is ready when every condition holds, tells changes once and bounds the names', () => {
    const { health } = clock();
    const seen: boolean[] = [];
    health.onChange((h) => seen.push(h.ready));
    health.setReady('nats', false, 'not connected');
    health.setReady('storage', false);
    health.setReady('nats', true);
    expect(health.failing()).toEqual([{ name: 'storage', reason: 'not yet', sinceMs: 1_000 }]);
    health.setReady('storage', true);
    expect(seen).toEqual([false, true]);
    expect(() => {
      for (let i = 0; i < 100; i++) health.setReady(`c${i}`, true);
    }).toThrow('more than 64');
  });
});

describe('admin server', () => {
  it('serves livez, readyz with the failing conditions, and metrics', async () => {
    const { health } = clock();
    const metrics = createMetrics('test_', { processMetrics: false });
    metrics.counter('things_total', 'things').inc();
    const admin = await startAdmin({ host: '127.0.0.1', port: 0, health, metrics });
    const get = async (path: string, init?: RequestInit) => {
      const response = await fetch(`http://127.0.0.1:${admin.port}${path}`, init);
      return { status: response.status, text: await response.text() };
    };
    health.setReady('nats', false, 'not connected');
    expect((await get('/livez')).status).toBe(200);
    const unready = await get('/readyz');
    expect(unready.status).toBe(503);
    expect(JSON.parse(unready.text)).toMatchObject({
      ready: false,
      level: 'Healthy',
      failing: [{ name: 'nats', reason: 'not connected' }],
    });
    health.setReady('nats', true);
    expect((await get('/readyz?x')).status).toBe(200);
    expect((await get('/metrics')).text).toContain('test_things_total 1');
    expect((await get('/else')).status).toBe(404);
    expect((await get('/livez', { method: 'POST', body: 'x' })).status).toBe(405);
    await admin.close();
  });
  it('a taken port is named', async () => {
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
    const { port } = holder.address() as { port: number };
    const { health } = clock();
    await expect(
      startAdmin({ host: '127.0.0.1', port, health, metrics: createMetrics('', { processMetrics: false }) }),
    ).rejects.toMatchObject({
      reason: 'PORT_TAKEN',
      exitCode: 69,
      message: expect.stringContaining(`port ${port}`),
    });
    holder.close();
  });
});

describe('metrics', () => {
  it('declared series exist from the start; an undeclared value makes none and is counted', async () => {
    const metrics = createMetrics('m_', { processMetrics: false });
    const counter = metrics.counter('errors_total', 'errors', { reason: ['timeout', 'transport'] });
    counter.inc({ reason: 'timeout' }, 3);
    // @ts-expect-error not in the closed set
    counter.inc({ reason: 'account-4711' });
    metrics.gauge('depth', 'depth').set(4);
    metrics.gaugeOf('live', 'live', () => 7);
    metrics.histogram('seconds', 'seconds', [1, 2], { kind: ['a'] }).observe({ kind: 'a' }, 1.5);
    const text = await metrics.render();
    for (const line of [
      'm_errors_total{reason="timeout"} 3',
      'm_errors_total{reason="transport"} 0',
      'm_depth 4',
      'm_live 7',
      'm_seconds_bucket{le="2",kind="a"} 1',
      'metrics_labels_refused_total 1',
    ])
      expect(text).toContain(line);
    expect(text).not.toContain('4711');
  });
  it('a label set that is too wide is refused, and process metrics are there by default', async () => {
    const metrics = createMetrics();
    const wide = Array.from({ length: 300 }, (_, i) => `v${i}`);
    expect(() => metrics.counter('wide_total', 'wide', { one: wide })).toThrow('300 series');
    expect(await metrics.render()).toContain('process_cpu_seconds_total');
  });
});
