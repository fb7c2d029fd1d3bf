/** genesis.json: the same facts as text for people. Its form does not matter to the chain id, each of its facts does. */
import { formatAccount, parseAccount } from './account.ts';
import type { ApprovalPolicy } from './approval-policy.ts';
import { chainId, type Genesis } from './genesis.ts';
import { type Digest, isHex32 } from './hex.ts';
import { limits } from './limits.ts';
import { MAX_AMOUNT } from './money.ts';
import { NO_LIMITS, type PaymentLimits, WINDOW_MS } from './payment-limits.ts';
import { MAX_DELAY_MS, policyProblems, type TreasuryPolicy } from './treasury-policy.ts';

const DAY_MS = 86_400_000;

/** The text is no genesis; `problems` names each wrong field. */
export class BadGenesis extends Error {
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(`bad genesis: ${problems.join('; ')}`);
    this.name = 'BadGenesis';
    this.problems = problems;
  }
}

type Json = Record<string, unknown>;
const isObject = (v: unknown): v is Json => typeof v === 'object' && v !== null && !Array.isArray(v);

/** Reads fields and remembers what is wrong with them. */
class Fields {
  readonly problems: string[] = [];
  #bad<T>(at: string, expected: string, value: T): T {
    this.problems.push(`${at} must be ${expected}`);
    return value;
  }
  only(at: string, v: Json, names: readonly string[]): void {
    for (const name of Object.keys(v)) if (!names.includes(name)) this.problems.push(`${at}${name} is not known`);
  }
  object(at: string, v: unknown): Json {
    return isObject(v) ? v : this.#bad(at, 'an object', {});
  }
  integer(at: string, v: unknown, min: number, max: number): number {
    return Number.isSafeInteger(v) && (v as number) >= min && (v as number) <= max
      ? (v as number)
      : this.#bad(at, `an integer from ${min} to ${max}`, min);
  }
  text(at: string, v: unknown, max: number): string {
    return typeof v === 'string' && v.length > 0 && v.isWellFormed() && Buffer.byteLength(v) <= max
      ? v
      : this.#bad(at, `text of 1 to ${max} bytes`, '');
  }
  oneOf<T extends string>(at: string, v: unknown, words: readonly T[]): T {
    return words.find((w) => w === v) ?? this.#bad(at, words.join(' or '), words[0] as T);
  }
  amount(at: string, v: unknown): bigint {
    return typeof v === 'string' && /^(0|[1-9]\d{0,19})$/.test(v) && BigInt(v) <= MAX_AMOUNT
      ? BigInt(v)
      : this.#bad(at, 'base units as a string of digits', 0n);
  }
  key(at: string, v: unknown): string {
    return typeof v === 'string' && isHex32(v) ? v : this.#bad(at, '64 lower-case hexadecimal digits', '0'.repeat(64));
  }
  account(at: string, v: unknown): string {
    return (typeof v === 'string' ? parseAccount(v) : undefined) ?? this.#bad(at, 'an account (bur1…)', '0'.repeat(64));
  }
  list<T>(at: string, v: unknown, max: number, item: (at: string, v: unknown) => T): T[] {
    if (!Array.isArray(v) || v.length > max) return this.#bad(at, `a list of at most ${max}`, []);
    return v.map((x, i) => item(`${at}[${i}]`, x));
  }
  /** Keys that must differ. */
  keys(at: string, v: unknown, max: number): string[] {
    const found = this.list(at, v, max, (where, x) => this.account(where, x));
    return new Set(found).size === found.length ? found : this.#bad(at, 'without repeats', found);
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
    treasuries: f.list('treasuries', o['treasuries'], 16, (at, v) => {
      const x = f.object(at, v);
      return {
        name: f.text(`${at}.name`, x['name'], 64),
        proposers: f.keys(`${at}.proposers`, x['proposers'], 64),
        approval: readApproval(f, `${at}.approval`, x['approval']),
        limits: x['limits'] === undefined ? NO_LIMITS : readLimits(f, `${at}.limits`, x['limits']),
        guardians: f.keys(`${at}.guardians`, x['guardians'], 64),
        guardianThreshold: f.integer(`${at}.guardianThreshold`, x['guardianThreshold'], 1, 64),
        executors: f.keys(`${at}.executors`, x['executors'], 64),
        delays: readDelays(f, `${at}.delays`, x['delays']),
      };
    }),
    shards: f.integer('shards', o['shards'], 1, 1),
    leaseMs: f.integer('leaseMs', o['leaseMs'], 1_000, 3_600_000),
    blockIntervalMs: f.integer('blockIntervalMs', o['blockIntervalMs'], 50, 60_000),
    viewTimeoutMs: f.integer('viewTimeoutMs', o['viewTimeoutMs'], 100, 600_000),
  };
}

