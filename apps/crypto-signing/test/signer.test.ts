import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ed25519, keyPairFromSeed } from '@bursar/crypto';
import type { VoteRow } from '@bursar/pbft';
import { toHex, voteHash } from '@bursar/protocol';
import { type BursarError, type DurableLog, recordingFiles } from '@bursar/shared-core';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { failingStop, openRecord } from '../src/adapters/record-log.ts';
import { type Ballot, Signer } from '../src/core/signer.ts';

const chain = '1'.repeat(64);
const keys = keyPairFromSeed(new Uint8Array(32).fill(7));
const ballot = (height: number, phase: Ballot['phase'], digest = 'a'.repeat(64), view = 0): Ballot => ({
  epoch: 0,
  height,
  view,
  phase,
  digest,
});

let dir: string;
const logs: DurableLog[] = [];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'signer-'));
});
afterEach(async () => {
  for (const log of logs.splice(0)) await log.close().catch(() => {});
  rmSync(dir, { recursive: true });
});

async function open(files?: ReturnType<typeof recordingFiles>): Promise<Signer> {
  const { log, record } = await openRecord(join(dir, 'record'), files ? { files } : {});
  logs.push(log);
  return new Signer({
    chain,
    validator: 2,
    record,
    log,
    sign: (hash) => ed25519.sign(keys.secretKey, hash),
    verify: (hash, signature) => ed25519.verify(keys.publicKey, hash, signature),
  });
}
const reasonOf = (p: Promise<unknown>): Promise<string> =>
  p.then(
    () => 'none',
    (e) => e.reason,
  );

describe('S4 check, record, fsync, then sign', () => {
  it('what is signed verifies as a vote of this chain', async () => {
    const signer = await open();
    const b = ballot(1, 'prepare');
    expect(ed25519.verify(keys.publicKey, voteHash({ chain, ...b }), await signer.signVote(b))).toBe(true);
  });

  it('the row is written and fsynced before the signature is answered', async () => {
    const files = recordingFiles();
    const signer = await open(files);
    const release = files.holdNext('fdatasync');
    const answer = signer.signVote(ballot(1, 'prepare')).then(() => files.note('answer'));
    await new Promise((resolve) => setImmediate(resolve));
    expect(files.journal).not.toContain('answer');
    release();
    await answer;
    const from = files.journal.findLastIndex((step) => step.startsWith('write'));
    expect(files.journal.slice(from)).toEqual([expect.stringMatching(/^write/), 'fdatasync 00000001.log', 'answer']);
  });

  it('ListSigned shows no signature whose row is not on disk, even one that arrives while it waits', async () => {
    const files = recordingFiles();
    const signer = await open(files);
    await signer.signVote(ballot(1, 'prepare'));
    const release = files.holdNext('fdatasync');
    const second = signer.signVote(ballot(2, 'prepare'));
    const listed = signer.listSigned(1);
    while (!files.journal.at(-1)?.startsWith('write')) await new Promise((resolve) => setImmediate(resolve));
    const third = signer.signVote(ballot(3, 'prepare')); // appended while the fsync of the second runs
    release();
    expect((await listed).map((row) => row.height)).toEqual([1, 2]);
    await Promise.all([second, third]);
  });

  it('a failed fsync gives no signature, then or later', async () => {
    const files = recordingFiles();
    const signer = await open(files);
    files.failNext('fdatasync', new Error('input/output error'));
    expect(await reasonOf(signer.signVote(ballot(1, 'prepare')))).toBe('LOG_FAILED');
    expect(await reasonOf(signer.signVote(ballot(1, 'prepare')))).toBe('LOG_FAILED');
    expect(await reasonOf(signer.signVote(ballot(2, 'prepare')))).toBe('LOG_FAILED');
  });

  it('of two rivals that arrive together one is signed', async () => {
    const signer = await open();
    const outcomes = await Promise.all([
      reasonOf(signer.signVote(ballot(1, 'prepare'))),
      reasonOf(signer.signVote(ballot(1, 'prepare', 'b'.repeat(64)))),
    ]);
    expect(outcomes).toEqual(['none', 'DOUBLE_SIGN_REFUSED']);
  });

  it('after a restart the same request gets the same signature, another is refused', async () => {
    const first = await (await open()).signVote(ballot(1, 'prepare'));
    const signer = await open();
    expect(toHex(await signer.signVote(ballot(1, 'prepare')))).toBe(toHex(first));
    expect(await reasonOf(signer.signVote(ballot(1, 'prepare', 'b'.repeat(64))))).toBe('DOUBLE_SIGN_REFUSED');
  });

  it('a torn last row is cut off and everything before it stands', async () => {
    const signer = await open();
    await signer.signVote(ballot(1, 'prepare'));
    await signer.signVote(ballot(2, 'prepare'));
    await logs.splice(0)[0]?.close();
    const file = join(dir, 'record', '00000001.log');
    writeFileSync(file, readFileSync(file).subarray(0, -5), { flag: 'w' });
    const again = await open();
    expect((await again.listSigned(1)).map((r) => r.height)).toEqual([1]);
  });

  it('a flipped bit in an older row is named and nothing is served', async () => {
    const signer = await open();
    for (let h = 1; h <= 3; h++) await signer.signVote(ballot(h, 'prepare'));
    await logs.splice(0)[0]?.close();
    const file = join(dir, 'record', '00000001.log');
    const bytes = readFileSync(file);
    bytes[60] = (bytes[60] ?? 0) ^ 1;
    writeFileSync(file, bytes);
    await expect(open()).rejects.toThrow(/00000001\.log/);
  });

  it('thousands of heights keep the record bounded, and old heights stay refused over a restart', async () => {
    const signer = await open();
    for (let h = 1; h <= 4_100; h += 50) await Promise.all(Array.from({ length: 50 }, (_, i) => signer.signVote(ballot(h + i, 'prepare'))));
    expect((await signer.listSigned(1)).length).toBeLessThanOrEqual(1_000);
    await logs.splice(0)[0]?.close();
    expect(await reasonOf((await open()).signVote(ballot(5, 'prepare', 'b'.repeat(64))))).toBe('DOUBLE_SIGN_REFUSED');
  });
});

