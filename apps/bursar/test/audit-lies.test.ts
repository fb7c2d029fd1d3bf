/** The audit against histories that a dishonest quorum signed: every kind of lie is found, under its name. */
import { describe, expect, it } from '@jest/globals';
import { audit } from '../src/audit/audit.ts';
import { properties } from '../src/audit/findings.ts';
import { lies } from './support/audit-lies.ts';
import { paymentLies } from './support/audit-payment-lies.ts';

const rows = [...lies, ...paymentLies];

describe('a history of which somebody lied is told from an honest one:', () => {
  it.each(rows)('%s: %s', async (property, _, make, says) => {
    const { findings } = await audit(make());
    const about = findings.filter((f) => f.property === property).map((f) => f.what);
    expect(about.join('\n')).toMatch(says);
  });
});
it('the tests know no more properties than there are, and every one of them', () => {
  expect([...new Set(rows.map(([p]) => p))].sort()).toEqual(Object.keys(properties).sort());
});
