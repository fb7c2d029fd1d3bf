import { type DisbursementBody, decode, disbursementBody } from '@bursar/protocol';
import { amountAt, destinationAt, laneAt, namedPayeeAt, notBeforeAt, payeeAt } from './body-layout.ts';
import { ByteArena } from './byte-arena.ts';
import { IdIndex } from './id-index.ts';
import type { StagedItems } from './staged-items.ts';
import { Status } from './status.ts';

const START = 1024;
const ID_BYTES = 32;

function grown<T extends Uint8Array | Uint16Array | Uint32Array | Float64Array>(old: T, make: new (length: number) => T): T {
  const larger = new make(old.length * 2);
  larger.set(old);
  return larger;
}

/**
 * Disbursements by number, in columns: about 130 bytes each beside the body, and no object. Numbers are given in the order of
 * admission and never used again. Writers go through transitions.ts, which alone changes `status` and `since`.
 */
export class DisbursementTable {
  readonly #index = new IdIndex();
  readonly #bodies = new ByteArena();
  #capacity = START;
  #count = 0;
  #ids = Buffer.alloc(START * ID_BYTES);
  #idWords = new Uint32Array(this.#ids.buffer, this.#ids.byteOffset, START * 8);
  #hashes = Buffer.alloc(START * ID_BYTES);
  #position = new Float64Array(START);
  #length = new Uint16Array(START);
  slot = new Uint32Array(START);
  shard = new Uint16Array(START);
  /** Number of the import that it belongs to, and its place there. */
  import = new Uint32Array(START);
  index = new Uint32Array(START);
  status = new Uint8Array(START);
  /** Sequence number of its last change of status: the order of every list that it stands in. */
  since = new Float64Array(START);
  /** Dependencies not executed yet, as far as deferred work has come. */
  waiting = new Uint8Array(START);
  attempts = new Uint16Array(START);
  /** Chain of edges to dependents that deferred work has not served yet; `released` counts those it has. */
  firstEdge = new Uint32Array(START);
  lastEdge = new Uint32Array(START);
  released = new Uint32Array(START);
  /** Number of the execution that paid it + 1; 0 = not paid. */
  execution = new Uint32Array(START);
  /** 1: its leaf is to be made anew. */
  dirty = new Uint8Array(START);

  get count(): number {
    return this.#count;
  }

  find(id: string): number | undefined {
    return this.#index.find(this.#idWords, id);
  }

  /** Admits item `i`, whose id is not in the table, as `voting`. @param home number of the import */
  add(items: StagedItems, i: number, home: number, shard: number, slot: number): number {
    if (this.#count === this.#capacity) this.#double();
    const n = this.#count;
    this.#count += 1;
    items.ids.copy(this.#ids, n * ID_BYTES, i * ID_BYTES, (i + 1) * ID_BYTES);
    items.bodyHashes.copy(this.#hashes, n * ID_BYTES, i * ID_BYTES, (i + 1) * ID_BYTES);
    this.#index.add(this.#idWords, n);
    const body = items.body(i);
    this.#position[n] = this.#bodies.add(body);
    this.#length[n] = body.length;
    this.import[n] = home;
    this.index[n] = i;
    this.shard[n] = shard;
    this.slot[n] = slot;
    this.status[n] = Status.voting;
    return n;
  }

  /** Gives it another body under the same id. */
  revise(n: number, body: Uint8Array, bodyHash: string): void {
    this.#hashes.write(bodyHash, n * ID_BYTES, 'hex');
    this.#position[n] = this.#bodies.add(body);
    this.#length[n] = body.length;
  }

  id(n: number): string {
    return this.#ids.toString('hex', n * ID_BYTES, (n + 1) * ID_BYTES);
  }
  bodyHash(n: number): string {
    return this.#hashes.toString('hex', n * ID_BYTES, (n + 1) * ID_BYTES);
  }
  /** As `find`, of the 32 bytes that stand at `at`. */
  findAt(bytes: Uint8Array, at: number): number | undefined {
    return this.#index.findAt(this.#idWords, bytes, at);
  }
  copyId(n: number, target: Uint8Array, at: number): void {
    this.#ids.copy(target, at, n * ID_BYTES, (n + 1) * ID_BYTES);
  }
  copyBodyHash(n: number, target: Uint8Array, at: number): void {
    this.#hashes.copy(target, at, n * ID_BYTES, (n + 1) * ID_BYTES);
  }
  /** Whether the body hash of `n` is that which stands at `at`. */
  hasBodyHash(n: number, bytes: Uint8Array, at: number): boolean {
    const from = n * ID_BYTES;
    for (let i = 0; i < ID_BYTES; i++) if (this.#hashes[from + i] !== bytes[at + i]) return false;
    return true;
  }
  /** Writes the first `length` bytes of destination ‖ amount ‖ … as they stand in the body. */
  copyPayee(n: number, target: Uint8Array, at: number, length: number): void {
    const page = this.#bodies.page(this.#at(n));
    const from = payeeAt(page, this.#bodies.offset(this.#at(n)));
    page.copy(target, at, from, from + length);
  }
  statusOf(n: number): Status {
    return this.status[n] as Status;
  }

  body(n: number): DisbursementBody {
    return decode(disbursementBody, this.#bodies.read(this.#at(n), this.#length[n] as number));
  }
  destination(n: number): string {
    return destinationAt(this.#bodies.page(this.#at(n)), this.#bodies.offset(this.#at(n)));
  }
  amount(n: number): bigint {
    return amountAt(this.#bodies.page(this.#at(n)), this.#bodies.offset(this.#at(n)));
  }
  lane(n: number): number {
    return laneAt(this.#bodies.page(this.#at(n)), this.#bodies.offset(this.#at(n)));
  }
  notBefore(n: number): number {
    return notBeforeAt(this.#bodies.page(this.#at(n)), this.#bodies.offset(this.#at(n)));
  }

  payee(n: number): DisbursementBody['payee'] {
    return namedPayeeAt(this.#bodies.page(this.#at(n)), this.#bodies.offset(this.#at(n)));
  }

  #at(n: number): number {
    return this.#position[n] as number;
  }

  #double(): void {
    this.#capacity *= 2;
    const ids = Buffer.alloc(this.#capacity * ID_BYTES);
    this.#ids.copy(ids);
    this.#ids = ids;
    this.#idWords = new Uint32Array(ids.buffer, ids.byteOffset, this.#capacity * 8);
    const hashes = Buffer.alloc(this.#capacity * ID_BYTES);
    this.#hashes.copy(hashes);
    this.#hashes = hashes;
    this.#position = grown(this.#position, Float64Array);
    this.#length = grown(this.#length, Uint16Array);
    this.slot = grown(this.slot, Uint32Array);
    this.shard = grown(this.shard, Uint16Array);
    this.import = grown(this.import, Uint32Array);
    this.index = grown(this.index, Uint32Array);
    this.status = grown(this.status, Uint8Array);
    this.since = grown(this.since, Float64Array);
    this.waiting = grown(this.waiting, Uint8Array);
    this.attempts = grown(this.attempts, Uint16Array);
    this.firstEdge = grown(this.firstEdge, Uint32Array);
    this.lastEdge = grown(this.lastEdge, Uint32Array);
    this.released = grown(this.released, Uint32Array);
    this.execution = grown(this.execution, Uint32Array);
    this.dirty = grown(this.dirty, Uint8Array);
  }
}
