import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openLog } from '../src/index.ts';

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
});
