/** Reads the fields of a JSON document and says of each what is wrong with it. */
import { parseAccount } from './account.ts';
import { isHex32 } from './hex.ts';
import { MAX_AMOUNT } from './money.ts';

export type Json = Record<string, unknown>;
export const isObject = (v: unknown): v is Json => typeof v === 'object' && v !== null && !Array.isArray(v);

/** Reads fields and remembers what is wrong with them. */
export class Fields {
  readonly problems: string[] = [];
  #bad<T>(at: string, expected: string, value: T): T {
    this.problems.push(`${at} must be ${expected}`);
    return value;
  }
  only(at: string, v: Json, names: readonly string[]): void {
    for (const name of Object.keys(v)) if (!names.includes(name)) this.problems.push(`${at}${name} is not known`);
  }
  object(at: string, v: unknown): Json {
    return isObject(v) ? v : this.#bad(at, 'an object', {});
  }
  integer(at: string, v: unknown, min: number, max: number): number {
    return Number.isSafeInteger(v) && (v as number) >= min && (v as number) <= max
      ? (v as number)
      : this.#bad(at, `an integer from ${min} to ${max}`, min);
  }
  text(at: string, v: unknown, max: number): string {
    return typeof v === 'string' && v.length > 0 && v.isWellFormed() && Buffer.byteLength(v) <= max
      ? v
      : this.#bad(at, `text of 1 to ${max} bytes`, '');
  }
  oneOf<T extends string>(at: string, v: unknown, words: readonly T[]): T {
    return words.find((w) => w === v) ?? this.#bad(at, words.join(' or '), words[0] as T);
  }
  amount(at: string, v: unknown): bigint {
    return typeof v === 'string' && /^(0|[1-9]\d{0,19})$/.test(v) && BigInt(v) <= MAX_AMOUNT
      ? BigInt(v)
      : this.#bad(at, 'base units as a string of digits', 0n);
  }
  key(at: string, v: unknown): string {
    return typeof v === 'string' && isHex32(v) ? v : this.#bad(at, '64 lower-case hexadecimal digits', '0'.repeat(64));
  }
  account(at: string, v: unknown): string {
    return (typeof v === 'string' ? parseAccount(v) : undefined) ?? this.#bad(at, 'an account (bur1…)', '0'.repeat(64));
  }
  list<T>(at: string, v: unknown, max: number, item: (at: string, v: unknown) => T): T[] {
    if (!Array.isArray(v) || v.length > max) return this.#bad(at, `a list of at most ${max}`, []);
    return v.map((x, i) => item(`${at}[${i}]`, x));
  }
  /** Keys that must differ. */
  keys(at: string, v: unknown, max: number): string[] {
    const found = this.list(at, v, max, (where, x) => this.account(where, x));
    return new Set(found).size === found.length ? found : this.#bad(at, 'without repeats', found);
  }
}
