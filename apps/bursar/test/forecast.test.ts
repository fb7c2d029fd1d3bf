import { bodyHash, type Digest, type DisbursementBody, disbursementId, MAX_AMOUNT, treasuryId } from '@bursar/protocol';
import { describe, expect, it } from '@jest/globals';
import { type ForecastFacts, forecast, type Outcome } from '../src/operations/forecast.ts';

const treasury = treasuryId('payroll');
const id = (key: string): Digest => disbursementId(treasury, key);
const payee = (n: number) => n.toString(16).padStart(64, '0');
const pay = (clientKey: string, amount: bigint, change: Partial<DisbursementBody> = {}): DisbursementBody => ({
  treasury,
  clientKey,
  destination: payee(1),
  amount,
  lane: 'consumer',
  notBefore: 0,
  dependsOn: [],
  memo: '',
  payee: undefined,
  expectedReceipts: [],
  revision: 0,
  reverses: undefined,
  ...change,
});
const NOW = 1_790_000_000_000;
const DAY = 86_400_000;
const facts = (change: Partial<ForecastFacts> = {}): ForecastFacts => ({
  now: NOW,
  balance: 1_000n,
  perPayment: MAX_AMOUNT,
  windows: [],
  known: new Map(),
  ...change,
});
const of = (bodies: DisbursementBody[], change?: Partial<ForecastFacts>) =>
  forecast({ bodies, disbursements: bodies.map((b) => id(b.clientKey)) }, facts(change));
const pays = { kind: 'pays' } as const;
const known = (body: DisbursementBody, state: string) => new Map([[id(body.clientKey), { bodyHash: bodyHash(body), state }]]);

describe('what the lines of a file would do', () => {
  it.each<[sentence: string, bodies: DisbursementBody[], change: Partial<ForecastFacts>, outcomes: Outcome[]]>([
    ['the balance suffices', [pay('a', 600n), pay('b', 400n)], {}, [pays, pays]],
    ['one that is too large lets the next pass', [pay('a', 1_001n), pay('b', 400n)], {}, [{ kind: 'funds', missing: 1n }, pays]],
    [
      'a later date comes later, wherever it stands',
      [pay('late', 700n, { notBefore: NOW + DAY }), pay('now', 700n)],
      {},
      [{ kind: 'funds', missing: 400n }, pays],
    ],
    [
      'a dependency comes first, wherever it stands',
      [pay('then', 1n, { dependsOn: [id('first')] }), pay('first', 1_000n)],
      {},
      [{ kind: 'funds', missing: 1n }, pays],
    ],
    [
      'what depends on one that is held waits for it',
      [pay('first', 2_000n), pay('then', 1n, { dependsOn: [id('first')] })],
      {},
      [
        { kind: 'funds', missing: 1_000n },
        { kind: 'waits', for: 0 },
      ],
    ],
    [
      'above the limit of one payment',
      [pay('a', 11n), pay('b', 10n)],
      { perPayment: 10n },
      [{ kind: 'limit', until: Number.POSITIVE_INFINITY }, pays],
    ],
    [
      'a window that is partly used, until it may have room',
      [pay('a', 60n), pay('b', 60n, { destination: payee(2) }), pay('c', 40n)],
      { windows: [{ lengthMs: DAY, most: 150n, scope: 'treasury', used: 50n }] },
      [pays, { kind: 'limit', until: expect.any(Number) as never }, pays],
    ],
    [
      'a window of each payee',
      [pay('a', 60n), pay('b', 60n, { destination: payee(2) }), pay('c', 60n)],
      { windows: [{ lengthMs: DAY, most: 100n, scope: 'payee', used: 0n }] },
      [pays, pays, { kind: 'limit', until: expect.any(Number) as never }],
    ],
    [
      'a repeat pays nothing more',
      [pay('a', 600n), pay('b', 1_000n)],
      { known: known(pay('a', 600n), 'executed') },
      [{ kind: 'repeat', state: 'executed' }, pays],
    ],
    [
      'a key that stands for another payment',
      [pay('a', 600n)],
      { known: known(pay('a', 601n), 'queued') },
      [{ kind: 'refused', reason: 'ClientKeyConflict' }],
    ],
    [
      'a key that was cancelled',
      [pay('a', 600n)],
      { known: known(pay('a', 600n), 'cancelled') },
      [{ kind: 'refused', reason: 'ClientKeyCancelled' }],
    ],
  ])('%s', (_, bodies, change, outcomes) => {
    expect(of(bodies, change).map((l) => l.outcome)).toEqual(outcomes);
  });
  it('a dependent is not due before what it depends on', () => {
    const lines = of([pay('then', 1n, { dependsOn: [id('first')] }), pay('first', 1n, { notBefore: NOW + DAY })]);
    expect(lines.map((l) => l.when)).toEqual([NOW + DAY, NOW + DAY]);
  });
  it('a chain of 100,000 needs no recursion', () => {
    const chain = Array.from({ length: 100_000 }, (_, i) => pay(`p${i}`, 0n, i > 0 ? { dependsOn: [id(`p${i - 1}`)] } : {}));
    expect(of(chain).every((l) => l.outcome.kind === 'pays')).toBe(true);
  });
});
