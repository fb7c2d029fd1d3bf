import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openLog, readLog } from '../src/index.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'log-read-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

describe('B4 reading one record of the log', () => {
  it('every record is found at the position that append gave, across segments and a restart', async () => {
    const log = await openLog(join(dir, 'log'), { segmentBytes: 200 });
    const places = Array.from({ length: 40 }, (_, i) => log.append(Buffer.from(`record ${i}`)));
    await log.sync();
    await log.close();
    const again = await openLog(join(dir, 'log'), { segmentBytes: 200 });
    for (const [i, place] of places.entries()) expect(Buffer.from(await again.read(place)).toString()).toBe(`record ${i}`);
    await again.close();
  });

  it.each([
    ['payload', 36],
    ['length', 24],
    ['head checksum', 28],
    ['segment header', 9],
  ])('a flipped bit in the %s is named and nothing is served', async (_, at) => {
    const log = await openLog(join(dir, 'log'));
    const place = log.append(Buffer.from('money'));
    await log.sync();
    const file = join(dir, 'log', '00000001.log');
    const bytes = readFileSync(file);
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    writeFileSync(file, bytes);
    await expect(log.read(place)).rejects.toThrow(/00000001\.log is corrupt at byte 24/);
    await log.close();
  });

  it.each([
    ['all of its segment that fit', 3, 4_096, [3, 4, 5, 6]],
    ['as many as the bytes hold', 0, 45, [0, 1]],
    ['one that is longer than the bytes', 2, 5, [2]],
  ])('many at once: %s', async (_, first, maxBytes, expected) => {
    const log = await openLog(join(dir, 'log'), { segmentBytes: 24 + 7 * 22 });
    const places = Array.from({ length: 20 }, (_, i) => log.append(Buffer.from(`record ${String(i).padStart(3)}`)));
    await log.sync();
    const found = await log.readMany(places[first] as (typeof places)[0], maxBytes);
    expect(found.map((r) => Buffer.from(r.bytes).toString())).toEqual(expected.map((i) => `record ${String(i).padStart(3)}`));
    expect(found.map(({ segment, offset }) => ({ segment, offset }))).toEqual(expected.map((i) => places[i]));
    await log.close();
  });

  it('many at once end before a damaged record, and a damaged first one is named', async () => {
    const log = await openLog(join(dir, 'log'));
    const places = ['one', 'two', 'three'].map((text) => log.append(Buffer.from(text)));
    await log.sync();
    const file = join(dir, 'log', '00000001.log');
    const bytes = readFileSync(file);
    const at = (places[1]?.offset ?? 0) + 13;
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    writeFileSync(file, bytes);
    expect(await log.readMany(places[0] as (typeof places)[0], 4_096)).toHaveLength(1);
    await expect(log.readMany(places[1] as (typeof places)[0], 4_096)).rejects.toThrow(/00000001\.log is corrupt/);
    await log.close();
  });
});

describe('a log read by somebody who only looks', () => {
  const text = async () => {
    const found: string[] = [];
    for await (const { bytes } of readLog(join(dir, 'log'))) found.push(Buffer.from(bytes).toString());
    return found;
  };
  it('gives every durable record while its owner has it open, and changes nothing', async () => {
    const log = await openLog(join(dir, 'log'), { segmentBytes: 60 });
    for (const record of ['one', 'two', 'three', 'four']) log.append(Buffer.from(record));
    await log.sync();
    expect(await text()).toEqual(['one', 'two', 'three', 'four']);
    log.append(Buffer.from('five'));
    await log.sync();
    expect((await text()).at(-1)).toBe('five');
    await log.close();
  });
  it('ends before a write that has not ended, and leaves it as it is', async () => {
    const log = await openLog(join(dir, 'log'));
    log.append(Buffer.from('whole'));
    await log.sync();
    await log.close();
    const file = join(dir, 'log', '00000001.log');
    const torn = Buffer.concat([readFileSync(file), Buffer.alloc(20)]);
    writeFileSync(file, torn);
    expect(await text()).toEqual(['whole']);
    expect(readFileSync(file)).toEqual(torn);
  });
  it('names a damaged record, and a segment that is gone', async () => {
    const log = await openLog(join(dir, 'log'), { segmentBytes: 40 });
    for (const record of ['one', 'two', 'three']) log.append(Buffer.from(record));
    await log.sync();
    await log.close();
    const file = join(dir, 'log', '00000001.log');
    const bytes = readFileSync(file);
    bytes[36] = (bytes[36] ?? 0) ^ 1;
    writeFileSync(file, bytes);
    await expect(text()).rejects.toThrow(/00000001\.log is corrupt at byte 24/);
    rmSync(join(dir, 'log', '00000002.log'));
    await expect(text()).rejects.toThrow(/segment is missing/);
    await expect((async () => readLog(join(dir, 'nowhere')).next())()).rejects.toThrow(/cannot be read/);
  });
});
