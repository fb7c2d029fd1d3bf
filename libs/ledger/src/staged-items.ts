/** Items of an import as they arrived, side by side: ids, hashes, leaves and bodies, no object for any. */
import { type DisbursementBody, decode, disbursementBody, HashRoom, type Hex32, limits } from '@bursar/protocol';
import { amountAt, clientKeyAt, dependenciesAt, destinationAt, isPlainAt } from './body-layout.ts';

const ID = 32;
const PLAIN = { payee: undefined, expectedReceipts: [], revision: 0, reverses: undefined };
/** No canonical body is longer: ids, texts with their lengths, numbers. */
const MAX_BODY = 1024 + limits.clientKey + limits.memo + ID * limits.dependencies + 80 * limits.expectedReceipts;
const idRoom = new HashRoom('bursar/disbursement', ID + limits.clientKey);
const bodyRoom = new HashRoom('bursar/body', MAX_BODY);
const leafRoom = new HashRoom('bursar/import-item', 2 * ID);

interface Parts {
  readonly ids: Buffer;
  readonly bodyHashes: Buffer;
  /** Of the import's tree. */
  readonly leaves: Buffer;
  readonly bodies: Buffer;
  /** Where each body ends. */
  readonly ends: Uint32Array;
}

export class StagedItems {
  readonly ids: Buffer;
  readonly bodyHashes: Buffer;
  readonly leaves: Buffer;
  readonly bodies: Buffer;
  readonly #ends: Uint32Array;

  private constructor({ ids, bodyHashes, leaves, bodies, ends }: Parts) {
    this.ids = ids;
    this.bodyHashes = bodyHashes;
    this.leaves = leaves;
    this.bodies = bodies;
    this.#ends = ends;
  }

  /** @param given canonical bodies, which are copied */
  static from(given: readonly Uint8Array[]): StagedItems {
    const count = given.length;
    const [ids, bodyHashes, leaves] = [Buffer.alloc(count * ID), Buffer.alloc(count * ID), Buffer.alloc(count * ID)];
    const bodies = Buffer.alloc(given.reduce((sum, body) => sum + body.length, 0));
    const ends = new Uint32Array(count);
    let at = 0;
    for (const [i, body] of given.entries()) {
      bodies.set(body, at);
      hashId(bodies, at, ids, i * ID);
      bodyRoom.bytes.set(body, bodyRoom.start);
      bodyRoom.hashInto(body.length, bodyHashes, i * ID);
      ids.copy(leafRoom.bytes, leafRoom.start, i * ID, (i + 1) * ID);
      bodyHashes.copy(leafRoom.bytes, leafRoom.start + ID, i * ID, (i + 1) * ID);
      leafRoom.hashInto(2 * ID, leaves, i * ID);
      at += body.length;
      ends[i] = at;
    }
    return new StagedItems({ ids, bodyHashes, leaves, bodies, ends });
  }

  /** All of them, in order. */
  static concat(parts: readonly StagedItems[]): StagedItems {
    const ends = new Uint32Array(parts.reduce((sum, p) => sum + p.count, 0));
    let [next, before] = [0, 0];
    for (const part of parts) {
      for (const end of part.#ends) ends[next++] = before + end;
      before += part.bodies.length;
    }
    // Of their own and aligned: the index of ids reads them as words.
    const joined = (of: (part: StagedItems) => Buffer): Buffer => {
      const all = Buffer.alloc(parts.reduce((sum, p) => sum + of(p).length, 0));
      let at = 0;
      for (const part of parts) at += of(part).copy(all, at);
      return all;
    };
    return new StagedItems({
      ids: joined((p) => p.ids),
      bodyHashes: joined((p) => p.bodyHashes),
      leaves: joined((p) => p.leaves),
      bodies: joined((p) => p.bodies),
      ends,
    });
  }

  get count(): number {
    return this.#ends.length;
  }
  start(i: number): number {
    return i === 0 ? 0 : (this.#ends[i - 1] as number);
  }
  /** Canonical; a view, not a copy. */
  body(i: number): Buffer {
    return this.bodies.subarray(this.start(i), this.#ends[i]);
  }
  id(i: number): Hex32 {
    return this.ids.toString('hex', i * ID, (i + 1) * ID);
  }
  amount(i: number): bigint {
    return amountAt(this.bodies, this.start(i));
  }
  /** Ids, in the order of the body: none for most. */
  dependsOn(i: number): Hex32[] {
    const { at, count } = dependenciesAt(this.bodies, this.start(i));
    return Array.from({ length: count }, (_, d) => this.bodies.toString('hex', at + d * ID, at + (d + 1) * ID));
  }
  bodyHash(i: number): Hex32 {
    return this.bodyHashes.toString('hex', i * ID, (i + 1) * ID);
  }
  destination(i: number): Hex32 {
    return destinationAt(this.bodies, this.start(i));
  }
  /** Fields behind the memo; most items have nothing there, and nothing is decoded. */
  more(i: number): Pick<DisbursementBody, 'payee' | 'expectedReceipts' | 'revision' | 'reverses'> {
    return isPlainAt(this.bodies, this.start(i), this.#ends[i] as number) ? PLAIN : decode(disbursementBody, this.body(i));
  }
  sameBody(a: number, b: number): boolean {
    return this.bodyHashes.compare(this.bodyHashes, a * ID, (a + 1) * ID, b * ID, (b + 1) * ID) === 0;
  }
}

/** Of the treasury and client key of the body at `at`. */
function hashId(bodies: Buffer, at: number, out: Buffer, to: number): void {
  const key = clientKeyAt(bodies, at);
  bodies.copy(idRoom.bytes, idRoom.start, at, at + ID);
  bodies.copy(idRoom.bytes, idRoom.start + ID, key.at, key.at + key.length);
  idRoom.hashInto(ID + key.length, out, to);
}
