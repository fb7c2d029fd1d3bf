/** Bodies of batches in a validator's log: opaque, one record with the digest for each. */
import { type Digest, fromHex, toHex } from '@bursar/protocol';
import type { Disk } from './disk.ts';

/** First byte of such a record; the engine's records begin with 1 … 7. */
const BODY = 0xb0;
/** Records of bodies that a compaction keeps: those of blocks that storage lacks are among the youngest. */
export const BODIES_KEPT = 256;

export const isBody = (record: Uint8Array): boolean => record[0] === BODY;
const digests = new WeakMap<Uint8Array, Digest>();
/** Digest of the body that a record holds. Records are never changed: a whole one on a disk is the one that was written. */
function digestIn(record: Uint8Array): Digest {
  const known = digests.get(record);
  if (known !== undefined) return known;
  const digest = toHex(record.subarray(1));
  digests.set(record, digest);
  return digest;
}
/** Digest of the body that a record holds; `undefined` for a record of the engine. */
export const bodyOf = (record: Uint8Array): Digest | undefined => (isBody(record) ? digestIn(record) : undefined);

export class BodyRecords {
  readonly #disk: Disk;
  /** In the log, synced or not. */
  readonly #held = new Set<Digest>();

  constructor(disk: Disk) {
    this.#disk = disk;
  }
  /** Appends the body unless it is there. */
  keep(digest: Digest): void {
    if (this.#held.has(digest)) return;
    this.#held.add(digest);
    const record = new Uint8Array(33);
    record[0] = BODY;
    record.set(fromHex(digest), 1);
    digests.set(record, digest);
    this.#disk.append(record);
  }
  /** After a restart: what the disk still has. */
  reload(): readonly Digest[] {
    this.#held.clear();
    for (const record of this.#disk.read()) {
      const body = bodyOf(record);
      if (body !== undefined) this.#held.add(body);
    }
    return [...this.#held];
  }
  /** Compacts the log to the youngest bodies and `kept`. */
  compact(kept: readonly Uint8Array[]): void {
    const bodies = this.#disk.all.filter(isBody).slice(-BODIES_KEPT);
    this.#disk.compact([...bodies, ...kept]);
    if (this.#held.size > 4 * BODIES_KEPT) this.reload();
  }
}
