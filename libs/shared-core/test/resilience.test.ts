import { describe, expect, it } from '@jest/globals';
import { backoffMs, createBulkhead, retry, retryForever, withTimeout } from '../src/index.ts';

describe('R2 retry', () => {
  it.each([
    [1, 0.5, 100],
    [2, 0.5, 200],
    [3, 0.5, 400],
    [30, 0.5, 10_000],
    [2_000, 0.5, 10_000],
    [1, 0, 75],
    [1, 0.999999, 125],
  ])('C12: after call %d with random %f it waits %d ms', (attempt, random, expected) => {
    expect(backoffMs(attempt, { random: () => random })).toBe(expected);
  });
  it('tries three times by default, then throws the last error', async () => {
    let calls = 0;
    await expect(retry(async () => Promise.reject(new Error(`try ${++calls}`)), { baseMs: 1 })).rejects.toThrow('try 3');
    expect(calls).toBe(3);
  });
  it('stops at once when the error is not worth another try', async () => {
    let calls = 0;
    await expect(retry(async () => Promise.reject(new Error(`try ${++calls}`)), { retryIf: () => false })).rejects.toThrow('try 1');
  });
  it('an abort ends a long wait', async () => {
    const abort = new AbortController();
    const wait = retryForever(async () => Promise.reject(new Error('no')), {
      signal: abort.signal,
      baseMs: 3_600_000,
      capMs: 3_600_000,
      onRetry: () => abort.abort(new Error('enough')),
    });
    await expect(wait).rejects.toThrow('enough');
  });
});

describe('time-out and bulkhead', () => {
  it('withTimeout rejects although the work ignores its signal', async () => {
    await expect(withTimeout('the thing', 10, () => new Promise(() => {}))).rejects.toMatchObject({
      code: 5003,
      message: 'the thing took longer than 10 ms',
    });
    await expect(withTimeout('the thing', 10_000, async () => 5)).resolves.toBe(5);
    await expect(withTimeout('the thing', 10_000, async () => Promise.reject(new Error('own')))).rejects.toThrow('own');
  });
  it('R4: one works, one waits, the third is refused with QueueFull', async () => {
    const run = createBulkhead('signing', 1, 1);
    const gate = Promise.withResolvers<string>();
    const first = run(() => gate.promise);
    const second = run(async () => 'second');
    await expect(run(async () => 'third')).rejects.toMatchObject({ code: 5001 });
    gate.resolve('first');
    expect(await Promise.all([first, second])).toEqual(['first', 'second']);
  });
});
