/** A treasury's policy as text for people: as it stands in genesis.json, and as a change of it is proposed. */
import { formatAccount } from './account.ts';
import type { ApprovalPolicy } from './approval-policy.ts';
import { Fields, isObject } from './json-fields.ts';
import { MAX_AMOUNT } from './money.ts';
import { NO_LIMITS, type PaymentLimits, WINDOW_MS } from './payment-limits.ts';
import { MAX_DELAY_MS, policyProblems, type TreasuryPolicy } from './treasury-policy.ts';

const DAY_MS = 86_400_000;
const NAMES = ['name', 'proposers', 'approval', 'limits', 'guardians', 'guardianThreshold', 'executors', 'delays'];

export function readPolicy(f: Fields, at: string, v: unknown): TreasuryPolicy {
  const x = f.object(at, v);
  f.only(`${at}.`, x, NAMES);
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
}

/** What `parsePolicy` reads. */
export const policyJson = (p: TreasuryPolicy) => ({
  name: p.name,
  proposers: p.proposers.map(formatAccount),
  approval: formatApproval(p.approval),
  limits: formatLimits(p.limits),
  guardians: p.guardians.map(formatAccount),
  guardianThreshold: p.guardianThreshold,
  executors: p.executors.map(formatAccount),
  delays: p.delays,
});

/** The text is no policy; `problems` names each wrong field. */
export class BadPolicy extends Error {
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(`bad policy: ${problems.join('; ')}`);
    this.name = 'BadPolicy';
    this.problems = problems;
  }
}

/** @throws BadPolicy with every problem */
export function parsePolicy(text: string): TreasuryPolicy {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (e) {
    throw new BadPolicy([`no JSON: ${(e as Error).message}`]);
  }
  if (!isObject(json)) throw new BadPolicy(['no JSON object']);
  const f = new Fields();
  const policy = readPolicy(f, 'policy', json);
  const problems = f.problems.length > 0 ? f.problems : [...policyProblems(policy)];
  if (problems.length > 0) throw new BadPolicy(problems);
  return policy;
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
