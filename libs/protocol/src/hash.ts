/// <reference path="./sodium.d.ts" />
import { crypto_hash_sha256 } from 'sodium-native';
import { type Digest, toHex } from './hex.ts';

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

/**
 * SHA-256 over `u8 len(domain) ‖ domain ‖ parts…`, 32 bytes (docs/protocol.md, "Hashes"). The parts are joined without
 * separators: give a domain at most one part of variable length, or a canonical encoding.
 */
export function hash(domain: string, ...parts: Uint8Array[]): Uint8Array {
  const head = tag(domain);
  let length = head.length;
  for (const part of parts) length += part.length;
  const joined = Buffer.allocUnsafe(length);
  joined.set(head);
  let at = head.length;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  const out = new Uint8Array(32);
  crypto_hash_sha256(out, joined);
  return out;
}

/** As `hash`, as the identity that maps, logs and JSON use: 64 lower-case hexadecimal digits. */
export const digest = (domain: string, ...parts: Uint8Array[]): Digest => toHex(hash(domain, ...parts)) as Digest;
