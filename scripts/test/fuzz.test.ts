import { afterAll, describe, expect, it } from '@jest/globals';
import * as protocol from '../../libs/protocol/src/index.ts';
import { Random } from '../../libs/simulator/src/world/random.ts';
import { parseArguments } from '../fuzz/arguments.ts';
import { divide, fuzzTarget } from '../fuzz/campaign.ts';
import { inputAt } from '../fuzz/input.ts';
import { minimise } from '../fuzz/minimise.ts';
import { Runner } from '../fuzz/runner.ts';
import { targets } from '../fuzz/targets/index.ts';
import { varyJson } from '../fuzz/vary-json.ts';
import { targets as planted } from './support/planted-targets.ts';

const module = new URL('./support/planted-targets.ts', import.meta.url).href;
const runner = new Runner({ module, deadlineMs: 10_000, patienceMs: 60_000, heapMib: 512 });
const impatient = new Runner({ module, deadlineMs: 500, patienceMs: 4_000, heapMib: 512 });
const now = () => performance.now();
afterAll(() => Promise.all([runner.close(), impatient.close()]));
const find = (name: string) => planted.find((t) => t.name === name) as (typeof planted)[0];

describe('what is planted is found, with its input', () => {
  const rows: [name: string, breach: string, smallest: string | undefined][] = [
    ['throws', 'threw', 'ff000000'],
    ['throws later', 'threw', undefined],
    ['loops', 'hung', '80'],
    ['never answers', 'hung', '80'],
    ['rejects unheard', 'died', '80'],
    ['allocates', 'memory', '80'],
    ['keeps', 'memory', undefined],
  ];
  it.each(rows)(
    '%s: %s',
    async (name, breach, smallest) => {
      const target = find(name);
      const { failure } = await fuzzTarget(target, 3_000, {
        runner: breach === 'hung' ? impatient : runner,
        seed: 1,
        now,
        minimise: { tries: breach === 'threw' ? 500 : breach === 'hung' ? 0 : 3, ms: 60_000 },
      });
      expect(failure?.breach).toBe(breach);
      if (smallest === undefined) return expect(failure?.minimised).toBeUndefined();
      const bytes = failure?.minimised as Uint8Array;
      expect(bytes.length).toBeLessThanOrEqual(failure?.input.length as number);
      if (name === 'throws') expect([...bytes].sort().reverse()).toEqual([...Buffer.from(smallest, 'hex')]);
      else expect(bytes[0]).toBe(0x80);
      // The same words give the same input.
      expect(inputAt(target, 1, failure?.index as number)).toEqual(failure?.input);
      return undefined;
    },
    120_000,
  );
  it('a sound target passes, and every input is counted', async () => {
    const row = await fuzzTarget(find('sound'), 3_000, { runner, seed: 1, now });
    expect(row).toMatchObject({ failure: undefined, inputs: 3_000 });
    expect(row.accepted).toBeGreaterThan(0);
    expect(row.refused).toBeGreaterThan(0);
  });
});

describe('inputs', () => {
  it('are a function of target, seed and number', () => {
    const [a, b] = targets as [(typeof targets)[0], (typeof targets)[0]];
    const story = (t: typeof a, seed: number) =>
      Array.from({ length: 50 }, (_, i) => Buffer.from(inputAt(t, seed, i)).toString('hex')).join();
    expect(story(a, 1)).toBe(story(a, 1));
    expect(story(a, 2)).not.toBe(story(a, 1));
    expect(story(b, 1)).not.toBe(story(a, 1));
  });
  it.each(targets.map((t) => [t.name, t] as const))('of “%s” do not depend on those made before', (_, target) => {
    const numbers = Array.from({ length: 300 }, (_, i) => i);
    const forward = new Map(numbers.map((i) => [i, inputAt(target, 1, i)]));
    for (const i of numbers.toReversed())
      if (Buffer.compare(inputAt(target, 1, i), forward.get(i) ?? new Uint8Array()) !== 0) expect(i).toBe('the same again');
  });
  it.each(targets.map((t) => [t.name, t] as const))(
    'of “%s” some samples are accepted, and no input is longer than it may be',
    async (_, target) => {
      const taken = await Promise.all(target.corpus.map((sample) => target.open()(new Uint8Array(sample))));
      expect(taken).toContain(true);
      for (let i = 0; i < 200; i++) expect(inputAt(target, 7, i).length).toBeLessThanOrEqual(target.maxBytes);
    },
  );
  it('of JSON are JSON for the most part', () => {
    const vary = varyJson(['{"a":[1,"x",{"b":null}]}']);
    const r = new Random(1);
    const texts = Array.from({ length: 300 }, () => Buffer.from(vary(r)).toString());
    expect(new Set(texts).size).toBeGreaterThan(100);
    const isJson = (t: string) => {
      try {
        JSON.parse(t);
        return true;
      } catch {
        return false;
      }
    };
    expect(texts.filter(isJson).length).toBeGreaterThan(200);
  });
});

it('every codec that libs/protocol exports has a target', () => {
  const isCodec = (v: unknown): boolean => typeof v === 'object' && v !== null && 'read' in v && 'write' in v;
  const codecs = Object.entries(protocol).flatMap(([name, v]) => (isCodec(v) ? [`codec ${name}`] : []));
  expect(codecs.length).toBeGreaterThan(20);
  expect(targets.map((t) => t.name)).toEqual(expect.arrayContaining(codecs));
});

it('names are unique, and the inputs are shared out in full', () => {
  expect(new Set(targets.map((t) => t.name)).size).toBe(targets.length);
  expect(divide(targets, 1_000_000).reduce((a, b) => a + b)).toBeGreaterThanOrEqual(1_000_000);
});

it('the smallest input is found where one byte matters', async () => {
  const input = Uint8Array.from({ length: 300 }, (_, i) => i);
  const small = await minimise(input, async (c) => c.includes(77), { tries: 1_000, ms: 10_000, now });
  expect([...small]).toEqual([77]);
});

describe('the command line', () => {
  it.each<[string, string[]]>([
    ['a number that is none', ['--inputs', 'many']],
    ['no input at all', ['--inputs', '0']],
    ['bytes for no target', ['--bytes', '00']],
    ['two ways to name an input', ['--only', 'x', '--at', '1', '--bytes', '00']],
    ['bytes that are none', ['--only', 'x', '--bytes', '0g']],
    ['an unknown option', ['--fast']],
  ])('is refused: %s', (_, args) => {
    expect(() => parseArguments(args)).toThrow();
  });
  it('reads numbers as people write them', () => {
    expect(parseArguments(['--inputs', '10,000,000', '--seed', '7'])).toMatchObject({ inputs: 10_000_000, seed: 7 });
  });
});
