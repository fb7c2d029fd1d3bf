/** The end of a process's log, as a person reads it in a message that explains a failure. */
import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';

const TAIL_BYTES = 64 * 1024;
const LINES = 10;
const MAX_LINE = 400;
const GRAVE = new Set(['warn', 'error', 'fatal']);

/** The last warnings and errors, or the last lines of all when there are none. Lines that are no JSON (a crash) count as errors. */
export function lastLines(path: string): string[] {
  const all = tail(path).map(readable);
  const grave = all.filter((l) => l.grave);
  return (grave.length > 0 ? grave : all).slice(-LINES).map((l) => l.text);
}

function readable(line: string): { text: string; grave: boolean } {
  try {
    const { time, level, msg, err, why } = JSON.parse(line) as {
      time?: string;
      level?: string;
      msg?: string;
      err?: { message?: string };
      why?: string;
    };
    const more = err?.message ?? why;
    return { text: clip(`${time ?? ''} ${level ?? ''} ${msg ?? ''}${more ? `: ${more}` : ''}`), grave: GRAVE.has(level ?? '') };
  } catch {
    return { text: clip(line), grave: line.trim() !== '' && !line.startsWith('[') }; // NATS begins its own lines with a bracket
  }
}

const clip = (text: string): string => (text.length > MAX_LINE ? `${text.slice(0, MAX_LINE)}…` : text);

function tail(path: string): string[] {
  if (!existsSync(path)) return [];
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    const from = Math.max(0, size - TAIL_BYTES);
    const bytes = Buffer.alloc(size - from);
    readSync(file, bytes, 0, bytes.length, from);
    return bytes
      .toString('utf8')
      .trimEnd()
      .split('\n')
      .slice(from > 0 ? 1 : 0);
  } finally {
    closeSync(file);
  }
}
