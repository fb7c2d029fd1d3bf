import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { createKeyFile } from '@bursar/client';
import { afterAll, describe, expect, it } from '@jest/globals';
import { bursar, scratch } from './support/program.ts';

const at = scratch('usage');
afterAll(at.remove);

describe('help', () => {
  const commands = [
    [],
    ['demo'],
    ['devnet'],
    ['devnet', 'up'],
    ['devnet', 'down'],
    ['devnet', 'status'],
    ['fund'],
    ['import'],
    ['approve'],
    ['cancel'],
    ['hold'],
    ['release'],
    ['pause'],
    ['resume'],
    ['executor', 'status'],
    ['executor', 'redrive'],
    ['policy'],
    ['policy', 'propose'],
    ['limits', 'propose'],
    ['payees', 'set'],
    ['payees', 'remove'],
    ['changes', 'approve'],
    ['changes', 'cancel'],
    ['status'],
    ['statement'],
    ['proof'],
    ['verify'],
  ];
  it.each(commands.map((c) => [c.join(' ') || '(none)', c] as const))('of %s is printed, with exit code 0', async (_, command) => {
    const { code, stdout } = await bursar([...command, '--help']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Usage: bursar/);
  });
});

const wrong: [sentence: string, args: () => string[], code: number, says: RegExp, env?: Record<string, string>][] = [
  ['no command', () => [], 64, /no command was given/],
  ['an unknown command', () => ['pay'], 64, /unknown command 'pay'/],
  ['an unknown option', () => ['status', '--fast'], 64, /unknown option '--fast'/],
  ['pain.002 without a file', () => ['status', '--format', 'pain.002'], 64, /none was given[\s\S]*--of FILE/],
  ['a statement of an unknown form', () => ['statement', '--format', 'pdf'], 64, /Allowed choices are table, csv, camt\.053/],
  ['a period that begins on no day', () => ['statement', '--from', 'yesterday'], 64, /"yesterday" is no day[\s\S]*--from 2026-11-30/],
  ['a period that ends before it begins', () => ['statement', '--from', '2026-11-02', '--to', '2026-10-31'], 64, /ends before it begins/],
  ['verify without a genesis', () => ['verify', 'x'], 64, /--genesis/],
  ['an import digest that is none', () => ['approve', 'abc', '--dir', at.path('none')], 64, /no import digest/],
  ['no network in the folder', () => ['status', '--dir', at.path('none')], 64, /there is no network/],
  ['a genesis that is none', () => ['verify', at.path('g.json'), '--genesis', at.path('g.json')], 78, /is no genesis/],
  ['a missing key file', () => ['import', 'x.csv', '--key', at.path('nokey.json')], 78, /does not exist/],
  [
    'a key file that others can read',
    () => ['import', 'x.csv', '--key', at.path('open.json')],
    78,
    /can be read by other users[\s\S]*chmod 600/,
  ],
  [
    'no nats-server',
    () => ['devnet', 'up', '--dir', at.path('n')],
    69,
    /no NATS server at .*BURSAR_NATS_SERVER/,
    { BURSAR_NATS_SERVER: '/nowhere/nats' },
  ],
  [
    'a nats-server that is no program',
    () => ['devnet', 'up', '--dir', at.path('n')],
    69,
    /nats-server|NATS/,
    { BURSAR_NATS_SERVER: '/etc/hostname' },
  ],
  ['a folder that cannot be written', () => ['devnet', 'up', '--dir', '/dev/null/net'], 69, /\/dev\/null\/net cannot be written/],
];

describe('a wrong call ends with a sentence, a code and a remedy', () => {
  writeFileSync(at.path('g.json'), '{}');
  createKeyFile(at.path('open.json'));
  chmodSync(at.path('open.json'), 0o644);
  it.each(wrong)(
    '%s',
    async (_, args, code, says, env = {}) => {
      const ran = await bursar(args(), env);
      expect(ran.stderr).toMatch(says);
      expect(ran.code).toBe(code);
    },
    60_000,
  );
  it('a folder with half a network', async () => {
    const dir = at.path('gone');
    mkdirSync(dir);
    const { code, stderr } = await bursar(['status', '--dir', dir]);
    expect([code, stderr]).toEqual([64, expect.stringMatching(/there is no network/)]);
    copyFileSync(at.path('g.json'), `${dir}/network.json`);
    expect(await bursar(['status', '--dir', dir])).toMatchObject({ code: 64, stderr: expect.stringMatching(/cannot be read/) });
  });
});
