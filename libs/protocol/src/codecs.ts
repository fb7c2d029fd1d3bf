/** The building blocks of canonical bytes. */
import { type Codec, DecodeError, type Reader, type Writer } from './codec.ts';
import type { Hex32 } from './hex.ts';

export const u8: Codec<number> = { write: (w, v) => w.u8(v), read: (r) => r.u8() };
export const u16: Codec<number> = { write: (w, v) => w.u16(v), read: (r) => r.u16() };
export const u32: Codec<number> = { write: (w, v) => w.u32(v), read: (r) => r.u32() };
export const u64: Codec<bigint> = { write: (w, v) => w.u64(v), read: (r) => r.u64() };

/** Eight bytes, at most 2^53 − 1: heights, views, milliseconds since 1970. */
export const uint: Codec<number> = {
  write: (w, v) => {
    if (!Number.isSafeInteger(v) || v < 0) throw new RangeError(`${v} is not an unsigned 53-bit integer`);
    w.uint(v);
  },
  read: (r) => r.uint(),
};

export const bool: Codec<boolean> = {
  write: (w, v) => w.u8(v ? 1 : 0),
  read: (r) => {
    const v = r.u8();
    return v > 1 ? r.fail('boolean must be 0 or 1') : v === 1;
  },
};

/** 32 bytes, held as 64 hexadecimal digits. */
export const hex32: Codec<Hex32> = { write: (w, v) => w.hex(v, 32), read: (r) => r.hex(32) };

/** 64 bytes: an ed25519 signature. */
export const signature: Codec<Uint8Array> = {
  write: (w, v) => {
    if (v.length !== 64) throw new RangeError(`a signature has 64 bytes, not ${v.length}`);
    w.raw(v);
  },
  read: (r) => r.raw(64),
};

/** A u32 that counts. @throws DecodeError above `max` */
export const checkedLength = (r: Reader, max: number, what: string): number => {
  const n = r.u32();
  return n > max ? r.fail(`${what} of ${n}, at most ${max} allowed`) : n;
};
const checked = (n: number, max: number, what: string): number => {
  if (n > max) throw new RangeError(`${what} of ${n}, at most ${max} allowed`);
  return n;
};

/** u32 length, then at most `max` bytes. */
export const bytes = (max: number): Codec<Uint8Array> => ({
  write: (w, v) => {
    w.u32(checked(v.length, max, 'bytes'));
    w.raw(v);
  },
  read: (r) => r.raw(checkedLength(r, max, 'bytes')),
});

/** As `bytes`; what is decoded is a view of the given bytes, not a copy. For what is looked at and let go. */
export const view = (max: number): Codec<Uint8Array> => ({ ...bytes(max), read: (r) => r.view(checkedLength(r, max, 'bytes')) });

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
/** u32 length, then at most `max` bytes of well-formed UTF-8. */
export const text = (max: number): Codec<string> => ({
  write: (w, v) => {
    if (!v.isWellFormed()) throw new RangeError('text holds a lone surrogate');
    const n = checked(Buffer.byteLength(v), max, 'text');
    w.u32(n);
    w.utf8(v, n);
  },
  read: (r) => {
    const at = r.at;
    return decodeText(r.view(checkedLength(r, max, 'text')), at);
  },
});

function decodeText(b: Uint8Array, at: number): string {
  try {
    return utf8.decode(b);
  } catch {
    throw new DecodeError('text is not UTF-8', at);
  }
}

/** Passes over what `text(max)` reads, and refuses what it refuses. */
export function skipText(r: Reader, max: number): void {
  const at = r.at;
  const b = r.view(checkedLength(r, max, 'text'));
  for (const byte of b) {
    if (byte < 0x80) continue;
    decodeText(b, at);
    return;
  }
}

/** u32 count, then at most `max` items. */
export const list = <T>(item: Codec<T>, max: number): Codec<T[]> => ({
  write: (w, v) => {
    w.u32(checked(v.length, max, 'list'));
    for (const x of v) item.write(w, x);
  },
  read: (r) => {
    const n = checkedLength(r, max, 'list');
    const out: T[] = [];
    for (let i = 0; i < n; i++) out.push(item.read(r));
    return out;
  },
});

/** u32 count, then at most `max` records of `size` bytes each, whatever is in them; a view of them side by side. */
export const records = (size: number, max: number): Codec<Uint8Array> => ({
  write: (w, v) => {
    w.u32(checked(v.length / size, max, 'list'));
    w.raw(v);
  },
  read: (r) => r.view(checkedLength(r, max, 'list') * size),
});

/** One byte 0 or 1, then the value if 1; absent is `undefined`. */
export const optional = <T>(item: Codec<T>): Codec<T | undefined> => ({
  write: (w, v) => {
    w.u8(v === undefined ? 0 : 1);
    if (v !== undefined) item.write(w, v);
  },
  read: (r) => (bool.read(r) ? item.read(r) : undefined),
});

type Shape<F> = { [K in keyof F]: F[K] extends Codec<infer T> ? T : never };
/** The fields one after the other, in the order written here. */
export function struct<F extends Record<string, Codec<never> | Codec<unknown>>>(fields: F): Codec<Shape<F>> {
  const entries = Object.entries(fields).map(([name, codec]) => ({ name, codec: codec as Codec<unknown> }));
  return {
    write: (w: Writer, v: Shape<F>) => {
      for (const { name, codec } of entries) codec.write(w, (v as Record<string, unknown>)[name]);
    },
    read: (r: Reader) => {
      const out: Record<string, unknown> = {};
      for (const { name, codec } of entries) out[name] = codec.read(r);
      return out as Shape<F>;
    },
  };
}

/** One byte that selects a member, then the member; in memory the tag is the field `kind`. */
export function union<M extends Record<string, readonly [tag: number, codec: Codec<never> | Codec<unknown>]>>(
  what: string,
  members: M,
): Codec<{ [K in keyof M & string]: { kind: K } & (M[K][1] extends Codec<infer T> ? T : never) }[keyof M & string]> {
  const byTag = new Map(Object.entries(members).map(([kind, [tag, codec]]) => [tag, { kind, codec: codec as Codec<object> }]));
  return {
    write: (w, v) => {
      const [tag, codec] = members[v.kind] as readonly [number, Codec<object>];
      w.u8(tag);
      codec.write(w, v);
    },
    read: (r) => {
      const member = byTag.get(r.u8()) ?? r.fail(`unknown kind of ${what}`);
      return { kind: member.kind, ...member.codec.read(r) } as never;
    },
  };
}

/** A member of a closed list of words, written as one byte: its place in the list, from 0. */
export const word = <const W extends readonly string[]>(...words: W): Codec<W[number]> => ({
  write: (w, v) => {
    const at = words.indexOf(v);
    if (at < 0) throw new RangeError(`${v} is none of ${words.join(', ')}`);
    w.u8(at);
  },
  read: (r) => words[r.u8()] ?? r.fail(`none of ${words.join(', ')}`),
});
