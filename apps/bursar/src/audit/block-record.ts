/**
 * Final blocks as a storage's log holds them (docs/protocol.md, "Durability"). Said here again and not shared with storage: an audit reads
 * what was agreed to be written, not what the program that wrote it believes.
 */
import {
  type Batch,
  type Block,
  batchCodec,
  block,
  bytes,
  type Certificate,
  certificate,
  type Digest,
  decode,
  hex32,
  limits,
  list,
  type Result,
  result,
  struct,
  text,
  u16,
  uint,
} from '@bursar/protocol';

const SMALL = 16_384;
const stored = struct({
  block: bytes(SMALL),
  certificate: bytes(SMALL),
  batches: list(bytes(limits.batch), limits.batchesPerBlock),
  results: list(bytes(4_096), 1_048_576),
  stateRoot: hex32,
  resultsRoot: hex32,
  outbox: struct({ traceparent: text(64), tracestate: text(512) }),
});
const piece = struct({ height: uint, index: u16, count: u16, bytes: bytes(8 * 1024 * 1024) });

/** What one validator keeps of one height; `raw` are the canonical bytes that the digests are over. */
export interface KeptBlock {
  readonly height: number;
  readonly block: Block;
  readonly certificate: Certificate;
  readonly raw: { readonly batches: readonly Uint8Array[]; readonly results: readonly Uint8Array[] };
  /** Roots after it: the next header bears them. */
  readonly stateRoot: Digest;
  readonly resultsRoot: Digest;
}
export const batchesOf = ({ raw }: KeptBlock): Batch[] => raw.batches.map((b) => decode(batchCodec, b));
export const resultsOf = ({ raw }: KeptBlock): Result[] => raw.results.map((r) => decode(result, r));

/** Puts the records of a log together; a block whose last pieces were never written is dropped. @throws Error for what is no block */
export async function* blocksOf(records: AsyncIterable<{ readonly bytes: Uint8Array }>): AsyncGenerator<KeptBlock> {
  let parts: Uint8Array[] = [];
  for await (const record of records) {
    const { height, index, count, bytes: part } = decode(piece, record.bytes);
    if (index === 0) parts = [];
    if (index !== parts.length || index >= count) throw new Error(`piece ${index} of ${count} of block ${height} stands where it cannot`);
    parts.push(part);
    if (index + 1 < count) continue;
    const { block: b, certificate: c, batches, results, stateRoot, resultsRoot } = decode(stored, Buffer.concat(parts));
    parts = [];
    yield { height, block: decode(block, b), certificate: decode(certificate, c), raw: { batches, results }, stateRoot, resultsRoot };
  }
}
