import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { atomicWriteFile, type BursarError, type DurableLog, openLog, recordingFiles } from '../src/index.ts';

let root: string;
let count = 0;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'bursar-log-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));
const folder = () => join(root, `log-${++count}`);
const text = (n: number) => Buffer.from(`record ${n}`);
async function contents(log: DurableLog): Promise<string[]> {
  const all: string[] = [];
  for await (const record of log.replay()) all.push(Buffer.from(record.bytes).toString());
  return all;
}
/** Opens, reads everything, closes. */
async function reopened(dir: string) {
  const log = await openLog(dir);
  try {
    return { torn: log.torn, records: await contents(log) };
  } finally {
    await log.close();
  }
}
/** Each record with a write and an fsync of its own. */
async function written(dir: string, records: number, segmentBytes?: number): Promise<void> {
  const log = await openLog(dir, segmentBytes ? { segmentBytes } : {});
  for (let n = 0; n < records; n++) {
    log.append(text(n));
    await log.sync();
  }
  await log.close();
}
const failure = (promise: Promise<unknown>): Promise<BursarError> =>
  promise.then(
    () => Promise.reject(new Error('no error')),
    (e) => e,
  );
const names = (n: number) => Array.from({ length: n }, (_, i) => `record ${i}`);

describe('append, sync, replay', () => {
  it('gives back what was appended, in order, over several openings and segments', async () => {
    const dir = folder();
    for (let round = 0; round < 3; round++) {
      const log = await openLog(dir, { segmentBytes: 200 });
      expect(await contents(log)).toHaveLength(round * 20);
      for (let n = 0; n < 20; n++) log.append(text(round * 20 + n));
      await log.close();
    }
    expect((await reopened(dir)).records).toEqual(names(60));
    expect((await readdir(dir)).length).toBeGreaterThan(5);
  });
  it('refuses an empty record, one beyond 16 MiB, and more waiting bytes than allowed', async () => {
    const log = await openLog(folder(), { maxPendingBytes: 100 });
    expect(() => log.append(new Uint8Array(0))).toThrow('1 to 16777216 bytes');
    expect(() => log.append(new Uint8Array(16 * 1024 * 1024 + 1))).toThrow('1 to 16777216 bytes');
    expect(() => log.append(new Uint8Array(200))).toThrow('wait for the disk');
    await log.close();
  });
  it('rotate and dropBefore compact: older segments go, newer records stay', async () => {
    const dir = folder();
    const log = await openLog(dir);
    for (let n = 0; n < 5; n++) log.append(text(n));
    const segment = log.rotate();
    log.append(Buffer.from('snapshot'));
    await log.dropBefore(segment);
    expect(await readdir(dir)).toEqual(['00000002.log']);
    await log.close();
    expect((await reopened(dir)).records).toEqual(['snapshot']);
  });
});

describe('torn tail', () => {
  it('cut at every byte: the intact prefix is replayed, the rest is reported, and writing goes on', async () => {
    const dir = folder();
    await written(dir, 4);
    const file = join(dir, '00000001.log');
    const whole = await readFile(file);
    const recordBytes = 12 + text(0).byteLength;
    for (let size = 0; size < whole.byteLength; size++) {
      await writeFile(file, whole.subarray(0, size));
      const intact = Math.max(0, Math.floor((size - 24) / recordBytes));
      const log = await openLog(dir);
      expect(await contents(log)).toEqual(names(intact));
      const clean = size >= 24 && (size - 24) % recordBytes === 0;
      expect(log.torn === undefined).toBe(clean);
      if (log.torn) expect(log.torn).toMatchObject({ file, droppedBytes: size - (size < 24 ? 0 : 24 + intact * recordBytes) });
      log.append(Buffer.from('after'));
      await log.close();
      expect(await reopened(dir)).toEqual({ torn: undefined, records: [...names(intact), 'after'] });
      await writeFile(file, whole);
    }
  });
  it('zeros behind the last record (a file that grew before its data arrived) are a torn tail', async () => {
    const dir = folder();
    await written(dir, 2);
    const file = join(dir, '00000001.log');
    await writeFile(file, Buffer.concat([await readFile(file), Buffer.alloc(5_000)]));
    expect(await reopened(dir)).toMatchObject({ torn: { droppedBytes: 5_000 }, records: names(2) });
  });
  it('records inside a torn payload do not pass for records of the log', async () => {
    const other = folder();
    await written(other, 3);
    const dir = folder();
    const log = await openLog(dir);
    log.append(text(0));
    log.append(await readFile(join(other, '00000001.log')));
    await log.close();
    const file = join(dir, '00000001.log');
    await writeFile(file, (await readFile(file)).subarray(0, -1));
    expect(await reopened(dir)).toMatchObject({ torn: { segment: 1 }, records: names(1) });
  });
});

