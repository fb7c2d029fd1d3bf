/** Exactly-once payments (T): processes of all kinds killed under payments, and the audit, in every run of the tests. */
import { runCommand } from './command.ts';
import { type Check, fail, pass } from './outcome.ts';
import { at } from './workspace.ts';

const KILLS = 20;
const TIMEOUT_MS = 6 * 60_000;

export const campaign: Check = {
  name: 'campaign',
  run: async () => {
    const args = ['scripts/run.mjs', 'campaign', '--kills', String(KILLS), '--json'];
    const r = await runCommand(process.execPath, args, at('.', TIMEOUT_MS));
    const last = r.output.split('\n').findLast((line) => line.startsWith('{'));
    if (!r.ok || last === undefined) return fail(r.output);
    const { kills, freezes, paid, audit } = JSON.parse(last) as { kills: number; freezes: number; paid: number; audit: { height: number } };
    return pass(`${kills} kills, ${freezes} freezes, ${paid} payments, ${audit.height} blocks audited`);
  },
};
