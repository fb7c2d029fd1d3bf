/** What is fuzzed: something that takes bytes of anybody and must say yes or no. */
import type { Random } from '../../libs/simulator/src/world/random.ts';

/** @returns whether the bytes were accepted. @throws when a rule of the target is broken, whatever the bytes are */
export type Take = (input: Uint8Array) => boolean | Promise<boolean>;

export interface Target {
  readonly name: string;
  /** Valid inputs, some of which a fresh `open()` accepts: mutation starts from them. */
  readonly corpus: readonly Uint8Array[];
  /** Pieces that mean something in this format; put in at random places. */
  readonly tokens?: readonly Uint8Array[];
  /** Makes an input in the format's own words: half of the inputs, where there is one. */
  readonly vary?: (r: Random) => Uint8Array;
  /** Longest input that is made. */
  readonly maxBytes: number;
  /** Of all inputs it gets this weight. */
  readonly share: number;
  /** Inputs that one `open()` takes one after the other; 1 unless it keeps state. */
  readonly episode?: number;
  open(): Take;
}

/** A broken rule: what the target promises for every input does not hold for this one. */
export class BrokenRule extends Error {
  override readonly name = 'BrokenRule';
}
export function must(condition: boolean, rule: string): asserts condition {
  if (!condition) throw new BrokenRule(rule);
}

/** What `read` gives, or undefined when it refused with one of its own errors; every other error passes. */
export function refusedBy<T>(read: () => T, ...own: readonly (abstract new (...args: never[]) => Error)[]): T | undefined {
  try {
    return read();
  } catch (e) {
    if (own.some((type) => e instanceof type)) return undefined;
    throw e;
  }
}

const utf8 = new TextEncoder();
export const bytesOf = (text: string): Uint8Array => utf8.encode(text);
export const tokensOf = (...texts: readonly string[]): Uint8Array[] => texts.map(bytesOf);
/** As a file or a header is read: what is no UTF-8 becomes the replacement character. */
export const textOf = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
