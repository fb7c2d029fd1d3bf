/** Fuzzing (Q3): a million inputs in every run of the tests. */
import { runCommand } from './command.ts';
import { type Check, fail, pass } from './outcome.ts';
import { behind } from './workspace.ts';

const INPUTS = 1_000_000;
const TIMEOUT_MS = 30 * 60_000;

export const fuzz: Check = {
  name: 'fuzz',
  run: async () => {
    const r = await runCommand(process.execPath, ['scripts/fuzz/main.ts', '--inputs', String(INPUTS), '--json'], behind('.', TIMEOUT_MS));
    const last = r.output.split('\n').findLast((line) => line.startsWith('{'));
    if (last === undefined) return fail(r.output);
    const { inputs, targets, failures } = JSON.parse(last) as { inputs: number; targets: number; failures: string[] };
    // That nothing was found says nothing when nothing was tried.
    if (!r.ok || failures.length > 0 || inputs < INPUTS) return fail([...failures, `${inputs} inputs`].join('\n\n'));
    return pass(`${inputs} inputs to ${targets} targets`);
  },
};