describe('a record that cannot be written any more', () => {
  it.each([
    ['a write', 'write'],
    ['an fsync', 'fdatasync'],
    ['the removal of old rows', 'unlink'],
  ] as const)('ends the process when %s fails', async (_, operation) => {
    const files = recordingFiles();
    const { log, record } = await openRecord(join(dir, 'record'), { files });
    logs.push(log);
    const ended: string[] = [];
    const fatal = (e: unknown): never => {
      ended.push((e as BursarError).reason);
      throw e;
    };
    const signer = new Signer({
      chain,
      validator: 2,
      record,
      log: failingStop(log, fatal),
      sign: (hash) => ed25519.sign(keys.secretKey, hash),
      verify: () => true,
    });
    files.failNext(operation, new Error('input/output error'));
    await Promise.allSettled(Array.from({ length: 2_100 }, (_, i) => signer.signVote(ballot(i + 1, 'prepare'))));
    expect(ended[0]).toBe('LOG_FAILED');
  });
});

describe('Reconcile', () => {
  const shown = async (signer: Signer, height: number): Promise<VoteRow> => {
    const b = ballot(height, 'prepare');
    return { kind: 'vote', ...b, signature: await signer.signVote(b) };
  };
  it('what stands in the record is fine', async () => {
    const signer = await open();
    await signer.reconcile([await shown(signer, 1)]);
  });
  it('a signature that nobody could have made is ignored', async () => {
    const signer = await open();
    await signer.reconcile([{ kind: 'vote', ...ballot(9, 'prepare'), signature: new Uint8Array(64) }]);
  });
  it('a genuine signature that is missing stops the signer, over restarts too', async () => {
    const known = await shown(await open(), 1);
    await logs.splice(0)[0]?.close();
    rmSync(join(dir, 'record'), { recursive: true });
    const restored = await open();
    expect(await reasonOf(restored.reconcile([known]))).toBe('SIGNER_BEHIND');
    expect(await reasonOf(restored.signVote(ballot(2, 'prepare')))).toBe('SIGNER_BEHIND');
    await logs.splice(0)[0]?.close();
    expect(await reasonOf((await open()).signVote(ballot(2, 'prepare')))).toBe('SIGNER_BEHIND');
  });
});
