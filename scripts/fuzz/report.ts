/** What a run says at its end. */
import { writeFileSync } from 'node:fs';
import type { Failure, Row } from './campaign.ts';

const MIB = 2 ** 20;
/** More is written to a file. */
const SHOWN_BYTES = 512;

const grouped = (n: number): string =>
  Math.round(n)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ',');

export function table(rows: readonly Row[]): string {
  const total: Row = {
    target: `${rows.length} targets`,
    inputs: rows.reduce((n, r) => n + r.inputs, 0),
    accepted: rows.reduce((n, r) => n + r.accepted, 0),
    refused: rows.reduce((n, r) => n + r.refused, 0),
    seconds: rows.reduce((n, r) => n + r.seconds, 0),
    growth: Math.max(0, ...rows.map((r) => r.growth)),
    slowestMs: Math.max(0, ...rows.map((r) => r.slowestMs)),
    failure: undefined,
  };
  const cells = [...rows, total].map((r) => [
    r.target,
    grouped(r.inputs),
    grouped(r.accepted),
    grouped(r.refused),
    grouped(r.inputs / Math.max(r.seconds, 1e-3)),
    r.slowestMs.toFixed(1),
    (r.growth / MIB).toFixed(1),
    r.failure ? `FAILED: ${r.failure.breach}` : '',
  ]);
  const head = ['target', 'inputs', 'accepted', 'refused', 'inputs/s', 'slowest ms', 'heap growth MiB', ''];
  const widths = head.map((h, i) => Math.max(h.length, ...cells.map((c) => (c[i] as string).length)));
  const line = (c: readonly string[]): string =>
    c
      .map((text, i) => (i === 0 || i === 7 ? text.padEnd(widths[i] as number) : text.padStart(widths[i] as number)))
      .join('  ')
      .trimEnd();
  return [head, ...cells].map(line).join('\n');
}

/** What broke, the command that repeats it, and the smallest bytes that do. @param folder where bytes are put that are too many to print */
export function failureText(target: string, f: Failure, folder: string): string {
  const name = `'${target}'`;
  const lines = [`${target}: ${f.breach}: ${f.what}`, `Repeat with: npm run fuzz -- --only ${name} --seed ${f.seed} --at ${f.index}`];
  if (f.minimised === undefined) lines.push('Alone the input breaks nothing: it needs those before it in its episode.');
  else if (f.minimised.length <= SHOWN_BYTES)
    lines.push(
      `Smallest input, ${f.minimised.length} bytes: npm run fuzz -- --only ${name} --bytes ${Buffer.from(f.minimised).toString('hex')}`,
    );
  else {
    const path = `${folder}/fuzz-${target.replaceAll(/\W+/g, '-')}-${f.index}.bin`;
    writeFileSync(path, f.minimised);
    lines.push(`Smallest input, ${f.minimised.length} bytes: npm run fuzz -- --only ${name} --file ${path}`);
  }
  return lines.join('\n');
}
