/** Every flipped bit, every power cut: the log gives back what was written, or says by name what it lost. */
import { describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { type BursarError, type FilePort, type LogRecord, type MemoryFiles, memoryFiles, openLog, type TornTail } from '../src/index.ts';

jest.setTimeout(120_000);

const DIR = '/log';
const HEAD = 12;
interface Opened {
  readonly records: readonly LogRecord[];
  readonly torn: TornTail | undefined;
  readonly error: BursarError | undefined;
}
async function opened(files: FilePort): Promise<Opened> {
  const records: LogRecord[] = [];
  try {
    const log = await openLog(DIR, { files });
    for await (const record of log.replay()) records.push(record);
    await log.close();
    return { records, torn: log.torn, error: undefined };
  } catch (error) {
    return { records, torn: undefined, error: error as BursarError };
  }
}
/** Each inner list is one write with one fsync. */
async function written(writes: readonly (readonly Uint8Array[])[], segmentBytes?: number): Promise<MemoryFiles> {
  const files = memoryFiles();
  const log = await openLog(DIR, { files, ...(segmentBytes ? { segmentBytes } : {}) });
  for (const write of writes) {
    for (const record of write) log.append(record);
    await log.sync();
  }
  await log.close();
  return files;
}
const filled = (length: number, byte: (i: number) => number): Uint8Array => Uint8Array.from({ length }, (_, i) => byte(i));
const mixed = (length: number): Uint8Array => filled(length, (i) => (i * 37 + length) & 255);
const zeros = (length: number): Uint8Array => filled(length, () => 0);

describe('a flipped bit', () => {
  const logs: [sentence: string, writes: Uint8Array[][], segmentBytes: number | undefined][] = [
    ['in records of one write each', [[mixed(20)], [mixed(1)], [mixed(60)]], undefined],
    [
      'in writes of several records',
      [
        [mixed(20), mixed(30)],
        [mixed(40), mixed(5), mixed(90)],
      ],
      undefined,
    ],
    ['in records that are full of zeros', [[zeros(40)], [zeros(560), zeros(2)]], undefined],
    ['in the one record of a log', [[zeros(540)]], undefined],
    ['in records over several segments', [[mixed(90)], [mixed(80), mixed(90)], [mixed(100)], [mixed(60)]], 150],
  ];
  it.each(logs)('%s is named with file, offset and record, and nothing of the record is served', async (_, writes, segmentBytes) => {
    const files = await written(writes, segmentBytes);
    const { records } = await opened(files);
    expect(records.map((r) => r.bytes.byteLength)).toEqual(writes.flat().map((r) => r.byteLength));
    for (const [file, content] of files.contents)
      for (let bit = 0; bit < content.byteLength * 8; bit++) {
        const damaged = Buffer.from(content);
        damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7));
        const found = await opened(memoryFiles(new Map([...files.contents, [file, damaged]])));
        const hit = records.findLastIndex((r) => file.endsWith(`${r.segment}.log`) && r.offset <= bit >> 3);
        const { reason, exitCode, details } = found.error as BursarError;
        expect([reason, exitCode, details['file'], details['offset']]).toEqual([
          'LOG_CORRUPT',
          70,
          file,
          String(records[hit]?.offset ?? 0),
        ]);
        // Older segments may have been read before; never what is damaged, nor anything after it.
        const before = records.filter((r) => `/log/${String(r.segment).padStart(8, '0')}.log` < file).length;
        if (found.records.length > Math.max(before, hit)) throw new Error(`bit ${bit} of ${file}: record ${hit} was served`);
        found.records.forEach((r, i) => {
          if (Buffer.compare(r.bytes, records[i]?.bytes ?? zeros(0)) !== 0)
            throw new Error(`bit ${bit} of ${file}: record ${i} is another`);
        });
      }
  });

  it('is told by the number of its record', async () => {
    const files = await written([[mixed(20)], [mixed(30)], [mixed(40)]]);
    const [[file, content] = ['', Buffer.alloc(0)]] = files.contents;
    content.writeUInt8(content.readUInt8(24 + HEAD + 20 + HEAD) ^ 4, 24 + HEAD + 20 + HEAD);
    const { error } = await opened(memoryFiles(new Map([[file, content]])));
    expect(error?.message).toMatch(
      /\/log\/00000001\.log is corrupt at byte 56: record 2 of the segment is damaged: a later write at byte 98/,
    );
  });
});

describe('more than a bit of the last write', () => {
  const last = mixed(2_000);
  const cases: [sentence: string, spoil: (bytes: Buffer, at: number) => Buffer, outcome: 'torn' | 'corrupt'][] = [
    ['the file ends inside the head', (b, at) => b.subarray(0, at + 5), 'torn'],
    ['the file ends inside the record', (b) => b.subarray(0, -1), 'torn'],
    ['the sector of its head never came', (b, at) => b.fill(0, at, 512), 'torn'],
    ['a sector in its middle never came', (b) => b.fill(0, 1_024, 1_536), 'torn'],
    ['its last sector never came, and the file is as long as it should be', (b) => b.fill(0, 2_048), 'torn'],
    ['half a sector in its middle is zero: no disk leaves that', (b) => b.fill(0, 1_024, 1_280), 'corrupt'],
    ['a sector holds something else', (b) => b.fill(7, 1_024, 1_536), 'corrupt'],
    ['two bits of its length are flipped', (b, at) => Buffer.from(b).fill((b[at + 3] as number) ^ 3, at + 3, at + 4), 'corrupt'],
    ['its head is overwritten', (b, at) => b.fill(255, at, at + HEAD), 'corrupt'],
  ];
  it.each(cases)('%s: %#', async (_, spoil, outcome) => {
    const files = await written([[mixed(20)], [last]]);
    const [[file, content] = ['', Buffer.alloc(0)]] = files.contents;
    const at = 24 + HEAD + 20;
    const found = await opened(memoryFiles(new Map([[file, spoil(content, at)]])));
    if (outcome === 'torn') expect([found.torn?.offset, found.records.length, found.error]).toEqual([at, 1, undefined]);
    else expect(found.error).toMatchObject({ reason: 'LOG_CORRUPT', details: { file, offset: String(at) } });
  });
});

