/** The chain of the treasury world: who may do what, with which limits. */

import {
  type ApprovalPolicy,
  type Digest,
  type Genesis,
  type Hex32,
  MAX_AMOUNT,
  NO_DELAYS,
  NO_LIMITS,
  type PaymentLimits,
  toHex,
  treasuryAccount,
  treasuryId,
} from '@bursar/protocol';
import { IdealSignatures } from '../world/ideal-signatures.ts';
import { keyPairOf } from '../world/keys.ts';

export const START = 1_700_000_000_000;
const people = [
  'clerk',
  'bob',
  'ann',
  'cyd',
  'gus',
  'gil',
  'client',
  'exec0',
  'exec1',
  'rogue',
  'payee0',
  'payee1',
  'payee2',
  'payee3',
] as const;
export type Person = (typeof people)[number];
/** Clerk and bob propose; bob, ann and cyd approve, nobody what he proposed. */
export const proposers: readonly Person[] = ['clerk', 'bob'];
export const approvers: readonly Person[] = ['ann', 'bob', 'cyd'];
export const guardians: readonly Person[] = ['gus', 'gil'];
export const payees: readonly Person[] = ['payee0', 'payee1', 'payee2', 'payee3'];
export const executorKeys: readonly Person[] = ['exec0', 'exec1', 'rogue'];

const FIRST_KEY = 1_000;
const keyOf = (who: Person) => keyPairOf(FIRST_KEY + people.indexOf(who));
const ids = new Map<Person, Hex32>(people.map((who) => [who, toHex(keyOf(who).publicKey)]));
export const idOf = (who: Person): Hex32 => ids.get(who) as Hex32;

export interface TreasuryFacts {
  readonly id: Digest;
  readonly account: Hex32;
  readonly limits: PaymentLimits;
}
const limited: PaymentLimits = {
  perPayment: 100n,
  windows: [
    { lengthMs: 20_000, most: 500n, scope: 'treasury' },
    { lengthMs: 32_000, most: 250n, scope: 'payee' },
  ],
};
const factsOf = (name: string, limits: PaymentLimits): TreasuryFacts => {
  const id = treasuryId(name);
  return { id, account: treasuryAccount(id), limits };
};
export const treasuries: readonly TreasuryFacts[] = [factsOf('payroll', limited), factsOf('suppliers', NO_LIMITS)];

/** Amounts up to this need one approver, larger ones two. */
export const SMALL = 20n;
export const CLIENT_BALANCE = 1_000_000n;
export const TREASURY_BALANCE = 300n;

export function genesisOf(shards: number, leaseMs: number): Genesis {
  const approval: ApprovalPolicy = {
    roles: [{ name: 'approver', keys: approvers.map(idOf).sort() }],
    bands: [
      { upTo: SMALL, needs: [1] },
      { upTo: MAX_AMOUNT, needs: [2] },
    ],
  };
  return {
    version: 1,
    name: 'simulated treasury',
    incarnation: 0,
    time: START,
    currency: { code: 'EUR', exponent: 2 },
    validators: [0, 1, 2, 3].map((i) => ({ name: `v${i}`, publicKey: toHex(keyPairOf(i).publicKey), stake: 1n })),
    accounts: [
      { id: idOf('client'), balance: CLIENT_BALANCE },
      ...treasuries.map(({ account: id }) => ({ id, balance: TREASURY_BALANCE })),
    ],
    treasuries: ['payroll', 'suppliers'].map((name, i) => ({
      name,
      proposers: proposers.map(idOf),
      approval,
      limits: treasuries[i]?.limits ?? NO_LIMITS,
      guardians: guardians.map(idOf),
      guardianThreshold: 2,
      executors: executorKeys.map(idOf),
      delays: NO_DELAYS,
    })),
    shards,
    leaseMs,
    blockIntervalMs: 1_000,
    viewTimeoutMs: 1_000,
  };
}

/** Signatures that only their owners can make. */
export class Keys {
  readonly #scheme = new IdealSignatures();
  sign(who: Person, hash: Uint8Array): Uint8Array {
    return this.#scheme.sign(keyOf(who).secretKey, hash);
  }
  isValid(publicKey: Uint8Array, hash: Uint8Array, signature: Uint8Array): boolean {
    return this.#scheme.verify(publicKey, hash, signature);
  }
}
