/**
 * `npm test [-- --only NAME]…`: every check and every test; the very last line is `N passed, N failed`.
 *
 * NAME is a check (`lint`), a kind of check (`types`, `jest`), or a package (`pbft`, `libs/pbft`). A failure does not stop
 * the rest. Exit code 0 when something ran and nothing failed.
 */
import { rmSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { campaign } from './checks/campaign.ts';
import { killAll } from './checks/command.ts';
import { fuzz } from './checks/fuzz.ts';
import { endToEndTests, saveTimes, unitTests } from './checks/jest.ts';
import { linearize } from './checks/linearize.ts';
import { type Check, exitCode, lastLine, type Outcome, runChecks } from './checks/outcome.ts';
import { select } from './checks/select.ts';
import { staticChecks } from './checks/static.ts';
import { prepareTemp, TEMP } from './checks/workspace.ts';

const LANES = 2;

function readOnly(): string[] {
  try {
    return parseArgs({ options: { only: { type: 'string', multiple: true, default: [] } } }).values.only;
  } catch (e) {
    process.stderr.write(`${(e as Error).message}\nusage: npm test [-- --only NAME]…\n`);
    process.exit(64);
  }
}

const only = readOnly();
const together = [...staticChecks(), fuzz, ...unitTests()];
const undisturbed = [...endToEndTests(), linearize, campaign];
const wanted = select([...together, ...undisturbed], only);
if (typeof wanted === 'string') {
  process.stderr.write(`${wanted}\n`);
  process.exit(64);
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.once(signal, () => {
    killAll();
    process.exit(signal === 'SIGINT' ? 130 : 143);
  });

const failures: string[] = [];
const times: Record<string, number> = {};
function report({ name }: Check, o: Outcome, ms: number): void {
  const word = o.failed > 0 ? 'FAIL' : o.passed === 0 && o.skipped > 0 ? 'skip' : 'ok';
  console.log(`${word.padEnd(4)}  ${name.padEnd(30)} ${(ms / 1000).toFixed(1).padStart(6)} s  ${o.note ?? ''}`.trimEnd());
  times[name] = Math.round(ms);
  if (o.failed === 0) return;
  failures.push(name);
  console.log(`${o.output.trimEnd().replaceAll(/^/gm, '      ')}\n`);
}

prepareTemp();
const chosen = (checks: readonly Check[]): Check[] => checks.filter((c) => wanted.has(c.name));
const outcomes = await runChecks(chosen(together), chosen(undisturbed), LANES, report);
saveTimes(times);
if (failures.length === 0) rmSync(TEMP, { recursive: true, force: true });
else console.log(`failed: ${failures.join(', ')} (temporary files: ${TEMP})`);
console.log(lastLine(outcomes));
process.exitCode = exitCode(outcomes);
