import { describe, expect, it } from '@jest/globals';
import { type AuditFacts, auditProblem } from '../src/demo/audit.ts';

const facts: AuditFacts = {
  rows: 4,
  payments: [
    { id: 'a', state: 'executed', amount: 30n },
    { id: 'b', state: 'executed', amount: 20n },
    { id: 'c', state: 'cancelled', amount: 5n },
    { id: 'd', state: 'blocked', amount: 900n },
  ],
  receipts: new Map([
    ['a', { amount: 30n }],
    ['b', { amount: 20n }],
  ]),
  doubled: [],
  funds: 100n,
  balance: 50n,
  totalPaid: 50n,
};
const wrong: [sentence: string, change: Partial<AuditFacts>, says: RegExp][] = [
  ['a payment that the ledger lost', { rows: 5 }, /5 payments were imported, the ledger lists 4/],
  ['one that nobody ended', { payments: [...facts.payments.slice(1), { id: 'e', state: 'queued', amount: 1n }] }, /e is still queued/],
  ['a second receipt', { doubled: ['b'] }, /b has two receipts/],
  ['a receipt that is missing', { receipts: new Map([['a', { amount: 30n }]]) }, /b counts as paid/],
  ['a receipt of another amount', { receipts: new Map([...facts.receipts, ['b', { amount: 21n }]]) }, /b counts as paid/],
  ['a receipt of what was held back', { receipts: new Map([...facts.receipts, ['d', { amount: 900n }]]) }, /3 receipts for 2/],
  ['a treasury that says another total', { totalPaid: 49n }, /sum to 50, the treasury paid 49/],
  ['money that is gone', { balance: 49n }, /had 100, paid 50 and has 49/],
];

describe('the audit of the demonstration', () => {
  it('is content when everything adds up', () => expect(auditProblem(facts)).toBeUndefined());
  it.each(wrong)('notices %s', (_, change, says) => expect(auditProblem({ ...facts, ...change })).toMatch(says));
});
