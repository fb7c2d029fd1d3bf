/** Makes any value fit for a log line: secrets hidden, strings and depth bounded, bytes and bigints readable (O2). */
import { BursarError } from './errors.ts';

const MAX_STRING = 2_048;
const MAX_ITEMS = 32;
const MAX_DEPTH = 4;
const MAX_BYTES_SHOWN = 64;
/** A key with one of these names holds a secret, at any depth. `publicKey`, `keyId` and the like stay readable. */
const SECRET_KEY =
  /^(key|seed|token|secret|password|passphrase|pass|authorization|cookie|mnemonic)$|(token|secret|password|passphrase|seed|privatekey|secretkey|signingkey)$/i;

/** A plain copy of `fields` that pino can write. Never throws, not even for a throwing getter. */
export function logFields(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return record(fields, 0, new Set());
}

function record(source: object, depth: number, above: Set<object>): Record<string, unknown> {
  const copy: Record<string, unknown> = {};
  let count = 0;
  for (const key of Object.keys(source)) {
    if (++count > MAX_ITEMS) {
      copy['…'] = 'more';
      break;
    }
    copy[clip(key, 128)] = SECRET_KEY.test(key) ? '[redacted]' : read(source, key, depth, above);
  }
  return copy;
}

function read(source: object, key: string, depth: number, above: Set<object>): unknown {
  try {
    return plain((source as Record<string, unknown>)[key], depth, above);
  } catch {
    return '[unreadable]';
  }
}

function plain(value: unknown, depth: number, above: Set<object>): unknown {
  if (typeof value === 'string') return clip(value, MAX_STRING);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'function' || typeof value === 'symbol') return `[${typeof value}]`;
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Uint8Array) return bytes(value);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
  if (above.has(value)) return '[circular]';
  if (depth >= MAX_DEPTH) return '[deep]';
  above.add(value);
  try {
    if (value instanceof Error) return error(value, depth, above);
    if (Array.isArray(value)) {
      const items = value.slice(0, MAX_ITEMS).map((item) => plain(item, depth + 1, above));
      return value.length > MAX_ITEMS ? [...items, `… ${value.length - MAX_ITEMS} more`] : items;
    }
    if (typeof (value as { toJSON?: unknown }).toJSON === 'function')
      return plain((value as { toJSON(): unknown }).toJSON(), depth + 1, above);
    return record(value, depth + 1, above);
  } finally {
    above.delete(value);
  }
}

function error(value: Error, depth: number, above: Set<object>): Record<string, unknown> {
  const own = value instanceof BursarError ? { code: value.code, reason: value.reason, remedy: value.remedy, details: value.details } : {};
  const shown = {
    type: value.name,
    message: value.message,
    stack: value.stack,
    ...own,
    ...(value.cause === undefined ? {} : { cause: value.cause }),
  };
  return record(shown, depth + 1, above);
}

const clip = (text: string, max: number): string => (text.length > max ? `${text.slice(0, max)}… (${text.length} characters)` : text);
const bytes = (value: Uint8Array): string => {
  const hex = Buffer.from(value.buffer, value.byteOffset, Math.min(value.byteLength, MAX_BYTES_SHOWN)).toString('hex');
  return value.byteLength > MAX_BYTES_SHOWN ? `${hex}… (${value.byteLength} bytes)` : hex;
};
