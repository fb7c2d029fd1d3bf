import { mOfN, type NumberedPolicy, policyDigest, type TreasuryPolicy, treasuryAccount } from '@bursar/protocol';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { ClientKey } from '../src/key-file.ts';
import { formatPaymentProof, type PaymentProof, parsePaymentProof } from '../src/payment-proof.ts';
import type { ProofLink } from '../src/proof-links.ts';
import { verifyPaymentProof } from '../src/verify-payment-proof.ts';
import { approvers, chain, type Facts, facts, genesis, key, payee, proofOf, treasury } from './support/proven-payment.ts';

const proof = proofOf(facts());
const text = formatPaymentProof(proof);

describe('a genuine proof', () => {
  it('verifies, and says what was paid, to whom, and who vouches for it', () => {
    const verdict = verifyPaymentProof(text, genesis);
    if (!verdict.valid) throw new Error(verdict.reason);
    const { payment } = verdict;
    expect(payment.body.clientKey).toBe('salary-2');
    expect(payment.body.amount).toBe(100_002n);
    expect(payment.receipt.to).toBe(payee);
    expect(payment.certifiedHeight).toBe(10);
    expect(payment.signers).toEqual(['validator-0', 'validator-2', 'validator-3']);
    expect([payment.signedStake, payment.totalStake]).toEqual([300n, 400n]);
    expect([...payment.approvers].sort()).toEqual([approvers[0]?.publicKey, approvers[1]?.publicKey].sort());
  });
  it('verifies under a fast certificate too: the Prepares of all stake', () => {
    const f = facts();
    Object.assign(f, { certificate: { ...f.certificate, kind: 'fast' }, signers: [0, 1, 2, 3] });
    expect(verifyPaymentProof(formatPaymentProof(proofOf(f)), genesis)).toMatchObject({ valid: true, payment: { signedStake: 400n } });
    f.signers = [0, 1, 2];
    expect(verifyPaymentProof(formatPaymentProof(proofOf(f)), genesis)).toMatchObject({ valid: false, link: 'certificate' });
  });
  it('shows the name and memo of no other payment', () => {
    for (const other of ['salary-0', 'salary-1', 'salary-3', 'salary-4', 'November 1'])
      expect(text).not.toContain(Buffer.from(other).toString('hex'));
  });
  it('reads back as it was written', () => {
    expect(formatPaymentProof(parsePaymentProof(text))).toBe(text);
  });
});

it('a file that nests deeper than a stack is refused like any other', () => {
  const deep = '['.repeat(20_000) + ']'.repeat(20_000);
  for (const file of [deep, text.replace(/"body": "[0-9a-f]+"/, `"body": ${deep}`)])
    expect(verifyPaymentProof(file, genesis)).toMatchObject({ valid: false, link: 'file' });
});

