import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  bool,
  bytes,
  type Codec,
  DecodeError,
  decode,
  encode,
  hex32,
  list,
  optional,
  struct,
  text,
  toHex,
  u8,
  u16,
  u32,
  u64,
  uint,
  union,
  word,
} from '../src/index.ts';

const hex = (codec: Codec<never>, value: unknown): string => toHex(encode(codec, value as never));

describe('canonical bytes', () => {
  const rows: [sentence: string, codec: Codec<never>, value: unknown, bytes: string][] = [
    [
      'integers are big-endian and of fixed width',
      struct({ a: u8, b: u16, c: u32, d: u64 }) as never,
      { a: 1, b: 2, c: 3, d: 4n },
      '01000200000003' + '0000000000000004',
    ],
    ['heights take eight bytes', uint as never, 2 ** 53 - 1, '001fffffffffffff'],
    ['a byte string carries a u32 length', bytes(4) as never, new Uint8Array([7, 8]), '000000020708'],
    ['text is UTF-8 with its length in bytes', text(8) as never, 'é', '00000002c3a9'],
    ['a list carries a u32 count', list(u8, 3) as never, [1, 2], '000000020102'],
    ['an absent value is one zero byte', optional(u8) as never, undefined, '00'],
    ['a present value follows a one', optional(u8) as never, 9, '0109'],
    ['a word is its place in the list', word('x', 'y') as never, 'y', '01'],
    ['a member of a union follows its tag', union('shape', { dot: [3, struct({ at: u8 })] }) as never, { kind: 'dot', at: 5 }, '0305'],
    ['booleans are 0 or 1', bool as never, true, '01'],
  ];
  it.each(rows)('%s', (_, codec, value, expected) => {
    expect(hex(codec, value)).toBe(expected);
    expect(decode(codec, Buffer.from(expected, 'hex'))).toEqual(value);
  });

  const refused: [sentence: string, codec: Codec<unknown>, bytes: string][] = [
    ['bytes are left over', u8, '0102'],
    ['bytes are missing', u32, '0102'],
    ['an integer exceeds 2^53 - 1', uint, '0020000000000000'],
    ['a boolean is 2', bool, '02'],
    ['an optional flag is 2', optional(u8), '0201'],
    ['a byte string exceeds its bound', bytes(1), '000000020102'],
    ['a length promises more than there is', bytes(1000), '000000ff01'],
    ['a list exceeds its bound', list(u8, 1), '000000020102'],
    ['text is not UTF-8', text(8), '00000001ff'],
    ['a surrogate is encoded in UTF-8', text(8), '00000003eda080'],
    ['a word is unknown', word('x'), '01'],
    ['a union tag is unknown', union('shape', { dot: [3, struct({ at: u8 })] }), '0405'],
    ['a digest is short', hex32, '00'],
  ];
  it.each(refused)('refuses to decode when %s', (_, codec, bytes) => {
    expect(() => decode(codec, Buffer.from(bytes, 'hex'))).toThrow(DecodeError);
  });

  const misuse: [sentence: string, codec: Codec<never>, value: unknown][] = [
    ['a number is negative', uint as never, -1],
    ['a number is a fraction', uint as never, 1.5],
    ['text holds a lone surrogate', text(8) as never, '\ud800'],
    ['text is too long in bytes', text(1) as never, 'é'],
    ['a list is too long', list(u8, 1) as never, [1, 2]],
    ['hex has the wrong length', hex32 as never, 'ab'],
    ['hex has other letters', hex32 as never, 'zz'.repeat(32)],
    ['a word is none of the list', word('x') as never, 'z'],
  ];
  it.each(misuse)('refuses to encode when %s', (_, codec, value) => {
    expect(() => encode(codec, value as never)).toThrow(RangeError);
  });

  it('a leading byte order mark survives', () => {
    expect(decode(text(8), encode(text(8), '\ufeffa'))).toBe('\ufeffa');
  });

  it('whatever decodes encodes to the same bytes', () => {
    const shape = struct({
      a: uint,
      b: list(optional(text(16)), 4),
      c: union('x', { p: [1, struct({ q: bytes(8) })], r: [2, struct({ s: bool })] }),
    });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (input) => {
        let value: unknown;
        try {
          value = decode(shape, input);
        } catch (e) {
          expect(e).toBeInstanceOf(DecodeError);
          return;
        }
        expect(toHex(encode(shape, value as never))).toBe(toHex(input));
      }),
      { numRuns: 20_000 },
    );
  });
});
