import { hash as nativeHash } from 'node:crypto';
import { type Codec, Writer } from './codec.ts';
import type { Digest } from './hex.ts';

const tags = new Map<string, Uint8Array>();

/** `u8 length ‖ ASCII domain`: no domain is a prefix of another one's encoding. */
function tag(domain: string): Uint8Array {
  const known = tags.get(domain);
  if (known) return known;
  const text = new TextEncoder().encode(domain);
  if (text.length === 0 || text.length > 64) throw new RangeError(`domain ${domain} must have 1 to 64 bytes`);
  const made = new Uint8Array([text.length, ...text]);
  tags.set(domain, made); // bounded: domains are literals of this code base
  return made;
}

function joined(domain: string, parts: readonly Uint8Array[]): Buffer {
  const head = tag(domain);
  let length = head.length;
  for (const part of parts) length += part.length;
  const all = Buffer.allocUnsafe(length);
  all.set(head);
  let at = head.length;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/**
 * SHA-256 over `u8 len(domain) ‖ domain ‖ parts…`, 32 bytes (docs/protocol.md, "Hashes"). The parts are joined without
 * separators: give a domain at most one part of variable length, or a canonical encoding.
 */
export function hash(domain: string, ...parts: Uint8Array[]): Uint8Array {
  return sha256(joined(domain, parts));
}

function sha256(all: Uint8Array): Uint8Array {
  const out = new Uint8Array(32);
  sha256Into(all, out, 0);
  return out;
}

function sha256Into(all: Uint8Array, out: Uint8Array, at: number): void {
  // As text of one byte a character: the binding makes a Buffer at three times the price (docs/decisions/0015).
  const text = nativeHash('sha256', all, 'binary');
  for (let i = 0; i < 32; i++) out[at + i] = text.charCodeAt(i);
}

/** Room for values that are hashed under one domain again and again: written in place, hashed without a copy. */
export class HashRoom {
  /** The domain, then at `start` room for the value. */
  readonly bytes: Buffer;
  readonly start: number;

  /** @param length of the longest value */
  constructor(domain: string, length: number) {
    const head = tag(domain);
    this.bytes = Buffer.concat([head, new Uint8Array(length)]);
    this.start = head.length;
  }
  /** Writes the 32 bytes of `hash(domain, value)`, for the value of that length that stands in `bytes`, to `out` at `at`. */
  hashInto(length: number, out: Uint8Array, at: number): void {
    const end = this.start + length;
    sha256Into(end === this.bytes.length ? this.bytes : this.bytes.subarray(0, end), out, at);
  }
}

/** As `hash`, as the identity that maps, logs and JSON use: 64 lower-case hexadecimal digits. */
export const digest = (domain: string, ...parts: Uint8Array[]): Digest => nativeHash('sha256', joined(domain, parts), 'hex') as Digest;

/** `hash` of one value in its canonical encoding, which is made and dropped on the way. */
export const hashOf = <T>(domain: string, codec: Codec<T>, value: T): Uint8Array => written(domain, codec, value).use(sha256);

/** As `hashOf`, hexadecimal. */
export const digestOf = <T>(domain: string, codec: Codec<T>, value: T): Digest =>
  written(domain, codec, value).use((all) => nativeHash('sha256', all, 'hex'));

function written<T>(domain: string, codec: Codec<T>, value: T): Writer {
  const w = new Writer();
  w.raw(tag(domain));
  codec.write(w, value);
  return w;
}