/** `needs` names roles in the text; a band without `upTo` covers every amount. */
function readApproval(f: Fields, at: string, v: unknown): ApprovalPolicy {
  const o = f.object(at, v);
  f.only(`${at}.`, o, ['roles', 'bands']);
  const roles = f.list(`${at}.roles`, o['roles'], 8, (where, r) => {
    const x = f.object(where, r);
    return { name: f.text(`${where}.name`, x['name'], 32), keys: f.keys(`${where}.keys`, x['keys'], 64) };
  });
  const names = roles.map((r) => r.name);
  const bands = f.list(`${at}.bands`, o['bands'], 16, (where, b) => {
    const x = f.object(where, b);
    const needs = f.object(`${where}.needs`, x['needs']);
    f.only(`${where}.needs.`, needs, names);
    return {
      upTo: x['upTo'] === undefined ? MAX_AMOUNT : f.amount(`${where}.upTo`, x['upTo']),
      needs: names.map((name) => f.integer(`${where}.needs.${name}`, needs[name] ?? 0, 0, 64)),
    };
  });
  return { roles, bands };
}
const formatApproval = ({ roles, bands }: ApprovalPolicy) => ({
  roles: roles.map((r) => ({ name: r.name, keys: r.keys.map(formatAccount) })),
  bands: bands.map(({ upTo, needs }) => ({
    ...(upTo === MAX_AMOUNT ? {} : { upTo: upTo.toString() }),
    needs: Object.fromEntries(roles.flatMap(({ name }, role) => (needs[role] ? [[name, needs[role]]] : []))),
  })),
});

function readLimits(f: Fields, at: string, v: unknown): PaymentLimits {
  const o = f.object(at, v);
  f.only(`${at}.`, o, ['perPayment', 'windows']);
  return {
    perPayment: o['perPayment'] === undefined ? NO_LIMITS.perPayment : f.amount(`${at}.perPayment`, o['perPayment']),
    windows: f.list(`${at}.windows`, o['windows'] ?? [], 8, (where, w) => {
      const x = f.object(where, w);
      f.only(`${where}.`, x, ['lengthMs', 'most', 'scope']);
      return {
        lengthMs: f.integer(`${where}.lengthMs`, x['lengthMs'], WINDOW_MS.least, WINDOW_MS.most),
        most: f.amount(`${where}.most`, x['most']),
        scope: f.oneOf(`${where}.scope`, x['scope'], ['treasury', 'payee'] as const),
      };
    }),
  };
}
const formatLimits = ({ perPayment, windows }: PaymentLimits) => ({
  ...(perPayment === NO_LIMITS.perPayment ? {} : { perPayment: perPayment.toString() }),
  windows: windows.map((w) => ({ ...w, most: w.most.toString() })),
});

/** A day each, unless said otherwise. */
function readDelays(f: Fields, at: string, v: unknown): TreasuryPolicy['delays'] {
  if (v === undefined) return { policyMs: DAY_MS, payeeMs: DAY_MS };
  const o = f.object(at, v);
  f.only(`${at}.`, o, ['policyMs', 'payeeMs']);
  const delay = (name: string) => f.integer(`${at}.${name}`, o[name], 0, MAX_DELAY_MS);
  return { policyMs: delay('policyMs'), payeeMs: delay('payeeMs') };
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
  const accounts = (ids: readonly string[]): string[] => ids.map(formatAccount);
  const facts = {
    version: g.version,
    chainId: chainId(g),
    name: g.name,
    incarnation: g.incarnation,
    time: g.time,
    currency: g.currency,
    validators: g.validators.map((v) => ({ ...v, stake: v.stake.toString() })),
    accounts: g.accounts.map((a) => ({ id: formatAccount(a.id), balance: a.balance.toString() })),
    treasuries: g.treasuries.map((t) => ({
      ...t,
      proposers: accounts(t.proposers),
      approval: formatApproval(t.approval),
      limits: formatLimits(t.limits),
      guardians: accounts(t.guardians),
      executors: accounts(t.executors),
    })),
    shards: g.shards,
    leaseMs: g.leaseMs,
    blockIntervalMs: g.blockIntervalMs,
    viewTimeoutMs: g.viewTimeoutMs,
  };
  return `${JSON.stringify(facts, null, 2)}\n`;
}
