/** One final block as the log keeps it: everything that becomes durable together (B6, docs/protocol.md "Storage log"). */
import { byteList, bytes, type Decoded, decode, encode, hex32, limits, list, struct, text, u16, uint } from '@bursar/protocol';

/** Bounds of the wire as well (commits.proto). */
export const MAX_BLOCK_BYTES = 16_384;
export const MAX_CERTIFICATE_BYTES = 16_384;
/** One canonical result; the longest is an executeBatch's with a code for each of its 1,000 items. */
const MAX_RESULT_BYTES = 4_096;
const MAX_RESULTS = 1_048_576;

export const storedBlock = struct({
  /** Canonical block: header and references. */
  block: bytes(MAX_BLOCK_BYTES),
  /** Canonical commit certificate. */
  certificate: bytes(MAX_CERTIFICATE_BYTES),
  /** Canonical batches in the order of the references. */
  batches: list(bytes(limits.batch), limits.batchesPerBlock),
  /** Canonical results in the order of the results tree. */
  results: byteList(MAX_RESULT_BYTES, MAX_RESULTS),
  /** Roots after this block: the next header bears them. */
  stateRoot: hex32,
  resultsRoot: hex32,
  /** The outbox row: the event itself is made of the block; the trace context is the commit's. */
  outbox: struct({ traceparent: text(64), tracestate: text(512) }),
});
export type StoredBlock = Decoded<typeof storedBlock>;
/** W3C trace context of the commit, as it is stored in the outbox row (A5). */
export type TraceContext = StoredBlock['outbox'];

/** Whatever a caller's headers held, the row has its bounds. */
export const bounded = ({ traceparent, tracestate }: TraceContext): TraceContext =>
  Buffer.byteLength(traceparent) > 64
    ? { traceparent: '', tracestate: '' }
    : { traceparent, tracestate: Buffer.byteLength(tracestate) > 512 ? '' : tracestate };

/** A log record holds at most 16 MiB and a block with its receipts may be longer: it is written in pieces, synced together. */
const PIECE_BYTES = 8 * 1024 * 1024;
const MAX_PIECES = 64;
const piece = struct({ height: uint, index: u16, count: u16, bytes: bytes(PIECE_BYTES) });

/** The log records of a block, in order. */
export function toRecords(height: number, stored: StoredBlock): Uint8Array[] {
  const whole = encode(storedBlock, stored);
  const count = Math.ceil(whole.length / PIECE_BYTES);
  if (count > MAX_PIECES) throw new RangeError(`block ${height} has ${whole.length} bytes, more than ${MAX_PIECES} pieces hold`);
  return Array.from({ length: count }, (_, index) =>
    encode(piece, { height, index, count, bytes: whole.subarray(index * PIECE_BYTES, (index + 1) * PIECE_BYTES) }),
  );
}

export interface Assembled<P> {
  readonly height: number;
  readonly stored: StoredBlock;
  readonly positions: readonly P[];
  /** Bytes in the log. */
  readonly size: number;
}

/**
 * Puts records together again. A block whose last pieces were never written (power cut) is dropped when the next one begins:
 * nothing had been answered for it.
 */
export class Assembler<P> {
  #parts: Uint8Array[] = [];
  #positions: P[] = [];
  #height = 0;

  /** @returns the block when its last piece was given. @throws DecodeError, or Error for pieces that do not follow one another. */
  add(record: Uint8Array, position: P): Assembled<P> | undefined {
    const { height, index, count, bytes } = decode(piece, record);
    if (index === 0) {
      this.#parts = [];
      this.#positions = [];
      this.#height = height;
    }
    if (height !== this.#height || index !== this.#parts.length || index >= count)
      throw new Error(
        `piece ${index} of ${count} of block ${height} does not follow piece ${this.#parts.length - 1} of block ${this.#height}`,
      );
    this.#parts.push(bytes);
    this.#positions.push(position);
    if (index + 1 < count) return undefined;
    const whole = this.#parts.length === 1 ? bytes : Buffer.concat(this.#parts);
    const done = { height, stored: decode(storedBlock, whole), positions: this.#positions, size: whole.length };
    this.#parts = [];
    this.#positions = [];
    return done;
  }
}
