/** What a setting may be, and how its text becomes a value. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';

interface Common {
  /** One line for --help. */
  readonly help: string;
  /** Environment variable, when it is not BURSAR_UPPER_SNAKE of the setting's name. An empty variable counts as absent. */
  readonly env?: string;
  /** Without a default, a setting is undefined unless `required`. */
  readonly required?: true;
  /** Hidden in --print-config. URLs always lose their user and password there. */
  readonly secret?: true;
}
export type OptionSpec =
  | (Common & { readonly type: 'string'; readonly default?: string; readonly oneOf?: readonly string[] })
  | (Common & { readonly type: 'int'; readonly default?: number; readonly min?: number; readonly max?: number })
  | (Common & { readonly type: 'port'; readonly default?: number })
  | (Common & { readonly type: 'bool'; readonly default?: boolean })
  | (Common & { readonly type: 'durationMs'; readonly default?: number })
  | (Common & { readonly type: 'path'; readonly default?: string; readonly mustExist?: true })
  | (Common & { readonly type: 'secretFile' })
  | (Common & { readonly type: 'url'; readonly default?: string; readonly protocols?: readonly string[] })
  | (Common & { readonly type: 'list'; readonly default?: readonly string[] });
export type ConfigSchema = Readonly<Record<string, OptionSpec>>;

/** The content of a secret file. It never prints itself: JSON, template strings and inspect show `[redacted]`. */
export class Secret {
  readonly path: string;
  readonly #text: string;
  constructor(path: string, text: string) {
    this.path = path;
    this.#text = text;
  }
  reveal(): string {
    return this.#text;
  }
  toJSON(): string {
    return '[redacted]';
  }
  toString(): string {
    return '[redacted]';
  }
}

type Scalar = { string: string; int: number; port: number; bool: boolean; durationMs: number; path: string; url: string };
type Value<O extends OptionSpec> = O['type'] extends 'secretFile'
  ? Secret
  : O['type'] extends 'list'
    ? readonly string[]
    : O extends { readonly oneOf: readonly (infer V)[] }
      ? V
      : Scalar[Exclude<O['type'], 'secretFile' | 'list'>];
/** The type of the loaded configuration: defaults and required settings are always there. */
export type ConfigOf<S extends ConfigSchema> = {
  readonly [K in keyof S]: S[K] extends { readonly default: unknown } | { readonly required: true } ? Value<S[K]> : Value<S[K]> | undefined;
};

const MAX_SECRET_BYTES = 65_536;
const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** What a value of this setting may look like, for --help and for problems. */
export function allowed(spec: OptionSpec): string {
  switch (spec.type) {
    case 'string':
      return spec.oneOf ? `one of ${spec.oneOf.join(', ')}` : 'text';
    case 'int':
      return `a whole number${spec.min === undefined ? '' : ` from ${spec.min}`}${spec.max === undefined ? '' : ` to ${spec.max}`}`;
    case 'port':
      return 'a port from 0 (any free one) to 65535';
    case 'bool':
      return 'true or false';
    case 'durationMs':
      return 'a duration such as 500ms, 10s, 5m, 1h (a bare number is milliseconds)';
    case 'path':
      return spec.mustExist ? 'the path of something that exists' : 'a path';
    case 'secretFile':
      return 'the path of a readable, non-empty file that is closed to other users (chmod 600)';
    case 'url':
      return spec.protocols ? `a URL starting with ${spec.protocols.map((p) => `${p}//`).join(' or ')}` : 'a URL';
    case 'list':
      return 'values separated by commas';
  }
}

/** Parses one text. @throws Error with a short reason; the caller adds name and `allowed`. */
export function parseOption(spec: OptionSpec, text: string): unknown {
  switch (spec.type) {
    case 'string':
      if (spec.oneOf && !spec.oneOf.includes(text)) throw new Error('is not one of the choices');
      return text;
    case 'int':
      return wholeNumber(text, spec.min ?? Number.MIN_SAFE_INTEGER, spec.max ?? Number.MAX_SAFE_INTEGER);
    case 'port':
      return wholeNumber(text, 0, 65_535);
    case 'bool':
      if (/^(true|1|yes|on)$/i.test(text)) return true;
      if (/^(false|0|no|off)$/i.test(text)) return false;
      throw new Error('is neither true nor false');
    case 'durationMs':
      return duration(text);
    case 'path':
      if (spec.mustExist && !existsSync(text)) throw new Error('does not exist');
      return resolve(text);
    case 'secretFile':
      return readSecret(text);
    case 'url':
      return checkedUrl(text, spec.protocols);
    case 'list':
      return text
        .split(',')
        .map((s) => s.trim())
        .filter((s) => s !== '');
  }
}

function wholeNumber(text: string, min: number, max: number): number {
  if (!/^-?\d{1,15}$/.test(text)) throw new Error('is not a whole number');
  const n = Number(text);
  if (n < min || n > max) throw new Error('is out of range');
  return n;
}

function duration(text: string): number {
  const m = /^(\d{1,12})(ms|s|m|h|d)?$/.exec(text);
  const ms = m && Number(m[1]) * (UNITS[m[2] ?? 'ms'] ?? 1);
  if (ms === null || !Number.isSafeInteger(ms)) throw new Error('is not a duration');
  return ms;
}

function checkedUrl(text: string, protocols?: readonly string[]): string {
  if (!URL.canParse(text)) throw new Error('is not a URL');
  if (protocols && !protocols.includes(new URL(text).protocol)) throw new Error('has another protocol');
  return text;
}

function readSecret(text: string): Secret {
  const path = resolve(text);
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat?.isFile()) throw new Error('is not a file');
  if (stat.mode & 0o007) throw new Error('is open to every user of this machine');
  if (stat.size > MAX_SECRET_BYTES) throw new Error('is too large for a secret');
  const content = readFileSync(path, 'utf8').trim();
  if (content === '') throw new Error('is empty');
  return new Secret(path, content);
}

/** The value as --print-config may show it. */
export function shown(spec: OptionSpec, value: unknown): unknown {
  if (value === undefined) return null;
  if (value instanceof Secret) return `${value.path} [redacted]`;
  if (spec.secret) return '[redacted]';
  return typeof value === 'string' && spec.type === 'url' ? withoutCredentials(value) : value;
}

/** A URL without user, password and token, fit for logs and error messages. */
export function withoutCredentials(url: string): string {
  if (!URL.canParse(url)) return '(not a URL)';
  const u = new URL(url);
  const secret = u.username !== '' || u.password !== '';
  u.username = '';
  u.password = '';
  return secret ? u.href.replace('//', '//***@') : u.href;
}
