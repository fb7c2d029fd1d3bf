/** What an approver is shown of a change, and whom a file's words mean: nobody may hide one thing behind another. */
import { type Change, fromHex, MAX_AMOUNT, mOfN, NO_LIMITS, type TreasuryPolicy } from '@bursar/protocol';
import { describe, expect, it } from '@jest/globals';
import { changeLines, wholeLines } from '../src/commands/change-words.ts';
import type { OpenChange } from '../src/operations/changes.ts';
import { Directory } from '../src/operations/directory.ts';

const EUR = { code: 'EUR', exponent: 2 };
const key = (n: number): string => n.toString(16).padStart(64, '0');
const now: TreasuryPolicy = {
  name: 'main',
  proposers: [key(1)],
  approval: { roles: ['finance', 'board'].map((name, i) => ({ name, keys: [key(2 + i)] })), bands: [{ upTo: MAX_AMOUNT, needs: [1, 1] }] },
  limits: NO_LIMITS,
  guardians: [],
  guardianThreshold: 0,
  executors: [key(4)],
  delays: { policyMs: 1_000, payeeMs: 1_000 },
};
const of = (change: Change): OpenChange => ({
  id: key(9),
  proposer: key(1),
  version: 1,
  change,
  state: 'proposed',
  approvals: [],
  needs: [],
  time: 0,
});
const policy = (approval: TreasuryPolicy['approval']): OpenChange => of({ kind: 'policy', policy: { ...now, approval } });

describe('a change in words', () => {
  it('a role whose name reads like the rule of today does not hide that the rule changes', () => {
    const roles = [...now.approval.roles, { name: 'finance and 1 × board', keys: [key(7)] }];
    const lines = changeLines(policy({ roles, bands: [{ upTo: MAX_AMOUNT, needs: [0, 0, 1] }] }), now, EUR);
    expect(lines).toContain('- approval   any amount: 1 × finance and 1 × board');
    expect(lines).toContain('+ approval   any amount: 1 × "finance and 1 × board"');
  });
  it('a role with a name of ours is not taken for it', () => {
    const named = mOfN([key(4)], 1).bands;
    const lines = changeLines(policy({ roles: [{ name: 'executor', keys: [key(4)] }], bands: named }), now, EUR);
    expect(lines.filter((l) => l.startsWith('+ "executor"'))).toHaveLength(1);
  });
  it('whatever a validator says is in force, all of the new policy is shown before it is signed', () => {
    const next = mOfN([key(7)], 1);
    const lie = { ...now, approval: next };
    expect(changeLines(policy(next), lie, EUR)).toEqual(['the same policy again']);
    expect(wholeLines(policy(next), undefined, EUR)).toContain('  approval   any amount: 1 × approver');
  });
  it('says which account of a payee is replaced', () => {
    const acme = of({ kind: 'payee', name: 'acme', details: { reference: '', account: key(5) } });
    expect(wholeLines(acme, { account: fromHex(key(6)), reference: 'DE75' }, EUR)).toEqual([
      expect.stringMatching(/^instead of account bur1\w+, reference DE75$/),
    ]);
    expect(wholeLines(acme, undefined, EUR)).toEqual(['no payee has that name now']);
  });
});

describe('the directory', () => {
  const payee = (name: string, reference: string, n: number) => ({ name, reference, version: 1, active: true, account: fromHex(key(n)) });
  it('finds nobody by a text that is the name of one payee and the reference of another', () => {
    const found = new Directory([payee('acme', 'DE75', 5), payee('evil', 'acme', 6), payee('same', 'same', 7)] as never);
    expect(found.resolve('acme')).toBeUndefined();
    expect([found.resolve('DE75'), found.resolve('evil'), found.resolve('same')].map((e) => e?.account)).toEqual([key(5), key(6), key(7)]);
  });
});