describe('damage', () => {
  it.each([
    ['a record of an older segment is damaged', (b: Buffer) => Buffer.concat([b.subarray(0, -1), Buffer.from([1])])],
    ['an older segment is cut inside a record', (b: Buffer) => b.subarray(0, -1)],
    ['an older segment lost whole records at its end', (b: Buffer) => b.subarray(0, -(12 + text(0).byteLength))],
  ])('%s: replay stops with an error', async (_, damage) => {
    const dir = folder();
    await written(dir, 20, 120);
    const file = join(dir, '00000002.log');
    await writeFile(file, damage(await readFile(file)));
    expect(await failure(reopened(dir))).toMatchObject({ reason: 'LOG_CORRUPT', details: { file } });
  });
  it('a missing segment is named', async () => {
    const dir = folder();
    await written(dir, 20, 120);
    await rm(join(dir, '00000002.log'));
    expect((await failure(openLog(dir))).message).toContain('00000002.log is corrupt at byte 0: the segment is missing');
  });
});

describe('order of operations', () => {
  it('create, header, its fsync and the folder’s, then records', async () => {
    const files = recordingFiles();
    const dir = folder();
    const log = await openLog(dir, { files });
    log.append(text(0));
    await log.sync();
    await log.close();
    expect(files.journal.slice(files.journal.indexOf('create 00000001.log'))).toEqual([
      'create 00000001.log',
      'write 00000001.log 24',
      'fdatasync 00000001.log',
      expect.stringMatching(/^syncDir/),
      'write 00000001.log 20',
      'fdatasync 00000001.log',
    ]);
  });
  it('the folders that it had to make are as durable as what is in them', async () => {
    const files = recordingFiles();
    const base = folder();
    const log = await openLog(join(base, 'data', 'log'), { files });
    await log.close();
    expect(files.journal.slice(0, 3)).toEqual([`syncDir ${basename(root)}`, `syncDir ${basename(base)}`, 'syncDir data']);
  });
  it('group commit: appends of one turn share one write and one fsync, and nobody goes on before it', async () => {
    const files = recordingFiles();
    const log = await openLog(folder(), { files });
    const from = files.journal.length;
    await Promise.all(
      Array.from({ length: 10 }, async (_, n) => {
        log.append(text(n));
        await log.sync();
        files.note(`send ${n}`);
      }),
    );
    await log.close();
    expect(files.journal.slice(from)).toEqual([
      'write 00000001.log 200',
      'fdatasync 00000001.log',
      ...Array.from({ length: 10 }, (_, n) => `send ${n}`),
    ]);
  });
  it('what is appended while an fsync runs waits for the next one', async () => {
    const files = recordingFiles();
    const log = await openLog(folder(), { files });
    const from = files.journal.length;
    const release = files.holdNext('fdatasync');
    log.append(text(0));
    const first = log.sync().then(() => files.note('first'));
    while (!files.journal.at(-1)?.startsWith('write')) await new Promise((resolve) => setImmediate(resolve));
    log.append(text(1));
    const second = log.sync().then(() => files.note('second'));
    release();
    await Promise.all([first, second]);
    await log.close();
    const order = files.journal.slice(from);
    expect(order).toEqual([
      'write 00000001.log 20',
      'fdatasync 00000001.log',
      'first',
      'write 00000001.log 20',
      'fdatasync 00000001.log',
      'second',
    ]);
  });
  it('a new segment begins only when the one before is synced', async () => {
    const files = recordingFiles();
    const log = await openLog(folder(), { files });
    const from = files.journal.length;
    log.append(text(0));
    log.rotate();
    log.append(text(1));
    await log.close();
    expect(files.journal.slice(from)).toEqual([
      'write 00000001.log 20',
      'fdatasync 00000001.log',
      'create 00000002.log',
      'write 00000002.log 24',
      'fdatasync 00000002.log',
      expect.stringMatching(/^syncDir/),
      'write 00000002.log 20',
      'fdatasync 00000002.log',
    ]);
  });
});

