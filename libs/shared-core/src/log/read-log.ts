/** A log as it lies on the disk, for those who only look: nothing is locked, cut off or written. */
import { join } from 'node:path';
import { diskFailure } from './disk-failure.ts';
import { type FilePort, nodeFiles } from './file-port.ts';
import { joined, type LogRecord, recordsOf, scanSegment, segmentName, segmentsIn } from './segment.ts';

/**
 * Its records in order, up to the last whole one; a service may go on writing meanwhile.
 * @throws LogCorrupt with file and offset for anything else than a write that has not ended; LogFailed when it cannot be read
 */
export async function* readLog(dir: string, files: FilePort = nodeFiles): AsyncGenerator<LogRecord> {
  const failed = (error: unknown) => Promise.reject(diskFailure(`the log in ${dir}`, error));
  const numbers = await segmentsIn(files, dir).catch(failed);
  let previousEnd: number | undefined;
  for (const segment of numbers) {
    const bytes = Buffer.from(await files.readFile(join(dir, segmentName(segment))).catch(failed));
    const { id, end } = scanSegment(dir, segment, bytes, segment === numbers.at(-1));
    if (id === undefined) return; // a segment whose header is not whole yet
    joined(dir, segment, previousEnd, id);
    previousEnd = end;
    yield* recordsOf(bytes, id, end);
  }
}
