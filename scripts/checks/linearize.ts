/** Linearizability (Q2): one history of real processes, some of them killed, in every run of the tests. */
import { runCommand } from './command.ts';
import { type Check, fail, pass } from './outcome.ts';
import { at } from './workspace.ts';

const SECONDS = 12;
const TIMEOUT_MS = 5 * 60_000;

export const linearize: Check = {
  name: 'linearize',
  run: async () => {
    const args = ['scripts/run.mjs', 'linearize', '--seconds', String(SECONDS), '--json'];
    const r = await runCommand(process.execPath, args, at('.', TIMEOUT_MS));
    const last = r.output.split('\n').findLast((line) => line.startsWith('{'));
    if (!r.ok || last === undefined) return fail(r.output);
    const { operations, unknown, kills } = JSON.parse(last) as { operations: number; unknown: number; kills: string[] };
    return pass(`${operations} operations, ${unknown} of unknown end, ${kills.length} kills`);
  },
};
