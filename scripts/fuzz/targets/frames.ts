/** Segments of the durable log: damage is named or cut off; what is read back is always a beginning of what was written. */

import { BursarError } from '../../../libs/shared-core/src/index.ts';
import { encodeFrame, encodeHeader, HEADER_BYTES, type SegmentId } from '../../../libs/shared-core/src/log/frame.ts';
import { recordsOf, scanSegment } from '../../../libs/shared-core/src/log/segment.ts';
import { bytesOf, must, refusedBy, type Target } from '../target.ts';

const id: SegmentId = { segment: 3, salt: 0x1234_5678, previousEnd: 99 };
const written = ['first', 'second, in the same write', '', 'fourth'].map((t, i) => bytesOf(`${i} ${t.repeat(i + 1)}`));

function segmentOf(records: readonly Uint8Array[]): Uint8Array {
  const parts: Uint8Array[] = [encodeHeader(id)];
  let offset = HEADER_BYTES;
  for (const [i, record] of records.entries()) {
    const frame = encodeFrame(id, offset, record, i !== 1);
    parts.push(frame, record);
    offset += frame.length + record.length;
  }
  return new Uint8Array(Buffer.concat(parts));
}

const frames = (isNewest: boolean): Target => ({
  name: isNewest ? 'log segment, newest' : 'log segment, older',
  corpus: [segmentOf(written), segmentOf(written.slice(0, 1)), segmentOf([])],
  maxBytes: 16_384,
  share: 3,
  open: () => (bytes) => {
    const segment = Buffer.from(bytes);
    const found = refusedBy(() => scanSegment('log', id.segment, segment, isNewest), BursarError);
    if (found?.id === undefined) return false;
    must(found.end <= segment.length, 'records end inside the segment');
    let n = 0;
    for (const { bytes: record } of recordsOf(segment, found.id, found.end))
      must(Buffer.compare(record, written[n++] ?? new Uint8Array()) === 0, 'what is read is a beginning of what was written');
    return true;
  },
});

export const logs: readonly Target[] = [frames(true), frames(false)];
