import { sign } from '@bursar/crypto';
import { afterEach, describe, expect, it } from '@jest/globals';
import { SignatureWorker } from '../src/adapters/signature-worker.ts';
import { testGenesis } from './support/genesis.ts';

const { keys } = testGenesis(4);
const signed = (by: number) => {
  const { publicKey, secretKey } = keys[by] as (typeof keys)[number];
  const message = new Uint8Array(32).fill(by);
  return { publicKey, message, signature: sign(secretKey, message) };
};
let worker: SignatureWorker | undefined;
afterEach(() => worker?.close());
const program = (text: string) => new URL(`data:text/javascript,${encodeURIComponent(text)}`);

describe('the thread that verifies votes', () => {
  it('answers for each group', async () => {
    worker = new SignatureWorker({ timeoutMs: 60_000, onCrash: (error) => Promise.reject(error) });
    const forged = { ...signed(1), signature: signed(2).signature };
    expect(
      await worker.verify([
        [signed(0), signed(1)],
        [signed(2), forged],
      ]),
    ).toEqual([true, false]);
    expect(await worker.verify([[signed(3)]])).toEqual([true]);
  });
  it.each([
    ['does not answer: SignatureVerificationTimeout', 'setInterval(() => {}, 1e6)', 20, 'SIGNATURE_VERIFICATION_TIMEOUT'],
    ['ends', 'process.exit(3)', 60_000, 'ended with code 3'],
    ['crashes', 'throw new Error("out of luck")', 60_000, 'out of luck'],
  ])('one that %s; it is replaced', async (_, text, timeoutMs, why) => {
    const crashes: unknown[] = [];
    worker = new SignatureWorker({ timeoutMs, onCrash: (error) => crashes.push(error), program: program(text) });
    for (const times of [1, 2]) {
      const error = await worker.verify([[signed(0)]]).catch((e: unknown) => e);
      expect(`${(error as { reason?: string }).reason} ${String(error)}`).toContain(why);
      expect(crashes.length).toBe(times);
    }
  });
  it('after its end nothing is verified', async () => {
    worker = new SignatureWorker({ timeoutMs: 60_000, onCrash: () => {} });
    await worker.close();
    await expect(worker.verify([[signed(0)]])).rejects.toMatchObject({ reason: 'INSUFFICIENT_RESOURCES' });
  });
});