describe('a write of several records that a power cut tore: nothing of it was answered', () => {
  it.each([
    ['its first record', 0],
    ['a record in its middle', 2],
  ])('%s is lost, later ones are there', async (_, lost) => {
    const files = await written([[mixed(488 - HEAD)], Array.from({ length: 4 }, () => mixed(512 - HEAD))]); // a record is a sector
    const [[file, content] = ['', Buffer.alloc(0)]] = files.contents;
    const at = 512 * (1 + lost);
    const { torn, records } = await opened(memoryFiles(new Map([[file, content.fill(0, at, at + 512)]])));
    expect([torn?.offset, records.length]).toEqual([at, 1 + lost]);
  });
});

describe('a power cut', () => {
  it('at any moment, whatever sectors came through: all that was acknowledged is there, and beyond it a prefix of what was written', async () => {
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.integer({ min: 1, max: 1_400 }).map((length) => ({ do: 'append' as const, length })) },
      { weight: 3, arbitrary: fc.constant({ do: 'sync' as const }) },
      { weight: 1, arbitrary: fc.constant({ do: 'rotate' as const }) },
      { weight: 1, arbitrary: fc.constant({ do: 'reopen' as const }) },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 30 }),
        fc.integer({ min: 0, max: 60 }),
        fc.infiniteStream(fc.boolean()),
        async (...run) => {
          const [steps, cutAfter, kept] = run;
          let disk = memoryFiles();
          let operations = 0;
          let left: MemoryFiles | undefined;
          let acknowledged = 0;
          const appended: number[] = [];
          /** Lets the power fail after so many operations on files; what goes on afterwards changes nothing. */
          const counted = (inner: MemoryFiles): FilePort => {
            const tick = <T>(promise: Promise<T>): Promise<T> =>
              promise.then((value) => {
                if (operations++ === cutAfter) {
                  acknowledgedAtCut = acknowledged;
                  left = inner.afterPowerCut(() => kept.next().value as boolean);
                }
                return value;
              });
            const file = (f: Awaited<ReturnType<FilePort['create']>>) => ({
              ...f,
              write: (bytes: Uint8Array, position: number) => tick(f.write(bytes, position)),
              fdatasync: () => tick(f.fdatasync()),
            });
            return {
              ...inner,
              create: async (path, mode) => file(await tick(inner.create(path, mode))),
              openForWrite: async (path) => file(await inner.openForWrite(path)),
              syncDir: (path) => tick(inner.syncDir(path)),
            };
          };
          let acknowledgedAtCut = 0;
          const content = (n: number, length: number): Uint8Array => filled(length, (i) => (i === 0 ? n : (i * n) & 255));
          let log = await openLog(DIR, { files: counted(disk) });
          for (const s of steps) {
            if (s.do === 'append') {
              log.append(content(appended.length + 1, s.length));
              appended.push(s.length);
            } else if (s.do === 'sync') {
              await log.sync();
              acknowledged = appended.length;
            } else if (s.do === 'rotate') log.rotate();
            else {
              await log.close();
              acknowledged = appended.length;
              disk = memoryFiles(disk.contents);
              log = await openLog(DIR, { files: counted(disk) });
            }
          }
          const after = left ?? disk.afterPowerCut(() => kept.next().value as boolean);
          const sure = left ? acknowledgedAtCut : acknowledged;
          const { records, error } = await opened(after);
          expect(error).toBeUndefined();
          expect(records.length).toBeGreaterThanOrEqual(sure);
          records.forEach((r, i) => {
            expect(Buffer.from(r.bytes).equals(content(i + 1, appended[i] as number))).toBe(true);
          });
        },
      ),
      { numRuns: 500 },
    );
  });

  it('after an fsync that failed: the next start writes the last write again, since the kernel may take it for written', async () => {
    const files = await written([[mixed(20)], [mixed(30), mixed(40)]]);
    const writes: string[] = [];
    const watched: FilePort = {
      ...files,
      async openForWrite(path) {
        const file = await files.openForWrite(path);
        return {
          ...file,
          write(bytes, position) {
            writes.push(`write ${position} ${bytes.byteLength}`);
            return file.write(bytes, position);
          },
          fdatasync() {
            writes.push('fdatasync');
            return file.fdatasync();
          },
        };
      },
    };
    expect((await opened(watched)).records).toHaveLength(3);
    expect(writes.slice(0, 2)).toEqual([`write ${24 + HEAD + 20} ${2 * HEAD + 70}`, 'fdatasync']);
  });
});
