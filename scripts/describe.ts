/** Renders docs/services/*.md from the services' contracts and docs/errors.md from the list of rejections (C1, C4). `--check` only compares. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { rejections } from '../libs/protocol/src/index.ts';
import type { ContractFacts } from '../libs/shared-core/src/contract.ts';

const root = join(import.meta.dirname, '..');
const services = ['consensus', 'validator-set', 'crypto-signing', 'storage', 'treasury-executor'];

const bullets = (items: readonly string[]): string => items.map((item) => `- ${item}`).join('\n');
const section = (title: string, body: string): string => `## ${title}\n\n${body}\n`;

function renderService(c: ContractFacts): string {
  return [
    `# ${c.id}\n\n${c.responsibility}\n\n<!-- Rendered from apps/${c.id}/src/contract.ts by scripts/describe.ts: edit that. -->\n`,
    section('Owns', bullets(c.owns)),
    section('Does not own', bullets(c.doesNotOwn.map((x) => `${x.what} (${x.owner})`))),
    section('Accepts', bullets(c.accepts)),
    section('Produces', bullets(c.produces)),
    section('Rejects when', bullets(c.rejectsWhen)),
    section('Validates', bullets(c.validates)),
    section('States', bullets(c.states)),
    section('Scales', c.scales),
    section('Fails', c.fails),
    section('Exposes', bullets(c.exposes)),
  ].join('\n');
}

function renderErrors(): string {
  const rows = Object.values(rejections).map((r) => `| ${r.code} | ${r.name} | ${r.severity} | ${r.reason} | ${r.remedy} |`);
  return `# Rejections

Every refusal carries one of these, as \`google.rpc.ErrorInfo\` (reason = the name in upper snake case, domain = bursar, metadata code and severity) on
gRPC and as a sentence in the program. Rendered from \`libs/protocol/src/rejections.ts\` by \`scripts/describe.ts\`.

| code | name | severity | meaning | what to do |
|---|---|---|---|---|
${rows.join('\n')}
`;
}

const pages = new Map<string, string>([['docs/errors.md', renderErrors()]]);
for (const id of services) {
  const { contract } = (await import(join(root, 'apps', id, 'src', 'contract.ts'))) as { contract: ContractFacts };
  pages.set(`docs/services/${id}.md`, renderService(contract));
}

const check = process.argv.includes('--check');
const stale: string[] = [];
for (const [path, text] of pages) {
  const file = join(root, path);
  if (existsSync(file) && readFileSync(file, 'utf8') === text) continue;
  stale.push(path);
  if (check) continue;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
if (check && stale.length > 0) {
  console.error(`Stale: ${stale.join(', ')}. Run: node_modules/.bin/node scripts/describe.ts`);
  process.exitCode = 1;
} else console.log(stale.length > 0 ? `Written: ${stale.join(', ')}` : `${pages.size} pages are up to date`);