describe('a failed write is final', () => {
  const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  it.each([
    ['write', new Error('EIO'), 'LOG_FAILED', 70],
    ['fdatasync', new Error('EIO'), 'LOG_FAILED', 70],
    ['write', full, 'DISK_FULL', 69],
    ['fdatasync', full, 'DISK_FULL', 69],
  ] as const)(
    'after %s fails (%s), every later call is refused with %s, and the process is to end with %i',
    async (operation, cause, reason, exitCode) => {
      const files = recordingFiles();
      const dir = folder();
      const log = await openLog(dir, { files });
      log.append(text(0));
      await log.sync();
      files.failNext(operation, cause);
      log.append(text(1));
      const both = await Promise.all([failure(log.sync()), failure(log.sync())]);
      expect(both.map((e) => [e.reason, e.exitCode])).toEqual([
        [reason, exitCode],
        [reason, exitCode],
      ]);
      const steps = files.journal.length;
      expect(() => log.append(text(2))).toThrow(both[0]);
      expect(() => log.rotate()).toThrow(both[0]);
      expect(await failure(log.sync())).toBe(both[0]);
      expect(await failure(log.dropBefore(9))).toBe(both[0]);
      expect(await failure(log.close())).toBe(both[0]);
      expect(files.journal).toHaveLength(steps);
      expect((await reopened(dir)).records[0]).toBe('record 0');
    },
  );
  it('a segment that cannot be created is final, too', async () => {
    const files = recordingFiles();
    const log = await openLog(folder(), { files });
    log.append(text(0));
    log.rotate();
    log.append(text(1));
    files.failNext('create', full);
    expect((await failure(log.sync())).reason).toBe('DISK_FULL');
    expect(() => log.append(text(2))).toThrow('no space is left');
  });
});

describe('atomicWriteFile', () => {
  it('writes, syncs, renames and syncs the folder, in this order and with the mode', async () => {
    const files = recordingFiles();
    const path = join(root, 'atomic.json');
    await atomicWriteFile(path, 'one', 0o600, files);
    await atomicWriteFile(path, 'two', 0o600, files);
    expect(await readFile(path, 'utf8')).toBe('two');
    expect(files.journal.slice(0, 5).map((step) => step.split(' ')[0])).toEqual(['create', 'write', 'fdatasync', 'rename', 'syncDir']);
  });
  it('a full disk leaves the old content and no rubbish', async () => {
    const files = recordingFiles();
    const path = join(root, 'kept.json');
    await atomicWriteFile(path, 'old', 0o600, files);
    files.failNext('write', Object.assign(new Error('full'), { code: 'ENOSPC' }));
    expect(await failure(atomicWriteFile(path, 'new', 0o600, files))).toMatchObject({ reason: 'DISK_FULL', exitCode: 69 });
    files.failNext('fdatasync', new Error('EIO'));
    expect(await failure(atomicWriteFile(path, 'new', 0o600, files))).toMatchObject({ reason: 'LOG_FAILED', exitCode: 70 });
    expect(await readFile(path, 'utf8')).toBe('old');
    expect((await readdir(root)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });
});
