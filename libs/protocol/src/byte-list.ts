/** A list of byte strings that stays in its canonical bytes: a block has a hundred thousand results, and an object for each would be felt. */
import { type Codec, encode } from './codec.ts';
import { bytes, checkedLength, list } from './codecs.ts';

const U32 = 4;

export class ByteList implements Iterable<Uint8Array> {
  /** u32 count, then each item behind its u32 length: as `list(bytes(…))` writes it. */
  readonly packed: Buffer;
  /** Where each item ends. */
  readonly #ends: Uint32Array;

  /** @param ends ascending, one for each item; not checked */
  constructor(packed: Uint8Array, ends: Uint32Array) {
    this.packed = Buffer.from(packed.buffer, packed.byteOffset, packed.byteLength);
    this.#ends = ends;
  }
  static from(items: readonly Uint8Array[]): ByteList {
    let end = U32;
    const ends = Uint32Array.from(items, (item) => (end += U32 + item.length));
    return new ByteList(encode(anyList, items as Uint8Array[]), ends);
  }

  get length(): number {
    return this.#ends.length;
  }
  /** Where an item begins and ends in `packed`. @throws RangeError outside the list */
  start(index: number): number {
    if (!(index >= 0 && index < this.length)) throw new RangeError(`there is no item ${index} of ${this.length}`);
    return index === 0 ? 2 * U32 : this.end(index - 1) + U32;
  }
  end(index: number): number {
    return this.#ends[index] as number;
  }
  /** A view, not a copy. @throws RangeError outside the list */
  at(index: number): Uint8Array {
    const start = this.start(index);
    return new Uint8Array(this.packed.buffer, this.packed.byteOffset + start, this.end(index) - start);
  }
  *[Symbol.iterator](): Generator<Uint8Array> {
    for (let i = 0; i < this.length; i++) yield this.at(i);
  }
  /** In memory of its own. */
  copy(): ByteList {
    return new ByteList(new Uint8Array(this.packed), this.#ends);
  }
}

const MAX = 0xffffffff;
const anyList = list(bytes(MAX), MAX);

/** As `list(bytes(max), maxCount)`; what is decoded is a copy in one piece. */
export const byteList = (max: number, maxCount: number): Codec<ByteList> => ({
  write: (w, v) => w.raw(v.packed),
  read: (r) => {
    const from = r.at;
    const count = checkedLength(r, maxCount, 'list');
    const ends: number[] = [];
    for (let i = 0; i < count; i++) {
      r.skip(checkedLength(r, max, 'bytes'));
      ends.push(r.at - from);
    }
    return new ByteList(r.since(from), Uint32Array.from(ends));
  },
});
