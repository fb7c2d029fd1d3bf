import { sign } from '@bursar/crypto';
import { afterEach, describe, expect, it } from '@jest/globals';
import { SignatureWorker } from '../src/adapters/signature-worker.ts';
import { testGenesis } from './support/genesis.ts';
import { mute, thread } from './support/threads.ts';

const { keys } = testGenesis(4);
const signed = (by: number) => {
  const { publicKey, secretKey } = keys[by] as (typeof keys)[number];
  const message = new Uint8Array(32).fill(by);
  return { publicKey, message, signature: sign(secretKey, message) };
};
let worker: SignatureWorker | undefined;
afterEach(() => worker?.close());
const forged = { ...signed(1), signature: signed(2).signature };
const groups = [
  [signed(0), signed(1)],
  [signed(2), forged],
];
const outcome = (w: SignatureWorker) =>
  w.verify(groups).then(
    (verdicts) => verdicts,
    (error: unknown) => (error as { reason?: string }).reason ?? String(error),
  );

describe('the thread that verifies votes', () => {
  it('answers for each group; until it is up the answers are made in place', async () => {
    worker = new SignatureWorker({ timeoutMs: 60_000, onCrash: (error) => Promise.reject(error) });
    expect(await worker.verify(groups)).toEqual([true, false]);
    await worker.start();
    expect(await worker.verify(groups)).toEqual([true, false]);
    expect(await worker.verify([[signed(3)]])).toEqual([true]);
  });
  it('one that is late costs its job (SignatureVerificationTimeout), not the next ones; one that hangs is replaced', async () => {
    const gone = Promise.withResolvers<unknown>();
    worker = new SignatureWorker({ timeoutMs: 10, onCrash: gone.resolve, program: mute });
    await worker.start();
    expect(await outcome(worker)).toBe('SIGNATURE_VERIFICATION_TIMEOUT');
    expect(await outcome(worker)).toEqual([true, false]);
    expect(String(await gone.promise)).toContain('hangs');
    await worker.start();
    expect(await outcome(worker)).toBe('SIGNATURE_VERIFICATION_TIMEOUT');
  });
  it.each([
    ['ends', thread('process.exit(3)'), 'ended with code 3'],
    ['crashes', thread('throw new Error("out of luck")'), 'out of luck'],
  ])('one that %s over a job is replaced', async (_, program, why) => {
    const crashes: unknown[] = [];
    worker = new SignatureWorker({ timeoutMs: 60_000, onCrash: (error) => crashes.push(error), program });
    for (const times of [1, 2]) {
      await worker.start();
      expect(await outcome(worker)).toContain(why);
      expect(crashes.length).toBe(times);
    }
  });
  it('one that cannot even start is no loss', async () => {
    const gone = Promise.withResolvers<unknown>();
    worker = new SignatureWorker({ timeoutMs: 60_000, onCrash: gone.resolve, program: new URL('data:text/javascript,throw 1') });
    expect(await worker.verify(groups)).toEqual([true, false]);
    await gone.promise;
    expect(await worker.verify(groups)).toEqual([true, false]);
  });
  it('what is verified in place does not keep the loop from everything else', async () => {
    worker = new SignatureWorker({ timeoutMs: 60_000, onCrash: () => {}, program: mute });
    let turns = 0;
    const next = () => {
      turns++;
      turning = setImmediate(next);
    };
    let turning = setImmediate(next);
    const verdicts = await worker.verify(Array.from({ length: 1_000 }, (_, i) => [i === 500 ? forged : signed(0)]));
    clearImmediate(turning);
    expect(verdicts.flatMap((ok, i) => (ok ? [] : [i]))).toEqual([500]);
    expect(turns).toBeGreaterThanOrEqual(10);
  });
  it('after its end nothing is verified', async () => {
    worker = new SignatureWorker({ timeoutMs: 60_000, onCrash: () => {} });
    await worker.close();
    expect(await outcome(worker)).toBe('INSUFFICIENT_RESOURCES');
  });
});
