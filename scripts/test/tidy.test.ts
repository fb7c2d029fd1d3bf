// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the rows are samples of code
import { describe, expect, it } from '@jest/globals';
import { tidy } from '../tidy.ts';

const manifest = (name: string, more = {}): string =>
  JSON.stringify({ name: `@bursar/${name}`, exports: { '.': './src/index.ts' }, ...more });

/** A small tree without a fault: each row below adds or replaces files. */
const CLEAN: Readonly<Record<string, string>> = {
  'apps/consensus/package.json': manifest('consensus', { exports: {} }),
  'apps/consensus/src/main.ts': "import { step } from '@bursar/pbft';\nimport { port } from './config.ts';\nstep(port);\n",
  'apps/consensus/src/config.ts': "export const port = Number(process.env['PORT']);\n",
  'apps/bursar/package.json': manifest('bursar', { exports: {}, bin: { bursar: 'bin/bursar.mjs' } }),
  'apps/bursar/bin/bursar.mjs': "import '../src/program.ts';\n",
  'apps/bursar/src/program.ts': "import { submit } from '@bursar/client';\nsubmit();\n",
  'libs/protocol/package.json': manifest('protocol', { exports: { '.': './src/index.ts', './deep': './src/deep.ts' } }),
  'libs/protocol/src/index.ts':
    "/// <reference path=\"sodium.d.ts\" />\nimport sodium from 'sodium-native';\nexport { hash } from './hash.ts';\nsodium.x();\n",
  'libs/protocol/src/sodium.d.ts': "declare module 'sodium-native';\n",
  'libs/protocol/src/hash.ts': '// Date.now() in a comment\nexport const hash = "Math.random()";\nconst re = /process.env/;\nvoid re;\n',
  'libs/protocol/src/deep.ts': "export * as gen from './gen/a_pb.ts';\n",
  'libs/protocol/src/gen/a_pb.ts': "export * from './b_pb.ts';\n",
  'libs/pbft/package.json': manifest('pbft'),
  'libs/pbft/src/index.ts': "export type { Step } from './step.ts';\n",
  'libs/pbft/src/step.ts': "import type { Digest } from '@bursar/protocol';\nexport type Step = (now: Date, d: Digest) => void;\n",
  'libs/shared-core/package.json': manifest('shared-core'),
  'libs/shared-core/src/index.ts':
    "export const at = (): number => Date.now();\nexport const w = () => new URL('./verify-worker.ts', import.meta.url);\nimport './telemetry.ts';\n",
  'libs/shared-core/src/verify-worker.ts': "import '@bursar/protocol';\n",
  'libs/shared-core/src/telemetry.ts': "process.env['OTEL_X'] ??= 'none';\n",
  'libs/client/package.json': manifest('client'),
  'libs/client/src/index.ts': "import '@bursar/shared-core';\nimport '@bursar/pbft';\nexport const submit = (): void => {};\n",
  'libs/client/test/client.test.ts': "it('works', () => {});\n",
  'docs/a.md': '[home](../README.md#part), [libs](../libs/pbft), [site](https://a.b/c), [below](#part)\n',
  'README.md': 'npm start, and ../shared-core is a folder; the network/root.\n',
};
const join = (...parts: string[]): string => parts.join('');
const check = (change: Readonly<Record<string, string>>) => tidy(new Map(Object.entries({ ...CLEAN, ...change })));

it('finds nothing in a clean tree', () => expect(check({})).toEqual([]));

const PBFT = 'libs/pbft/src/step.ts';
const APP = 'apps/consensus/src/main.ts';

