/**
 * Canonical bytes: exactly one encoding for each value, and nothing else decodes (docs/protocol.md, "Canonical bytes").
 * Integers are big-endian and of fixed width; lists and byte strings carry a u32 length and a bound.
 */
import type { Hex32 } from './hex.ts';

/** The bytes are no canonical encoding of the expected type; `at` is the offset, in bytes. */
export class DecodeError extends Error {
  readonly at: number;
  constructor(message: string, at: number) {
    super(`${message} at byte ${at}`);
    this.name = 'DecodeError';
    this.at = at;
  }
}

/** Bytes; above Node's pool for small buffers. */
const LARGE = 64 * 1024;
/** What commonly follows a long byte string: room for it saves doubling the whole. */
const TAIL = 1024;

export class Writer {
  #buffer = Buffer.allocUnsafe(256);
  #length = 0;
  /** Makes room for `n` bytes and returns where they start. */
  #grow(n: number): number {
    const at = this.#length;
    if (at + n > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, at + n + (n >= LARGE ? TAIL : 0)));
      this.#buffer.copy(larger, 0, 0, at);
      this.#buffer = larger;
    }
    this.#length = at + n;
    return at;
  }
  u8(v: number): void {
    const at = this.#grow(1);
    this.#buffer.writeUInt8(v, at);
  }
  u16(v: number): void {
    const at = this.#grow(2);
    this.#buffer.writeUInt16BE(v, at);
  }
  u32(v: number): void {
    const at = this.#grow(4);
    this.#buffer.writeUInt32BE(v, at);
  }
  /** A whole number up to 2^53 − 1 in eight bytes. */
  uint(v: number): void {
    const at = this.#grow(8);
    this.#buffer.writeUInt32BE(Math.floor(v / 2 ** 32), at);
    this.#buffer.writeUInt32BE(v >>> 0, at + 4);
  }
  u64(v: bigint): void {
    const at = this.#grow(8);
    this.#buffer.writeBigUInt64BE(v, at);
  }
  raw(v: Uint8Array): void {
    const at = this.#grow(v.length);
    this.#buffer.set(v, at);
  }
  hex(v: string, length: number): void {
    const at = this.#grow(length);
    if (v.length !== length * 2 || this.#buffer.write(v, at, length, 'hex') !== length)
      throw new RangeError(`expected ${length} bytes as hex`);
  }
  /** @param length what the text takes in UTF-8 */
  utf8(v: string, length: number): void {
    const at = this.#grow(length);
    this.#buffer.write(v, at, length, 'utf8');
  }
  /** The bytes so far, in memory of their own; the writer is used up. */
  finish(): Uint8Array {
    // Large ones lie in no pool that others share, and a copy would be felt.
    if (this.#length >= LARGE) return new Uint8Array(this.#buffer.buffer, this.#buffer.byteOffset, this.#length);
    const out = new Uint8Array(this.#length);
    this.#buffer.copy(out, 0, 0, this.#length);
    return out;
  }
}

/** Upper half of 2^53 − 1. */
const MAX_HIGH = 2 ** 21 - 1;

export class Reader {
  readonly #bytes: Buffer;
  #at = 0;
  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
  get at(): number {
    return this.#at;
  }
  get remaining(): number {
    return this.#bytes.length - this.#at;
  }
  #take(n: number): number {
    if (n > this.remaining) throw new DecodeError(`${n} bytes expected, ${this.remaining} left`, this.#at);
    const at = this.#at;
    this.#at += n;
    return at;
  }
  u8(): number {
    return this.#bytes.readUInt8(this.#take(1));
  }
  u16(): number {
    return this.#bytes.readUInt16BE(this.#take(2));
  }
  u32(): number {
    return this.#bytes.readUInt32BE(this.#take(4));
  }
  /** Eight bytes, at most 2^53 − 1. */
  uint(): number {
    const at = this.#take(8);
    const high = this.#bytes.readUInt32BE(at);
    return high > MAX_HIGH ? this.fail('integer above 2^53 - 1') : high * 2 ** 32 + this.#bytes.readUInt32BE(at + 4);
  }
  u64(): bigint {
    return this.#bytes.readBigUInt64BE(this.#take(8));
  }
  raw(length: number): Uint8Array {
    return this.view(length).slice();
  }
  /** As `raw`, without a copy: whoever keeps it keeps all the bytes that are being read. */
  view(length: number): Uint8Array {
    const at = this.#take(length);
    return new Uint8Array(this.#bytes.buffer, this.#bytes.byteOffset + at, length);
  }
  hex(length: number): Hex32 {
    const at = this.#take(length);
    return this.#bytes.toString('hex', at, at + length);
  }
  fail(message: string): never {
    throw new DecodeError(message, this.#at);
  }
}

export interface Codec<T> {
  write(w: Writer, value: T): void;
  read(r: Reader): T;
}
export type Decoded<C> = C extends Codec<infer T> ? T : never;

/** @throws RangeError when the value does not fit its codec: a bug of the caller, never of a peer. */
export function encode<T>(codec: Codec<T>, value: T): Uint8Array {
  const w = new Writer();
  codec.write(w, value);
  return w.finish();
}

/** @throws DecodeError unless `bytes` is the canonical encoding, whole and with nothing behind it. */
export function decode<T>(codec: Codec<T>, bytes: Uint8Array): T {
  const r = new Reader(bytes);
  const value = codec.read(r);
  if (r.remaining > 0) r.fail(`${r.remaining} bytes left over`);
  return value;
}