/** Proofs that are well signed as far as their maker could, and wrong in one thing. */
const forgeries: [sentence: string, change: (f: Facts) => unknown, link: ProofLink][] = [
  ['a receipt of another amount than the body', (f) => Object.assign(f.receipt, { amount: 1n }), 'body'],
  ['a receipt to another account', (f) => Object.assign(f.receipt, { to: treasuryAccount(treasury) }), 'body'],
  ['money from another account than the treasury', (f) => Object.assign(f.receipt, { from: payee }), 'body'],
  ['a body that was not paid', (f) => Object.assign(f, { index: 1 }), 'body'],
  ['a receipt of another height than the one below the header', (f) => Object.assign(f.receipt, { height: 8 }), 'receipt'],
  ['another policy than the receipt names', (f) => Object.assign(f.policy, { version: 2 }), 'policy'],
  ['the policy of another treasury', (f) => underPolicy(f, { ...f.policy, version: 2, treasury: '77'.repeat(32) }), 'policy'],
  ['a first policy that is not that of the genesis', (f) => underPolicy(f, { ...f.policy, policy: lax(f) }), 'policy'],
  ['a policy without bands', (f) => underPolicy(f, { ...f.policy, version: 2, policy: lax(f) }), 'policy'],
  ['two of four validators', (f) => Object.assign(f, { signers: [0, 1] }), 'certificate'],
  ['prepares in place of commits', (f) => Object.assign(f.certificate, { kind: 'prepared' }), 'certificate'],
  ['votes of another chain', (f) => Object.assign(f.certificate, { chain: '00'.repeat(32) }), 'certificate'],
  ['votes of another height', (f) => Object.assign(f.certificate, { height: 11 }), 'certificate'],
  ['a header of another chain', (f) => Object.assign(f.header, { chain: '00'.repeat(32) }), 'header'],
  ['a header of another epoch', (f) => Object.assign(f.header, { epoch: 1 }), 'certificate'],
  ['a header of an unknown version', (f) => Object.assign(f.header, { version: 2 }), 'header'],
  ['a receipt of another import than the payment is in', (f) => Object.assign(f.receipt, { import: '77'.repeat(32) }), 'import'],
  ['one approval where two are needed', (f) => void f.approvals.pop(), 'approvals'],
  [
    'one approver twice',
    (f) => Object.assign(f.approvals, { 1: { ...(f.approvals[0] as (typeof f.approvals)[0]), nonce: 5n } }),
    'approvals',
  ],
  ['an approval of another import', (f) => approval(f, { action: { kind: 'approve', treasury, import: '77'.repeat(32) } }), 'approvals'],
  [
    'an approval of another treasury',
    (f) => approval(f, { action: { kind: 'approve', treasury: '77'.repeat(32), import: f.receipt.import } }),
    'approvals',
  ],
  ['an approval for another chain', (f) => approval(f, { chain: '00'.repeat(32) }), 'approvals'],
  [
    'two approvals, one of them of a role that this amount does not need',
    (f) => approval(f, { key: approvers[2] as ClientKey }),
    'approvals',
  ],
  ['a signature of somebody who is no approver', (f) => approval(f, { key: key('stranger') }), 'approvals'],
  [
    'a cancellation in place of an approval',
    (f) => approval(f, { action: { kind: 'cancel', treasury, disbursement: f.receipt.disbursement } }),
    'approvals',
  ],
];
const lax = ({ policy: { policy } }: Facts): TreasuryPolicy => ({ ...policy, approval: { ...policy.approval, bands: [] } });
function underPolicy(f: Facts, numbered: NumberedPolicy): void {
  f.policy = numbered;
  Object.assign(f.receipt, { policy: policyDigest(numbered) });
}
function approval(f: Facts, change: Partial<Facts['approvals'][0]>): void {
  f.approvals[1] = { ...(f.approvals[1] as Facts['approvals'][0]), ...change };
}

describe('a forged proof', () => {
  it.each(forgeries)('is refused: %s', (_, change, link) => {
    const f = facts();
    change(f);
    const verdict = verifyPaymentProof(formatPaymentProof(proofOf(f)), genesis);
    expect(verdict).toMatchObject({ valid: false, rejection: 'ProofInvalid', code: 8101, link });
  });
  it('is refused against another genesis, whatever the proof says', () => {
    const other = { ...genesis, incarnation: 1 };
    expect(verifyPaymentProof(text, other)).toMatchObject({ valid: false, rejection: 'GenesisMismatch', code: 8102, link: 'genesis' });
  });
  it('holds under a later policy, of which the receipt bears the digest', () => {
    const f = facts();
    const all = mOfN(
      approvers.map((k) => k.publicKey),
      2,
    );
    f.policy = { ...f.policy, version: 2, policy: { ...f.policy.policy, approval: all } };
    Object.assign(f.receipt, { policy: policyDigest(f.policy) });
    expect(verifyPaymentProof(formatPaymentProof(proofOf(f)), genesis)).toMatchObject({ valid: true, payment: { policyVersion: 2 } });
    f.approvals.pop();
    expect(verifyPaymentProof(formatPaymentProof(proofOf(f)), genesis)).toMatchObject({ valid: false, link: 'approvals' });
  });
});

/** The proof with one byte of one binary field changed. */
function* everyByteChanged(p: PaymentProof): Generator<[string, PaymentProof]> {
  const flipped = (b: Uint8Array, i: number) => b.map((x, k) => (k === i ? x ^ (1 << (i % 8)) : x));
  for (const field of ['body', 'policy', 'header', 'certificate'] as const)
    for (let i = 0; i < p[field].length; i++) yield [`${field}[${i}]`, { ...p, [field]: flipped(p[field], i) }];
  for (let i = 0; i < p.receipt.leaf.length; i++)
    yield [`leaf[${i}]`, { ...p, receipt: { ...p.receipt, leaf: flipped(p.receipt.leaf, i) } }];
  for (const [a, approvalBytes] of p.approvals.entries())
    for (let i = 0; i < approvalBytes.length; i++)
      yield [`approval ${a}[${i}]`, { ...p, approvals: p.approvals.map((x, k) => (k === a ? flipped(x, i) : x)) }];
  for (const place of ['inImport', 'receipt'] as const)
    for (const [n, step] of p[place].path.entries())
      for (let i = 0; i < 32; i++)
        yield [
          `${place}.path[${n}][${i}]`,
          { ...p, [place]: { ...p[place], path: p[place].path.map((x, k) => (k === n ? flipped(step, i) : x)) } },
        ];
}

