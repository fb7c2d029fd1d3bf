/** The stress harness in small (C15): real processes, loss, latency, one Byzantine validator, an audit. Its figures are the business of `npm run stress`. */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { processesOf, root, scratch } from './support/program.ts';

const at = scratch('stress');
const json = at.path('report.json');
const LOAD = ['--rate', '100', '--seconds', '8', '--warm-up', '0', '--loss', '5', '--latency', '50', '--byzantine', '1'];
let ran: { readonly code: number; readonly output: string };
let report: {
  readonly generated: number;
  readonly processed: number;
  readonly contradictions: number;
  readonly misdeeds: Readonly<Record<string, number>>;
  readonly refusedMessages: Readonly<Record<string, number>>;
  readonly network: { readonly dropped: number; readonly delayed: number };
  readonly audit: { readonly executed: number; readonly offences: Readonly<Record<string, number>>; readonly problems: readonly string[] };
};
beforeAll(async () => {
  const args = ['scripts/run.mjs', 'stress', ...LOAD, '--min-rate', '0', '--max-p99', '600000', '--json', json, '--dir', at.path('net')];
  ran = await promisify(execFile)(process.execPath, args, { cwd: root, timeout: 170_000 }).then(
    ({ stdout, stderr }) => ({ code: 0, output: stdout + stderr }),
    (e: { code: number; stdout: string; stderr: string }) => ({ code: e.code, output: e.stdout + e.stderr }),
  );
  if (existsSync(json)) report = JSON.parse(readFileSync(json, 'utf8'));
}, 180_000);
afterAll(at.remove);

describe('under loss, latency and one Byzantine validator (K6)', () => {
  it('every transfer is executed once, the honest books agree, and nothing is lost of the supply', () => {
    expect(ran).toMatchObject({ code: 0 });
    expect(report.audit.problems).toEqual([]);
    expect([report.processed, report.audit.executed]).toEqual([report.generated, report.generated]);
  });
  it('there was something to survive: lost and late messages, misdeeds of each kind that the gates refuse', () => {
    expect(report.network.dropped).toBeGreaterThan(0);
    expect(report.network.delayed).toBeGreaterThan(0);
    expect(Object.keys(report.misdeeds)).toEqual(expect.arrayContaining(['a forged signature', 'random bytes', 'an oversized message']));
    expect(Object.keys(report.refusedMessages)).toEqual(
      expect.arrayContaining(['MalformedMessage', 'InvalidSignature', 'UnknownValidator']),
    );
  });
  it('the liar is convicted by those it lied to, and of nothing else than it did: in blocks, with evidence that anybody can check', () => {
    expect(report.contradictions).toBeGreaterThan(0);
    expect(Object.values(report.audit.offences).reduce((a, b) => a + b, 0)).toBeGreaterThan(0); // the audit has checked them, and that none is of an honest one
  });
  it('nothing is left running', () => {
    expect(processesOf(at.path('net'))).toEqual([]);
  });
});
