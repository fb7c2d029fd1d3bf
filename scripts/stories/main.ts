/** `npm run story`: scenarios of a small network, a report each (`--help`). */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type AuditReport, isSound } from '../../apps/bursar/src/audit/audit.ts';
import { explain } from '../../apps/bursar/src/errors.ts';
import { messageOf } from '../../libs/shared-core/src/index.ts';
import { judge } from '../treasury/judge.ts';
import { Stage } from './stage.ts';
import { stories } from './stories.ts';
import { figureText, isMet, type Story, type Told } from './story.ts';

const USAGE = `npm run story -- NAME… | --all [--json] [--keep]

Each runs on a network of its own: four validators, an executor and a standby, real processes; then the audit.

${stories.map((s) => `  ${s.name.padEnd(14)} ${s.about}`).join('\n')}

Exit codes: 0 told, its bars met, its books right; 1 a bar missed or no verdict; 64 wrong arguments; 70 the audit found something.
`;
const FOLDER = join('.tools', 'stories');
const REST_MS = 180_000;
const say = (text: string): void => void process.stderr.write(`${text}\n`);
const json = (value: unknown): string => JSON.stringify(value, (_, v) => (typeof v === 'bigint' ? v.toString() : v));

interface Report extends Told {
  readonly story: string;
  readonly seconds: number;
  readonly audit: AuditReport;
}

async function tell(story: Story, dir: string): Promise<Report> {
  const startedMs = performance.now();
  const stage = await Stage.open(dir, story.executor);
  try {
    const told = await story.run(stage);
    await stage.treasurer.rest(REST_MS);
    const audit = await judge(stage.network, stage.treasurer.told, stage.payees.slice(0, 8));
    return { story: story.name, ...told, seconds: Math.round((performance.now() - startedMs) / 100) / 10, audit };
  } finally {
    await stage.close();
  }
}

const verdict = ({ figures, audit }: Report): number => (isSound(audit) ? (figures.every(isMet) ? 0 : 1) : 70);
function print(r: Report): void {
  const { audit } = r;
  const lines = [
    ...r.done,
    ...r.figures.map(figureText),
    `audit: ${audit.height} blocks, ${audit.payments.toLocaleString('en-US')} payments, ${isSound(audit) ? 'nothing to find' : json(audit.counts)}`,
    ...audit.findings.map((f) => `FOUND ${f.property} at height ${f.height}: ${f.what}`),
  ];
  process.stdout.write(`${r.story} (${verdict(r) === 0 ? 'ok' : 'FAILED'}, ${r.seconds} s)\n${lines.map((l) => `  ${l}\n`).join('')}\n`);
}

function chosen(): { readonly list: readonly Story[]; readonly json: boolean; readonly keep: boolean } | undefined {
  const flag = { type: 'boolean', default: false } as const;
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { all: flag, json: flag, keep: flag, help: flag } });
  if (values.help) return undefined;
  const unknown = positionals.find((name) => !stories.some((s) => s.name === name));
  if (unknown !== undefined) throw new Error(`there is no story ${unknown}`);
  if (!values.all && positionals.length === 0) throw new Error('name a story, or --all');
  return { ...values, list: stories.filter((s) => values.all || positionals.includes(s.name)) };
}

async function main(): Promise<number> {
  let asked: ReturnType<typeof chosen>;
  try {
    asked = chosen();
  } catch (e) {
    say(`${messageOf(e)}\n\n${USAGE}`);
    return 64;
  }
  if (asked === undefined) {
    process.stdout.write(USAGE);
    return 0;
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(signal === 'SIGINT' ? 130 : 143));
  mkdirSync(FOLDER, { recursive: true });
  let worst = 0;
  for (const story of asked.list) {
    const dir = join(FOLDER, `${story.name}-${process.pid}`);
    say(`${story.name}: ${story.about}`);
    const code = await tell(story, dir).then(
      (r) => {
        if (asked.json) process.stdout.write(`${json(r)}\n`);
        else print(r);
        return verdict(r);
      },
      (e) => {
        say(`${story.name}: no verdict: ${explain(e)}`);
        return 1;
      },
    );
    if (code === 0 && !asked.keep) rmSync(dir, { recursive: true, force: true });
    else say(`The network's folder: ${dir}`);
    worst = Math.max(worst, code);
  }
  return worst;
}

process.exitCode = await main();
