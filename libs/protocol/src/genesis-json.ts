/** genesis.json: the same facts as text for people. Its form does not matter to the chain id, each of its facts does. */
import { formatAccount } from './account.ts';
import { chainId, type Genesis } from './genesis.ts';
import type { Digest } from './hex.ts';
import { Fields, isObject, type Json } from './json-fields.ts';
import { limits } from './limits.ts';
import { MAX_AMOUNT } from './money.ts';
import { policyJson, readPolicy } from './policy-json.ts';
import { policyProblems } from './treasury-policy.ts';

/** The text is no genesis; `problems` names each wrong field. */
export class BadGenesis extends Error {
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(`bad genesis: ${problems.join('; ')}`);
    this.name = 'BadGenesis';
    this.problems = problems;
  }
}

const TOP = [
  'version',
  'chainId',
  'name',
  'incarnation',
  'time',
  'currency',
  'validators',
  'accounts',
  'treasuries',
  'shards',
  'leaseMs',
  'blockIntervalMs',
  'viewTimeoutMs',
];

function readGenesis(f: Fields, o: Json): Genesis {
  f.only('', o, TOP);
  const currency = f.object('currency', o['currency']);
  return {
    version: f.integer('version', o['version'], 1, 1),
    name: f.text('name', o['name'], 64),
    incarnation: f.integer('incarnation', o['incarnation'], 0, 2 ** 32 - 1),
    time: f.integer('time', o['time'], 0, Number.MAX_SAFE_INTEGER),
    currency: {
      code: f.text('currency.code', currency['code'], 12),
      exponent: f.integer('currency.exponent', currency['exponent'], 0, 18),
    },
    validators: f.list('validators', o['validators'], limits.validators, (at, v) => {
      const x = f.object(at, v);
      return {
        name: f.text(`${at}.name`, x['name'], 64),
        publicKey: f.key(`${at}.publicKey`, x['publicKey']),
        stake: f.amount(`${at}.stake`, x['stake']),
      };
    }),
    accounts: f.list('accounts', o['accounts'], 10_000, (at, v) => {
      const x = f.object(at, v);
      return { id: f.account(`${at}.id`, x['id']), balance: f.amount(`${at}.balance`, x['balance']) };
    }),
    treasuries: f.list('treasuries', o['treasuries'], 16, (at, v) => readPolicy(f, at, v)),
    shards: f.integer('shards', o['shards'], 1, limits.shards),
    leaseMs: f.integer('leaseMs', o['leaseMs'], 1_000, 3_600_000),
    blockIntervalMs: f.integer('blockIntervalMs', o['blockIntervalMs'], 50, 60_000),
    viewTimeoutMs: f.integer('viewTimeoutMs', o['viewTimeoutMs'], 100, 600_000),
  };
}

const repeats = (values: readonly string[]): boolean => new Set(values).size !== values.length;

/** Facts that hold between fields. */
function* contradictions(g: Genesis): Generator<string> {
  if (g.validators.length === 0) yield 'validators must name at least one';
  if (g.treasuries.length === 0) yield 'treasuries must name at least one';
  if (g.validators.some((v) => v.stake === 0n)) yield 'a validator needs a stake above zero';
  if (repeats(g.validators.map((v) => v.publicKey))) yield 'two validators have one key';
  if (repeats(g.validators.map((v) => v.name))) yield 'two validators have one name';
  if (repeats(g.treasuries.map((t) => t.name))) yield 'two treasuries have one name';
  if (repeats(g.accounts.map((a) => a.id))) yield 'an account is listed twice';
  if (g.validators.reduce((sum, v) => sum + v.stake, 0n) > MAX_AMOUNT) yield 'the stakes exceed 2^64 - 1 together';
  if (g.accounts.reduce((sum, a) => sum + a.balance, 0n) > MAX_AMOUNT) yield 'the balances exceed 2^64 - 1 together';
  for (const t of g.treasuries) {
    for (const problem of policyProblems(t)) yield `treasury ${t.name}: ${problem}`;
    if (t.guardianThreshold > t.guardians.length) yield `treasury ${t.name} needs more guardians than it has`;
  }
}

/**
 * @returns the genesis and its chain id.
 * @throws BadGenesis with every problem, also when the `chainId` that stands in the text is not that of its facts.
 */
export function parseGenesis(text: string): { genesis: Genesis; chain: Digest } {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (e) {
    throw new BadGenesis([`no JSON: ${(e as Error).message}`]);
  }
  if (!isObject(json)) throw new BadGenesis(['no JSON object']);
  const f = new Fields();
  const genesis = readGenesis(f, json);
  const problems = f.problems.length > 0 ? f.problems : [...contradictions(genesis)];
  if (problems.length > 0) throw new BadGenesis(problems);
  const chain = chainId(genesis);
  if (json['chainId'] !== chain) throw new BadGenesis([`chainId must be ${chain}, the digest of the facts beside it`]);
  return { genesis, chain };
}

export function formatGenesis(g: Genesis): string {
  const facts = {
    version: g.version,
    chainId: chainId(g),
    name: g.name,
    incarnation: g.incarnation,
    time: g.time,
    currency: g.currency,
    validators: g.validators.map((v) => ({ ...v, stake: v.stake.toString() })),
    accounts: g.accounts.map((a) => ({ id: formatAccount(a.id), balance: a.balance.toString() })),
    treasuries: g.treasuries.map(policyJson),
    shards: g.shards,
    leaseMs: g.leaseMs,
    blockIntervalMs: g.blockIntervalMs,
    viewTimeoutMs: g.viewTimeoutMs,
  };
  return `${JSON.stringify(facts, null, 2)}\n`;
}