describe('each rule bites on a planted violation', () => {
  it.each<[string, string, string, string]>([
    ['a pure lib imports shared-core', 'direction', PBFT, "import '@bursar/shared-core';"],
    [
      'a pure lib imports an open lib for its type alone',
      'direction',
      PBFT,
      "import type { C } from '@bursar/client';\nexport type D = C;",
    ],
    ['a service imports the faults that scripts and tests inject', 'direction', APP, "import '@bursar/chaos';"],
    ['a lib is named inside a type', 'direction', PBFT, "export type C = import('@bursar/client').C;"],
    [
      'shared-core imports another lib than protocol',
      'direction',
      'libs/shared-core/src/index.ts',
      "import '@bursar/pbft';\nimport './telemetry.ts';",
    ],
    ['a lib that the table does not know', 'direction', 'libs/novel/src/index.ts', 'export {};'],
    ['the audit imports what it judges', 'independence', 'apps/bursar/src/audit/audit.ts', "import '@bursar/ledger';"],
    ['a lib imports an app', 'app-imported', 'libs/client/src/index.ts', "import '@bursar/consensus';"],
    ['an app imports an app', 'app-imported', APP, "import './config.ts';\nawait import('@bursar/bursar');"],
    ['a test imports an app', 'app-imported', 'libs/client/test/client.test.ts', "import '@bursar/consensus';"],
    ['an import leaves its package', 'leaves-package', PBFT, "export { hash } from '../../protocol/src/hash.ts';"],
    [
      'a dynamic import leaves its package',
      'leaves-package',
      APP,
      "import './config.ts';\nawait import('../../../libs/pbft/src/step.ts');",
    ],
    ['a pure lib imports node', 'purity', PBFT, "import { readFileSync } from 'node:fs';\nexport { readFileSync };"],
    ['a pure lib requires a module', 'purity', PBFT, "require('fs');"],
    ['a pure lib imports a package outside its list', 'purity', PBFT, "import { pino } from 'pino';\nexport { pino };"],
    ['a pure lib imports a name like one on its list', 'purity', 'libs/protocol/src/deep.ts', "import '@bufbuild/protobuf-other';"],
    ['a pure lib imports a computed name', 'purity', PBFT, 'await import(`node:${x}`);'],
    ['Date.now', 'purity', PBFT, 'export const now = Date.now();'],
    ['new Date', 'purity', PBFT, 'export const now = new Date();'],
    ['Math.random', 'purity', PBFT, 'export const r = Math.random();'],
    ['performance', 'purity', PBFT, 'export const r = performance.now();'],
    ['setTimeout', 'purity', PBFT, 'setTimeout(() => {}, 1);'],
    ['a deadline of its own', 'purity', PBFT, 'AbortSignal.timeout(1);'],
    ['setInterval', 'purity', PBFT, 'setInterval(() => {}, 1);'],
    ['setImmediate', 'purity', PBFT, 'setImmediate(() => {});'],
    ['process', 'purity', PBFT, 'export const p = process.pid;'],
    ['crypto.getRandomValues', 'purity', PBFT, 'crypto.getRandomValues(a);'],
    ['globalThis', 'purity', PBFT, 'export const g = globalThis;'],
    ['a random key pair', 'purity', 'libs/protocol/src/hash.ts', 'sodium.x; crypto_sign_keypair(a, b);'],
    ['the locale', 'purity', PBFT, "export const s = 'a'.localeCompare('b');"],
    ['a forbidden global inside a template string', 'purity', PBFT, `export const s = \`\${\`a\${Date.now()}\`}\`;`],
    ['the environment outside config.ts', 'environment', APP, "import './config.ts';\nconsole.log(process.env.PORT);"],
    ['the environment taken apart', 'environment', APP, "import './config.ts';\nconst { env } = process;\nvoid env;"],
    ['the environment imported', 'environment', APP, "import './config.ts';\nimport { env } from 'node:process';\nvoid env;"],
    ['the environment by index', 'environment', APP, "import './config.ts';\nprocess['env'];"],
    ['a file that nothing imports', 'orphan', 'libs/pbft/src/dead.ts', 'export const dead = 1;'],
    ['a file that imports only itself', 'orphan', 'libs/pbft/src/dead.ts', "import './dead.ts';"],
    ['a declaration that nothing references', 'orphan', 'libs/pbft/src/dead.d.ts', "declare module 'x';"],
    ['export *', 'export-star', 'libs/pbft/src/index.ts', "export * from './step.ts';"],
    ['a long file', 'size', PBFT, 'export {};\n'.repeat(351)],
    ['a focused test', 'focused', 'libs/client/test/client.test.ts', "it.only('works', () => {});"],
    ['an unfinished word in code', 'unfinished', PBFT, `// ${join('TO', 'DO')}: more\nexport {};`],
    ['a link to a document that is not there', 'dead-link', 'docs/a.md', 'See [this](decisions/0001-x.md#part).'],
    ['an unfinished phrase in a document', 'unfinished', 'README.md', `It is a constant ${join('for n', 'ow')}.`],
    ['a neighbouring folder', 'place', 'README.md', `See ${join('../sha', 'red')}/design.`],
    ['a path of one machine', 'place', 'README.md', `cd ${join('/wo', 'rk/main')}`],
    ['a home folder', 'place', 'README.md', `cd ${join('/ho', 'me/ann/bursar')}`],
    ['a registry', 'registry', 'README.md', `https://${join('pypi', '.org')}/`],
    ['an address in the lock file', 'registry', 'package-lock.json', `"${join('resol', 'ved')}": "https://x"`],
  ])('%s', (_sentence, rule, path, text) => {
    expect(check({ [path]: text }).filter((f) => f.path === path)).toContainEqual(expect.objectContaining({ rule }));
  });
});

it('names the line', () => {
  expect(check({ [PBFT]: "/* one\n two */\nimport 'node:fs';\nconst d = Date.now();\n" }).map((f) => f.line)).toEqual([3, 4]);
});

it('leaves generated and fetched text alone', () => {
  const words = `// ${join('FIX', 'ME')}\n`;
  expect(check({ 'third_party/a.ts': words, 'libs/protocol/src/gen/c_pb.ts': words.repeat(400) })).toEqual([]);
});
