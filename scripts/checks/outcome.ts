/** What checks report and how it is added up. */

export interface Outcome {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Printed in full when something failed. */
  readonly output: string;
  /** A few words behind the name: `12 tests`. */
  readonly note?: string;
}

export interface Check {
  /** `lint`, `types libs/pbft`. */
  readonly name: string;
  readonly run: () => Promise<Outcome>;
}

export const pass = (note?: string): Outcome => ({ passed: 1, failed: 0, skipped: 0, output: '', ...(note === undefined ? {} : { note }) });
export const fail = (output: string): Outcome => ({ passed: 0, failed: 1, skipped: 0, output });
export const skip = (note: string): Outcome => ({ passed: 0, failed: 0, skipped: 1, output: '', note });
export const verdict = (r: { ok: boolean; output: string }): Outcome => (r.ok ? pass() : fail(r.output));

/** What we read of jest's `--json` file. */
export interface JestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  /** Files that broke before their tests could run. */
  readonly numRuntimeErrorTestSuites: number;
}

/**
 * Each test counts one, and each file that could not run. A run that ended badly without naming a failed test, or without
 * a report, is one failure: a crash never looks like "nothing to complain about".
 */
export function countJest(report: JestReport | undefined, r: { ok: boolean; output: string }): Outcome {
  if (report === undefined) return fail(`${r.output}\njest left no report`);
  const named = report.numFailedTests + report.numRuntimeErrorTestSuites;
  const failed = named > 0 || r.ok ? named : 1;
  const skipped = report.numPendingTests + report.numTodoTests;
  const total = report.numPassedTests + report.numFailedTests + skipped;
  return { passed: report.numPassedTests, failed, skipped, output: r.output, note: `${total} tests` };
}

/** The last line of a run. */
export function lastLine(outcomes: readonly Outcome[]): string {
  const sum = (key: 'passed' | 'failed' | 'skipped'): number => outcomes.reduce((n, o) => n + o[key], 0);
  const skipped = sum('skipped');
  return `${sum('passed')} passed, ${sum('failed')} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

/** 0 when something ran and nothing failed. */
export const exitCode = (outcomes: readonly Outcome[]): number =>
  outcomes.some((o) => o.failed > 0) || !outcomes.some((o) => o.passed > 0) ? 1 : 0;

/**
 * Runs checks in order, a few at a time. A check that throws has failed; the others go on.
 * @param singly one at a time, in the first lane, which helps with the others afterwards
 * @param onDone called as each one ends
 */
export async function runChecks(
  checks: readonly Check[],
  singly: readonly Check[],
  lanes: number,
  onDone: (c: Check, o: Outcome, ms: number) => void,
): Promise<Outcome[]> {
  const queue = checks.values();
  const outcomes: Outcome[] = [];
  const run = async (check: Check): Promise<void> => {
    const from = performance.now();
    const outcome = await check.run().catch((e: unknown) => fail(e instanceof Error ? (e.stack ?? e.message) : String(e)));
    outcomes.push(outcome);
    onDone(check, outcome, performance.now() - from);
  };
  const lane = async (_: unknown, i: number): Promise<void> => {
    if (i === 0) for (const check of singly) await run(check);
    for (const check of queue) await run(check);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return outcomes;
}
