/** Structure-aware mutation: valid bytes, changed where formats are usually wrong about their input. All chance comes from `Random`. */
import type { Random } from '../../libs/simulator/src/world/random.ts';
import type { Target } from './target.ts';

const WORDS = [
  0n,
  1n,
  0x7fn,
  0x80n,
  0xffn,
  0x100n,
  0x7fffn,
  0xffffn,
  0x7fff_ffffn,
  0x8000_0000n,
  0xffff_ffffn,
  2n ** 53n - 1n,
  2n ** 53n,
  2n ** 63n,
  2n ** 64n - 1n,
];
const MOST_MUTATIONS = 4;
const MOST_RANDOM_BYTES = 400;

/** May write into what it is given. */
type Mutation = (bytes: Uint8Array, r: Random, t: Target) => Uint8Array;

function join(...parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
function noise(r: Random, length: number): Uint8Array {
  const out = new Uint8Array(length);
  for (let i = 0; i < length; i++) out[i] = r.u32();
  return out;
}
/** Short often, long sometimes, very long now and then. */
const lengthBelow = (r: Random, most: number): number => Math.min(most, r.below(2 ** r.between(1, r.chance(0.02) ? 20 : 8)));
const slice = (bytes: Uint8Array, r: Random): [from: number, to: number] => {
  const from = r.below(bytes.length + 1);
  return [from, from + lengthBelow(r, bytes.length - from + 1)];
};
const changed = (bytes: Uint8Array, at: number, by: Uint8Array): Uint8Array => {
  bytes.set(by.subarray(0, Math.max(0, bytes.length - at)), at);
  return bytes;
};
/** An integer as canonical bytes write it, or the other way round. */
function word(value: bigint, width: number, isLittle = false): Uint8Array {
  const out = new Uint8Array(width);
  for (let i = 0, v = value; i < width; i++, v >>= 8n) out[isLittle ? i : width - 1 - i] = Number(v & 0xffn);
  return out;
}
/** As protobuf writes it. */
function varint(value: bigint): Uint8Array {
  const out: number[] = [];
  for (let v = value; out.length === 0 || v > 0n; v >>= 7n) out.push(Number(v & 0x7fn) | (v > 0x7fn ? 0x80 : 0));
  return Uint8Array.from(out);
}

const mutations: readonly Mutation[] = [
  function flipBit(bytes, r) {
    const at = r.below(bytes.length);
    return changed(bytes, at, Uint8Array.of((bytes[at] ?? 0) ^ (1 << r.below(8))));
  },
  function replaceByte(bytes, r) {
    return changed(bytes, r.below(bytes.length), noise(r, 1));
  },
  function replaceWord(bytes, r) {
    return changed(bytes, r.below(bytes.length), word(r.pick(WORDS), r.pick([1, 2, 4, 8]), r.chance(0.2)));
  },
  function replaceVarint(bytes, r) {
    return changed(bytes, r.below(bytes.length), varint(r.pick(WORDS)));
  },
  /** A u32 that could be the length of what follows becomes one that is nearly, or not at all, right. */
  function editLength(bytes, r) {
    for (let tries = 0; tries < 16 && bytes.length >= 4; tries++) {
      const at = r.below(bytes.length - 3);
      const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(at);
      const rest = bytes.length - at - 4;
      if (length > rest) continue;
      return changed(bytes, at, word(BigInt(r.pick([0, length + 1, Math.max(0, length - 1), length * 2, rest, rest + 1, 0xffff_ffff])), 4));
    }
    return bytes;
  },
  function truncate(bytes, r) {
    return bytes.slice(0, r.below(bytes.length));
  },
  function extend(bytes, r) {
    const length = lengthBelow(r, 64);
    return join(bytes, r.chance(0.5) ? noise(r, length) : new Uint8Array(length));
  },
  function cutOut(bytes, r) {
    const [from, to] = slice(bytes, r);
    return join(bytes.subarray(0, from), bytes.subarray(to));
  },
  function putIn(bytes, r, { tokens = [] }) {
    const at = r.below(bytes.length + 1);
    const piece = tokens.length > 0 && r.chance(0.8) ? r.pick(tokens) : noise(r, lengthBelow(r, 16));
    return join(bytes.subarray(0, at), piece, bytes.subarray(at + (r.chance(0.5) ? piece.length : 0)));
  },
  /** Depth and number: a few bytes many times over. */
  function repeat(bytes, r, { tokens = [], maxBytes }) {
    const [from, to] = slice(bytes, r);
    const piece = tokens.length > 0 && r.chance(0.5) ? r.pick(tokens) : bytes.subarray(from, to);
    const times = piece.length === 0 ? 0 : lengthBelow(r, Math.floor(maxBytes / piece.length));
    const many = new Uint8Array(piece.length * times);
    for (let i = 0; i < times; i++) many.set(piece, i * piece.length);
    return join(bytes.subarray(0, to), many, bytes.subarray(to));
  },
  function copyOver(bytes, r) {
    const [from, to] = slice(bytes, r);
    return changed(bytes, r.below(bytes.length), bytes.slice(from, to));
  },
  function splice(bytes, r, { corpus }) {
    const other = r.pick(corpus);
    return join(bytes.subarray(0, r.below(bytes.length + 1)), other.subarray(r.below(other.length + 1)));
  },
];

/** Of 64 inputs one is a sample as it is, eight are noise, the others are samples with up to four changes, or `vary`'s. */
export function makeInput(target: Target, r: Random): Uint8Array {
  const { corpus, maxBytes, vary } = target;
  const kind = r.below(64);
  if (corpus.length === 0 || (kind > 0 && kind <= 8)) return noise(r, lengthBelow(r, Math.min(maxBytes, MOST_RANDOM_BYTES)));
  if (vary !== undefined && kind > 32) return vary(r).subarray(0, maxBytes);
  let bytes: Uint8Array = new Uint8Array(r.pick(corpus));
  if (kind === 0) return bytes;
  for (let left = r.between(1, MOST_MUTATIONS); left > 0; left--) {
    if (bytes.length === 0) bytes = noise(r, 8);
    bytes = r.pick(mutations)(bytes, r, target);
  }
  return bytes.length > maxBytes ? bytes.slice(0, maxBytes) : bytes;
}
