import { sign } from '@bursar/crypto';
import { batchHash, type Evidence, encode, evidenceTransaction, signedTransaction, toHex, transactionHash } from '@bursar/protocol';
import { afterEach, describe, expect, it } from '@jest/globals';
import { VerifyPool } from '../src/adapters/verify-pool.ts';
import { Mempool } from '../src/core/mempool.ts';
import { OwnBatches } from '../src/core/own-batches.ts';
import { keysOf } from './support/cell.ts';
import { testGenesis, transfer } from './support/genesis.ts';
import { doublePrepare } from './support/offence.ts';

const { chain, keys, genesis } = testGenesis(4);
const validators = genesis.validators.map((v) => v.publicKey);
const signed = (nonce: bigint, on = chain) => {
  const { body, signature, id } = transfer(on, nonce);
  return { encoded: encode(signedTransaction, { body, signature }), id, body };
};
let pool: VerifyPool | undefined;
afterEach(() => pool?.close());

describe('verifying workers', () => {
  it('answer in order: what is right, of another chain, badly signed, no transaction', async () => {
    pool = new VerifyPool({ chain, validators });
    const right = signed(0n);
    const forged = encode(signedTransaction, { body: right.body, signature: new Uint8Array(64).fill(1) });
    const verdicts = await pool.transactions([right.encoded, signed(1n, 'ab'.repeat(32)).encoded, forged, new Uint8Array(7)]);
    expect(verdicts.map((v) => (v.ok ? v.id : v.name))).toEqual([right.id, 'WrongChain', 'InvalidSignature', 'MalformedMessage']);
    expect(await pool.transaction(right.encoded)).toEqual({ ok: true, id: right.id });
  });
  it('a batch holds with its origin signature and every transaction, or not at all', async () => {
    pool = new VerifyPool({ chain, validators, workers: 1 });
    const batch = (n: number, broken: boolean) => {
      const mempool = new Mempool({ maxCount: 10, maxBytes: 1e6, maxHeld: 10 });
      const { encoded, id, body } = signed(BigInt(n));
      const transaction = broken ? encode(signedTransaction, { body, signature: new Uint8Array(64) }) : encoded;
      mempool.add({ id, transaction, traceparent: '', tracestate: '' });
      return new OwnBatches(n, mempool, {
        chain,
        origin: 1,
        ageMs: 0,
        ageBehindMs: 0,
        fullBytes: 1e5,
        fullTransactions: 1_000,
        maxOutstanding: 9,
      }).make(0, 0);
    };
    const publicKey = keysOf(2).publicKey;
    const by = (b: ReturnType<typeof batch>, key = keys[1]) => ({
      publicKey,
      signature: sign(key?.secretKey ?? new Uint8Array(64), batchHash(chain, b.ref)),
    });
    const [good, bad] = [batch(1, false), batch(2, true)];
    expect(await pool.batch(good.encoded, by(good))).toMatchObject({ ok: true, batch: { ref: good.ref } });
    expect(await pool.batch(good.encoded, by(good, keys[2]))).toMatchObject({ ok: false, name: 'InvalidSignature', ofOrigin: true });
    expect(await pool.batch(bad.encoded, by(bad))).toMatchObject({
      ok: false,
      name: 'InvalidSignature',
      why: expect.stringContaining('transaction 0'),
    });
    const unsigned = await pool.batch(good.encoded, undefined);
    expect(unsigned.ok && toHex(unsigned.batch.ids)).toBe(good.ids[0]);
  });
  it('a program that dies at once is started again after a pause each time, and its job is given up with a code', async () => {
    let crashes = 0;
    pool = new VerifyPool({
      chain,
      validators,
      workers: 1,
      program: new URL('data:text/javascript,process.exit(1)'),
      onCrash: () => crashes++,
    });
    const since = performance.now();
    await expect(pool.transactions([signed(0n).encoded])).rejects.toMatchObject({ reason: 'INSUFFICIENT_RESOURCES' });
    expect(crashes).toBe(3);
    expect(performance.now() - since).toBeGreaterThanOrEqual(990); // two pauses between three starts
  });
  it('C6: a batch of another validator goes before what clients bring, yet not for ever', async () => {
    pool = new VerifyPool({ chain, validators, workers: 1 });
    const done: string[] = [];
    const named = (name: string, job: Promise<unknown>) => job.then(() => void done.push(name));
    const client = (n: number) => named(`client ${n}`, (pool as VerifyPool).transactions([signed(BigInt(n)).encoded]));
    const bytes = 4 * signed(3n).encoded.length;
    const batch = (n: number) => named(`batch ${n}`, (pool as VerifyPool).batch(new Uint8Array(bytes), undefined));
    // Two are with the worker at once; then a batch goes first, and what a client brings is worth a batch four times its size.
    await Promise.all([1, 2, 3, 4, 5, 6].map(client).concat([1, 2, 3].map(batch)));
    expect(done.map((d) => d.replace('client', 'c').replace('batch', 'b'))).toEqual(
      ['c 1', 'c 2', 'b 1', 'c 3', 'b 2', 'c 4', 'b 3', 'c 5', 'c 6'], // not one of each five calls: a batch may be as large as thirty
    );
  });
  it('evidence that proves nothing is refused where it is handed in; in a batch it passes, for the ledger refuses it alone', async () => {
    pool = new VerifyPool({ chain, validators, workers: 1 });
    const { secretKey, publicKey } = keysOf(100);
    const given = (evidence: Evidence) => {
      const body = evidenceTransaction(chain, toHex(publicKey), evidence);
      return encode(signedTransaction, { body, signature: sign(secretKey, transactionHash(body)) });
    };
    const good = given(doublePrepare(chain, 2, 9));
    const bad = given({ ...doublePrepare(chain, 2, 9), validator: 1 });
    expect((await pool.transactions([good, bad])).map((v) => (v.ok ? 'right' : v.name))).toEqual(['right', 'EvidenceInvalid']);
    const mempool = new Mempool({ maxCount: 10, maxBytes: 1e6, maxHeld: 10 });
    mempool.add({ id: 'f'.repeat(64), transaction: bad, traceparent: '', tracestate: '' });
    const batch = new OwnBatches(1, mempool, {
      chain,
      origin: 1,
      ageMs: 0,
      ageBehindMs: 0,
      fullBytes: 1e5,
      fullTransactions: 100,
      maxOutstanding: 9,
    }).make(0, 0);
    const origin = {
      publicKey: keysOf(2).publicKey,
      signature: sign(keys[1]?.secretKey ?? new Uint8Array(64), batchHash(chain, batch.ref)),
    };
    expect(await pool.batch(batch.encoded, origin)).toMatchObject({ ok: true });
  });
  it('a worker that ends is replaced and its jobs are done again', async () => {
    let crashes = 0;
    pool = new VerifyPool({ chain, validators, workers: 1, onCrash: () => crashes++ });
    const many = Array.from({ length: 400 }, (_, i) => signed(BigInt(i)).encoded);
    const answers = Promise.all([0, 1, 2, 3].map((i) => pool?.transactions(many.slice(i * 100, i * 100 + 100))));
    await pool.threads[0]?.terminate();
    const verdicts = (await answers).flatMap((v) => v ?? []);
    expect(verdicts.length).toBe(400);
    expect(verdicts.every((v) => v.ok)).toBe(true);
    expect(crashes).toBe(1);
  });
  it('beyond its bytes it is full, and a job that no worker survives is given up', async () => {
    const small = new VerifyPool({ chain, validators, workers: 1, maxBytes: 300 });
    const first = small.transactions([signed(0n).encoded]);
    await expect(small.transactions([new Uint8Array(300)])).rejects.toMatchObject({ reason: 'QUEUE_FULL' });
    await first;
    await small.close();
    const program = new URL('data:text/javascript,process.exit(1)');
    pool = new VerifyPool({ chain, validators, workers: 1, program });
    await expect(pool.transactions([signed(0n).encoded])).rejects.toMatchObject({ reason: 'INSUFFICIENT_RESOURCES' });
  });
});
