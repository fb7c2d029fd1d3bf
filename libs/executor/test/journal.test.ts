/** The journal on real files: order of write, fsync and send; torn tails; records that are nobody's. */

import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sign } from '@bursar/crypto';
import { openLog, recordingFiles } from '@bursar/shared-core';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { signIntent } from '../src/intent.ts';
import { Journal, replayJournal } from '../src/journal.ts';
import { body, Chain, keyOf } from './support/chain.ts';
import { Rig } from './support/rig.ts';

const key = keyOf('exec');
const chain = 'cc'.repeat(32);
const seen = { chain, height: 7 };
const own = { chain, shard: 0, signer: key.id };
const intent = (seq: bigint, of = chain) =>
  signIntent(
    {
      chain: of,
      signer: key.id,
      shard: 0,
      epoch: 1n,
      seq,
      lane: 'consumer',
      expiresAt: 9,
      items: [],
      traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
    },
    (hash) => sign(key.secretKey, hash),
  );

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'journal-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

describe('journal', () => {
  it('gives back what is unresolved, byte for byte, by seq', async () => {
    const log = await openLog(join(dir, 'j'));
    const journal = new Journal(log);
    const all = [3n, 1n, 2n].map((seq) => intent(seq));
    await journal.stage(all, seen);
    journal.done(all[1] as (typeof all)[0], 'applied', 7);
    await log.close();
    const { unresolved, foreign } = await replayJournal((await openLog(join(dir, 'j'))).replay(), own);
    expect(unresolved).toEqual([all[2], all[0]]);
    expect(foreign).toBe(0);
  });

  it('leaves alone what is of another chain, or no record at all', async () => {
    const log = await openLog(join(dir, 'j'));
    await new Journal(log).stage([intent(1n, 'dd'.repeat(32)), intent(2n)], seen);
    log.append(new Uint8Array([9, 9, 9]));
    await log.close();
    const { unresolved, foreign } = await replayJournal((await openLog(join(dir, 'j'))).replay(), own);
    expect([unresolved.length, foreign]).toEqual([1, 2]);
  });

  it('a torn intent is cut off: its batch never left', async () => {
    const log = await openLog(join(dir, 'j'));
    await new Journal(log).stage([intent(1n)], seen);
    await new Journal(log).stage([intent(2n)], seen);
    await log.close();
    const [name = ''] = await readdir(join(dir, 'j'));
    const file = join(dir, 'j', name);
    await truncate(file, (await readFile(file)).length - 5);
    const again = await openLog(join(dir, 'j'));
    expect(again.torn).toBeDefined();
    expect((await replayJournal(again.replay(), own)).unresolved.map((i) => i.batch.seq)).toEqual([1n]);
  });

  it('a flipped bit in the middle is named, never read', async () => {
    const log = await openLog(join(dir, 'j'));
    const journal = new Journal(log);
    for (const seq of [1n, 2n]) await journal.stage([intent(seq)], seen); // the second write proves that the first was durable
    await log.close();
    const [name = ''] = await readdir(join(dir, 'j'));
    const bytes = await readFile(join(dir, 'j', name));
    bytes[60] = (bytes[60] ?? 0) ^ 1;
    await writeFile(join(dir, 'j', name), bytes);
    await expect(openLog(join(dir, 'j'))).rejects.toMatchObject({ reason: 'LOG_CORRUPT', exitCode: 70 });
  });

  it('compaction keeps what is unresolved and drops the rest', async () => {
    const log = await openLog(join(dir, 'j'));
    const journal = new Journal(log, 10_000);
    for (let seq = 1n; seq <= 60n; seq++) {
      await journal.stage([intent(seq)], seen);
      journal.done(intent(seq), 'applied', 1);
      await journal.compact([intent(999n)], seen);
    }
    expect(log.bytes).toBeLessThan(11_000);
    await log.close();
    const { unresolved } = await replayJournal((await openLog(join(dir, 'j'))).replay(), own);
    expect(unresolved.map((i) => i.batch.seq)).toEqual([999n]);
  });

  it('remembers the highest block that was known, of its own chain, over compactions', async () => {
    const log = await openLog(join(dir, 'j'));
    const journal = new Journal(log, 500);
    expect((await replayJournal(log.replay(), own)).seen).toBe(0);
    await journal.stage([intent(1n)], { chain, height: 12 });
    await journal.stage([intent(2n)], { chain, height: 11 });
    await journal.stage([], { chain: 'dd'.repeat(32), height: 99 });
    expect(await journal.compact([], { chain, height: 13 })).toBe(true);
    await log.close();
    const { seen: known, foreign } = await replayJournal((await openLog(join(dir, 'j'))).replay(), own);
    expect([known, foreign]).toEqual([13, 0]);
  });

  it('no batch leaves before its intent is synced', async () => {
    const files = recordingFiles();
    const log = await openLog(join(dir, 'j'), { files });
    const simulated = new Chain();
    simulated.approve([body('a'), body('b')]);
    const rig = new Rig(simulated);
    rig.useLog(log);
    await rig.start();
    const submit = rig.submitter.submit.bind(rig.submitter);
    rig.submitter.submit = async (place, transaction) => {
      files.note('send');
      await submit(place, transaction);
    };
    await rig.run(2);
    const steps = files.journal.map((s) => s.split(' ')[0]);
    // The lease goes out without a journal; then the intent: write, fsync, send.
    expect(steps.slice(steps.indexOf('send'))).toEqual(['send', 'write', 'fdatasync', 'send']);
    await log.close();
  });

  it('a failed fsync ends it: nothing is sent', async () => {
    const files = recordingFiles();
    const log = await openLog(join(dir, 'j'), { files });
    const simulated = new Chain();
    simulated.approve([body('a')]);
    const rig = new Rig(simulated);
    rig.useLog(log);
    await rig.start();
    await rig.run(1);
    const before = rig.submitter.places.length;
    files.failNext('fdatasync', Object.assign(new Error('no space left'), { code: 'ENOSPC' }));
    await expect(rig.run(1)).rejects.toMatchObject({ reason: 'DISK_FULL' });
    expect(rig.submitter.places).toHaveLength(before);
  });
});
