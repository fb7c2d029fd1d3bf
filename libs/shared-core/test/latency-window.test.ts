import { describe, expect, it } from '@jest/globals';
import { createLatencyWindow } from '../src/index.ts';

describe('C8 figures over the latest samples', () => {
  it('are zero before the first sample', () => {
    expect(createLatencyWindow().figures()).toEqual({ meanMs: 0, p50Ms: 0, p95Ms: 0, p99Ms: 0 });
  });
  it('take the nearest rank, and forget what left the window', () => {
    const window = createLatencyWindow(100);
    for (let i = 0; i < 500; i++) window.observe(1e6);
    for (let i = 100; i >= 1; i--) window.observe(i);
    expect(window.figures()).toEqual({ meanMs: 50.5, p50Ms: 50, p95Ms: 95, p99Ms: 99 });
    expect(window.count).toBe(600);
  });
});
