/** The results of one block as they come: canonical bytes side by side and the leaf of each, no object for any. */
import { merkleRootOf } from '@bursar/merkle';
import { ByteList, type Digest, encode, HashRoom, result, type TransactionResult, toHex } from '@bursar/protocol';

const U32 = 4;
const LEAF = 32;
/** The longest is an executeBatch's, with a code for each of its items. */
const MAX_RESULT_BYTES = 4_096;
const START_BYTES = 16_384;
const START_COUNT = 64;
const room = new HashRoom('bursar/result', MAX_RESULT_BYTES);

/** Of a transaction: its code and what it used up stand for the next caller; nothing else is kept. */
export class BlockResults {
  #bytes = Buffer.allocUnsafe(START_BYTES);
  #length = U32;
  #ends = new Uint32Array(START_COUNT);
  #leaves = new Uint8Array(START_COUNT * LEAF);
  #count = 0;

  transaction(r: TransactionResult): void {
    this.#write(this.#open(resultBytes(r.items.length)), encode(result, r));
  }

  /** Keeps the place of a result with so many item codes; `settle` writes it, before the block ends. */
  reserve(items: number): number {
    return this.#open(resultBytes(items));
  }
  settle(place: number, r: TransactionResult): void {
    this.#write(place, encode(result, r));
  }

  /** Canonical bytes that stand in `bytes` at the start of the room, `length` of them. */
  receipt(from: HashRoom, length: number): void {
    const index = this.#open(length);
    const end = this.#ends[index] as number;
    from.bytes.copy(this.#bytes, end - length, from.start, from.start + length);
    from.hashInto(length, this.#leaves, index * LEAF);
  }

  finish(): { readonly encoded: ByteList; readonly resultsRoot: Digest } {
    this.#bytes.writeUInt32BE(this.#count, 0);
    const encoded = new ByteList(new Uint8Array(this.#bytes.subarray(0, this.#length)), this.#ends.slice(0, this.#count));
    return { encoded, resultsRoot: toHex(merkleRootOf(this.#leaves.subarray(0, this.#count * LEAF))) };
  }

  /** Makes room for one more. @returns its index */
  #open(length: number): number {
    const index = this.#count;
    const end = this.#length + U32 + length;
    if (end > this.#bytes.length) this.#growBytes(end);
    if (index === this.#ends.length) this.#growCount();
    this.#bytes.writeUInt32BE(length, this.#length);
    this.#length = end;
    this.#ends[index] = end;
    this.#count = index + 1;
    return index;
  }
  #write(index: number, encoded: Uint8Array): void {
    const end = this.#ends[index] as number;
    this.#bytes.set(encoded, end - encoded.length);
    room.bytes.set(encoded, room.start);
    room.hashInto(encoded.length, this.#leaves, index * LEAF);
  }
  #growBytes(least: number): void {
    const larger = Buffer.allocUnsafe(Math.max(2 * this.#bytes.length, least));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
  #growCount(): void {
    const ends = new Uint32Array(2 * this.#ends.length);
    ends.set(this.#ends);
    this.#ends = ends;
    const leaves = new Uint8Array(2 * this.#leaves.length);
    leaves.set(this.#leaves);
    this.#leaves = leaves;
  }
}

/** Tag, id, code, consumed, height, index, count, a code for each item. */
const resultBytes = (items: number): number => 1 + 32 + 2 + 1 + 8 + 4 + 4 + 2 * items;
