/**
 * Canonical bytes: exactly one encoding for each value, and nothing else decodes (docs/protocol.md, "Canonical bytes").
 * Integers are big-endian and of fixed width; lists and byte strings carry a u32 length and a bound.
 */
import { type Hex32, putHex } from './hex.ts';

/** The bytes are no canonical encoding of the expected type; `at` is the offset, in bytes. */
export class DecodeError extends Error {
  readonly at: number;
  constructor(message: string, at: number) {
    super(`${message} at byte ${at}`);
    this.name = 'DecodeError';
    this.at = at;
  }
}

/** Bytes: what is larger is handed out as it is, for a copy would be felt. */
const LARGE = 64 * 1024;
/** What commonly follows a long byte string: room for it saves doubling the whole. */
const TAIL = 1024;
const SMALL = 1024;

const utf8 = new TextEncoder();
/** The buffer of a writer that was used up, less than 2 · LARGE: the next one takes it. */
let spare: Uint8Array | undefined;

export class Writer {
  #buffer: Uint8Array;
  #length = 0;
  constructor() {
    this.#buffer = spare ?? new Uint8Array(SMALL);
    spare = undefined;
  }
  /** Makes room for `n` bytes and returns where they start. */
  #grow(n: number): number {
    const at = this.#length;
    if (at + n > this.#buffer.length) {
      const larger = new Uint8Array(Math.max(this.#buffer.length * 2, at + n + (n >= LARGE ? TAIL : 0)));
      larger.set(this.#buffer.subarray(0, at));
      this.#buffer = larger;
    }
    this.#length = at + n;
    return at;
  }
  u8(v: number): void {
    this.#whole(v, 0xff);
    const at = this.#grow(1);
    this.#buffer[at] = v;
  }
  u16(v: number): void {
    this.#whole(v, 0xffff);
    const at = this.#grow(2);
    this.#buffer[at] = v >>> 8;
    this.#buffer[at + 1] = v;
  }
  u32(v: number): void {
    this.#whole(v, 0xffffffff);
    const at = this.#grow(4);
    const buffer = this.#buffer;
    buffer[at] = v >>> 24;
    buffer[at + 1] = v >>> 16;
    buffer[at + 2] = v >>> 8;
    buffer[at + 3] = v;
  }
  /** A whole number up to 2^53 − 1 in eight bytes. */
  uint(v: number): void {
    this.u32(Math.floor(v / 2 ** 32));
    this.u32(v >>> 0);
  }
  /** @throws RangeError: an integer of fixed width never wraps. */
  #whole(v: number, max: number): void {
    if (!(v >= 0 && v <= max)) throw new RangeError(`${v} is not a number from 0 to ${max}`);
  }
  u64(v: bigint): void {
    if (v < 0n || v > 0xffffffffffffffffn) throw new RangeError(`${v} is no unsigned 64-bit integer`);
    this.u32(Number(v >> 32n));
    this.u32(Number(v & 0xffffffffn));
  }
  raw(v: Uint8Array): void {
    const at = this.#grow(v.length);
    this.#buffer.set(v, at);
  }
  hex(v: string, length: number): void {
    const at = this.#grow(length);
    if (v.length !== length * 2 || !putHex(this.#buffer, at, v)) throw new RangeError(`expected ${length} bytes as hex`);
  }
  /** @param length what the text takes in UTF-8 */
  utf8(v: string, length: number): void {
    const at = this.#grow(length);
    utf8.encodeInto(v, this.#buffer.subarray(at, at + length));
  }
  /** The bytes so far, in memory of their own; the writer is used up. */
  finish(): Uint8Array {
    if (this.#length >= LARGE) return this.#buffer.subarray(0, this.#length);
    const out = this.#buffer.slice(0, this.#length);
    spare = this.#buffer;
    return out;
  }
  /** What `look` makes of the bytes so far, which it must not keep; the writer is used up. */
  use<T>(look: (bytes: Uint8Array) => T): T {
    const made = look(this.#buffer.subarray(0, this.#length));
    if (this.#length < LARGE) spare = this.#buffer;
    return made;
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
  skip(length: number): void {
    this.#take(length);
  }
  /** Skips these bytes; false, and nothing is skipped, when others follow. */
  skipOver(bytes: Uint8Array): boolean {
    if (bytes.length > this.remaining) return false;
    for (let i = 0; i < bytes.length; i++) if (this.#bytes[this.#at + i] !== bytes[i]) return false;
    this.#at += bytes.length;
    return true;
  }
  /** To a place that was passed. */
  back(at: number): void {
    this.#at = Math.min(at, this.#at);
  }
  /** A view of what was read from `at` on. */
  viewSince(at: number): Uint8Array {
    return new Uint8Array(this.#bytes.buffer, this.#bytes.byteOffset + at, this.#at - at);
  }
  /** A copy of what was read from `at` on. */
  since(at: number): Uint8Array {
    return new Uint8Array(this.#bytes.subarray(at, this.#at));
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
