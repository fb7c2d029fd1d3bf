import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  ByteList,
  byteList,
  bytes,
  DecodeError,
  decode,
  decodeExecuteBatch,
  decodeImportChunk,
  decodeTransaction,
  disbursementBody,
  EXECUTE_ITEM_BYTES,
  encode,
  encodeTransaction,
  HashRoom,
  hash,
  isExecuteBatch,
  isImportChunk,
  list,
  toHex,
} from '../src/index.ts';

const MAX = 20;
const COUNT = 6;
const packed = byteList(MAX, COUNT);
const plain = list(bytes(MAX), COUNT);
const items = fc.array(fc.uint8Array({ maxLength: MAX }), { maxLength: COUNT });
/** What a decoder makes of bytes, or that it refuses them. */
const outcome = <T>(read: () => T): T | 'refused' => {
  try {
    return read();
  } catch (e) {
    if (e instanceof DecodeError) return 'refused';
    throw e;
  }
};

describe('ByteList', () => {
  it('has the canonical bytes of a list of byte strings, and gives them back one by one', () => {
    fc.assert(
      fc.property(items, (given) => {
        const encoded = encode(plain, given);
        const made = ByteList.from(given);
        expect(encode(packed, made)).toEqual(encoded);
        for (const found of [made, decode(packed, encoded), made.copy()]) expect([...found].map(toHex)).toEqual(given.map(toHex));
      }),
    );
  });
  it('refuses what the list refuses', () => {
    const lengths = fc.array(fc.oneof(fc.constant(0), fc.constant(1), fc.integer({ min: 0, max: 255 })), { maxLength: 60 });
    fc.assert(
      fc.property(lengths, (raw) => {
        const given = Uint8Array.from(raw);
        const found = outcome(() => decode(packed, given));
        expect(found === 'refused' ? found : [...found].map(toHex)).toEqual(outcome(() => decode(plain, given).map(toHex)));
      }),
      { numRuns: 500 },
    );
  });
  it('has nothing outside itself', () => {
    const made = ByteList.from([new Uint8Array([1])]);
    for (const index of [-1, 1]) expect(() => made.at(index)).toThrow(RangeError);
  });
});

it('a room hashes what stands in it as the domain and the value would be', () => {
  const room = new HashRoom('bursar/test', 40);
  const out = new Uint8Array(40);
  for (const length of [0, 7, 40]) {
    const value = new Uint8Array(length).fill(length + 1);
    room.bytes.set(value, room.start);
    room.hashInto(length, out, 5);
    expect(toHex(out.subarray(5, 37))).toBe(toHex(hash('bursar/test', value)));
  }
});

describe('an executeBatch whose items stay bytes', () => {
  const hex = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(toHex);
  const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
  const u16 = fc.integer({ min: 0, max: 0xffff });
  const action = fc.record({
    kind: fc.constant('executeBatch' as const),
    shard: u16,
    leaseEpoch: u64,
    lane: fc.constantFrom('consumer' as const, 'industrial' as const),
    seq: u64,
    expiresAt: fc.nat(),
    items: fc.array(fc.record({ id: hex, bodyHash: hex, attempt: u16 }), { maxLength: 5 }),
  });
  const body = fc.record({ chain: hex, signer: hex, nonce: u64, action }).map(encodeTransaction);

  it('is what the decoder of all transactions finds', () => {
    fc.assert(
      fc.property(body, (encoded) => {
        expect(isExecuteBatch(encoded)).toBe(true);
        const { action: whole, ...rest } = decodeTransaction(encoded);
        const { action: read, ...same } = decodeExecuteBatch(encoded);
        expect(same).toEqual(rest);
        if (whole.kind !== 'executeBatch') throw new Error('another kind');
        const found = Array.from({ length: read.items.length / EXECUTE_ITEM_BYTES }, (_, i) => {
          const item = read.items.subarray(i * EXECUTE_ITEM_BYTES);
          return {
            id: toHex(item.subarray(0, 32)),
            bodyHash: toHex(item.subarray(32, 64)),
            attempt: ((item[64] ?? 0) << 8) | (item[65] ?? 0),
          };
        });
        expect({ ...read, items: found }).toEqual(whole);
      }),
    );
  });
  it('is refused where the decoder of all transactions refuses', () => {
    fc.assert(
      fc.property(body, fc.nat(), fc.integer({ min: 0, max: 255 }), fc.boolean(), (encoded, at, byte, cut) => {
        const bad = cut ? encoded.slice(0, at % encoded.length) : encoded.slice();
        if (!cut) bad[at % bad.length] = byte;
        if (!isExecuteBatch(bad)) return;
        const whole = outcome(() => decodeTransaction(bad));
        const read = outcome(() => decodeExecuteBatch(bad));
        expect(read === 'refused').toBe(whole === 'refused');
      }),
      { numRuns: 500 },
    );
  });
});

describe('a chunk whose items stay bytes', () => {
  const hex = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(toHex);
  const text = fc.string({ unit: 'grapheme', maxLength: 12 });
  const item = fc.record({
    treasury: hex,
    clientKey: text,
    destination: hex,
    amount: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    lane: fc.constantFrom('consumer' as const, 'industrial' as const),
    notBefore: fc.nat(),
    dependsOn: fc.array(hex, { maxLength: 2 }),
    memo: text,
    payee: fc.option(fc.record({ name: text, version: fc.nat() }), { nil: undefined }),
    expectedReceipts: fc.array(fc.record({ reference: text, amount: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }) }), { maxLength: 2 }),
    revision: fc.oneof(fc.constant(0), fc.nat()),
    reverses: fc.option(hex, { nil: undefined }),
  });
  const plain = item.map((i) => ({ ...i, payee: undefined, expectedReceipts: [], revision: 0, reverses: undefined }));
  const action = fc.record({
    kind: fc.constant('importChunk' as const),
    treasury: hex,
    import: hex,
    index: fc.nat(),
    items: fc.array(fc.oneof(item, plain), { maxLength: 3 }),
  });
  const body = fc.record({ chain: hex, signer: hex, nonce: fc.constant(1n), action }).map(encodeTransaction);
  const same = (bytes: Uint8Array): void => {
    const whole = outcome(() => decodeTransaction(bytes));
    const read = outcome(() => decodeImportChunk(bytes));
    if (whole === 'refused' || read === 'refused') return void expect(read).toBe(whole);
    if (whole.action.kind !== 'importChunk') throw new Error('another kind');
    expect({ ...read.action, items: read.action.items.map((b) => decode(disbursementBody, b)) }).toEqual(whole.action);
    expect(read.action.items.map(toHex)).toEqual(whole.action.items.map((b) => toHex(encode(disbursementBody, b))));
  };

  it('is what the decoder of all transactions finds, and its items have the bytes of their codec', () => {
    fc.assert(fc.property(body, same));
  });
  it('is refused where the decoder of all transactions refuses', () => {
    fc.assert(
      fc.property(body, fc.nat(), fc.integer({ min: 0, max: 255 }), fc.boolean(), (encoded, at, byte, cut) => {
        const bad = cut ? encoded.slice(0, at % encoded.length) : encoded.slice();
        if (!cut) bad[at % bad.length] = byte;
        if (isImportChunk(bad)) same(bad);
      }),
      { numRuns: 2_000 },
    );
  });
});