describe('no changed proof verifies', () => {
  it('not with any one byte of any binary field changed', () => {
    const held = [...everyByteChanged(proof)].filter(([, p]) => verifyPaymentProof(formatPaymentProof(p), genesis).valid);
    expect(held.map(([name]) => name)).toEqual([]);
  });
  it('not with any one field of the file changed, left out, doubled or added', () => {
    const changes: [string, (p: Record<string, unknown>) => unknown][] = [];
    const json = () => JSON.parse(text) as Record<string, unknown>;
    for (const name of Object.keys(json())) {
      changes.push([`${name} left out`, (p) => delete p[name]]);
      for (const value of [null, 0, -1, '', 'x', [], {}, true, `${json()[name]}00`])
        changes.push([`${name} = ${JSON.stringify(value)}`, (p) => Object.assign(p, { [name]: value })]);
      changes.push([`${name} once more`, (p) => Object.assign(p, { [`${name} `]: p[name] })]);
    }
    for (const place of ['inImport', 'receipt'])
      for (const [field, value] of [
        ['index', 0],
        ['index', 3],
        ['count', 4],
        ['count', 8],
        ['path', []],
      ] as const)
        changes.push([`${place}.${field} = ${value}`, (p) => Object.assign(p[place] as object, { [field]: value })]);
    changes.push(['approvals in another order', (p) => void (p['approvals'] as string[]).reverse()]);
    for (const [name, change] of changes) {
      const p = json();
      const before = JSON.stringify(p);
      change(p);
      if (JSON.stringify(p) !== before) expect([name, verifyPaymentProof(JSON.stringify(p), genesis).valid]).toEqual([name, false]);
    }
  });
  const disbursement = `"disbursement": "${proof.disbursement}"`;
  const spellings: [string, string][] = [
    [
      'a field that stands twice, with another value first',
      text.replace(disbursement, `"disbursement": "${'00'.repeat(32)}",${disbursement}`),
    ],
    ['1.0 for a whole number', text.replace('"version": 1', '"version": 1.0')],
    ['1e0 for a whole number', text.replace('"version": 1', '"version": 1e0')],
    ['an escape in a name', text.replace('"chain"', '"\\u0063hain"')],
    ['an escape in a value', text.replace('bursar/payment-proof', 'bursar\\/payment-proof')],
    ['a byte order mark', `\uFEFF${text}`],
  ];
  it.each(spellings)('not with %s', (_, changed) => {
    expect(changed).not.toBe(text);
    expect(verifyPaymentProof(changed, genesis)).toMatchObject({ valid: false, link: 'file' });
  });
  it('but with other white space', () => {
    expect(verifyPaymentProof(text.replaceAll('\n', '\r\n\t'), genesis).valid).toBe(true);
  });
  it('property: a text with any characters changed does not verify, or says exactly the same', () => {
    const at = fc.integer({ min: 0, max: text.length - 1 });
    const edit = fc.tuple(at, fc.oneof(fc.constantFrom(...'0123456789abcdef"{}[],: \n-'), fc.string({ maxLength: 3 })));
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
        let changed = text;
        for (const [i, s] of edits) changed = changed.slice(0, i) + s + changed.slice(i + 1);
        if (verifyPaymentProof(changed, genesis).valid) expect(formatPaymentProof(parsePaymentProof(changed))).toBe(text);
      }),
      { numRuns: 3_000 },
    );
  });
  it('property: any text at all gives a verdict, never an exception', () => {
    const anything = fc.oneof(
      fc.string(),
      fc.json(),
      fc
        .object()
        .filter((o) => JSON.stringify(o) !== '{}')
        .map((o) => JSON.stringify({ ...JSON.parse(text), ...o })),
    );
    fc.assert(
      fc.property(anything, (t) => {
        expect(verifyPaymentProof(t, genesis).valid).toBe(false);
      }),
      { numRuns: 3_000 },
    );
  });
  it('property: random canonical-looking bytes in any field give a verdict, never an exception', () => {
    const bytes = fc.uint8Array({ maxLength: 400 });
    const field = fc.constantFrom('body', 'policy', 'header', 'certificate', 'leaf', 'approval');
    fc.assert(
      fc.property(field, bytes, (name, value) => {
        const p: PaymentProof =
          name === 'leaf'
            ? { ...proof, receipt: { ...proof.receipt, leaf: value } }
            : name === 'approval'
              ? { ...proof, approvals: [value, ...proof.approvals.slice(1)] }
              : { ...proof, [name]: value };
        expect(verifyPaymentProof(formatPaymentProof(p), genesis).valid).toBe(false);
      }),
      { numRuns: 3_000 },
    );
  });
  it('is of the chain of the genesis', () => {
    expect(proof.chain).toBe(chain);
  });
});
