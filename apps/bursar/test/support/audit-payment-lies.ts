/** Lies of a dishonest quorum about payments, leases, receipts and money. */
import {
  type Change,
  type Digest,
  decode,
  type PaymentReceipt,
  result,
  signedTransaction,
  transactionId,
  ZERO_DIGEST,
} from '@bursar/protocol';
import type { KeptBlock } from '../../src/audit/block-record.ts';
import { done, large, of, paidAnyway, prepared, type Row, receipts, small, transfer } from './audit-scenes.ts';
import { body, id, MadeChain, pid, recode, TREASURY } from './made-chain.ts';

export const paymentLies: readonly Row[] = [
  [
    'limit',
    'a payment above the limit for one',
    () => {
      const huge = body('huge', { amount: 5_001n });
      const { c, digest } = prepared([huge]);
      c.block([c.approve('bob', digest), c.approve('cyd', digest)]);
      return of(c.block([c.batch([huge], 1n)], paidAnyway(c, digest, [huge])));
    },
    /refused with OverLimit/,
  ],
  [
    'limit',
    'two payments above the limit of a window',
    () => {
      const two = [large, body('big too', { amount: 4_000n })] as const;
      const { c, digest } = prepared([...two]);
      c.block([c.approve('bob', digest), c.approve('cyd', digest)]);
      c.block([c.batch([two[0]], 1n)]);
      return of(c.block([c.batch([two[1]], 2n)], paidAnyway(c, digest, [two[1]], { seq: 2n })));
    },
    /refused with OverLimit/,
  ],
  [
    'dependency',
    'a payment before the one it depends on',
    () => {
      const { c, digest } = prepared();
      return of(c.block([c.batch([small[2] as never], 1n)], paidAnyway(c, digest, [small[2] as never])));
    },
    /refused with BlockedByDependency/,
  ],
  [
    'payee',
    'a payment that somebody holds back',
    () => {
      const { c, digest } = prepared();
      c.block([c.act('gil', { kind: 'hold', treasury: TREASURY, disbursement: pid('a'), number: 1 })]);
      return of(c.block([c.batch([body('a')], 1n)], paidAnyway(c, digest, [body('a')])));
    },
    /refused with Held/,
  ],
  [
    'payee',
    'a payment made out to a payee that nobody entered',
    () => {
      const c = new MadeChain();
      const { transactions } = c.imported([body('x', { payee: { name: 'acme', version: 1 } })]);
      return of(c.block(transactions, { results: recode(1, { code: 0 }) }));
    },
    /refused with PayeeUnknown/,
  ],
  [
    'authority',
    'a change that names an old version',
    () => {
      const c = new MadeChain();
      const change: Change = { kind: 'payee', name: 'acme', details: { reference: '', account: id('eve') } };
      return of(c.block([c.act('clerk', { kind: 'proposeChange', treasury: TREASURY, version: 7, change })], { results: done }));
    },
    /refused with ChangeStale/,
  ],
  [
    'approval',
    'a change approved by who proposed it',
    () => {
      const c = new MadeChain();
      const change: Change = { kind: 'payee', name: 'acme', details: { reference: '', account: id('eve') } };
      const tx = c.act('ann', { kind: 'proposeChange', treasury: TREASURY, version: 0, change });
      c.block([tx]);
      const approval = { kind: 'approveChange', treasury: TREASURY, change: transactionId(decode(signedTransaction, tx).body) } as const;
      return of(c.block([c.act('ann', approval)], { results: done }));
    },
    /refused with OwnProposal/,
  ],
  [
    'receipt',
    'a receipt under a policy that is not in force',
    () => {
      const { c } = prepared();
      return of(c.block([c.batch([body('a')], 1n)], { results: receipts((r) => ({ ...r, policy: ZERO_DIGEST })) }));
    },
    /says policy /,
  ],
  [
    'schedule',
    'a payment before its time',
    () => {
      const later = body('later', { notBefore: 9_000_000 });
      const { c, digest } = prepared([later]);
      return of(c.block([c.batch([later], 1n)], paidAnyway(c, digest, [later])));
    },
    /refused with NotDue/,
  ],
  [
    'schedule',
    'a payment in a pause',
    () => {
      const { c, digest } = prepared();
      c.block([c.act('gil', { kind: 'pause', treasury: TREASURY, number: 1 })]);
      return of(c.block([c.batch([body('a')], 1n)], paidAnyway(c, digest, [body('a')])));
    },
    /executeBatch.* refused with Paused/,
  ],
  [
    'schedule',
    'a payment that was cancelled',
    () => {
      const { c, digest } = prepared();
      c.block([c.act('ann', { kind: 'cancel', treasury: TREASURY, disbursement: pid('a') })]);
      return of(c.block([c.batch([body('a')], 1n)], paidAnyway(c, digest, [body('a')])));
    },
    /refused with AlreadyCancelled/,
  ],
  [
    'lease',
    'a batch of a former epoch',
    () => {
      const { c, digest } = prepared();
      c.block([c.lease()]);
      return of(c.block([c.batch([body('a')], 1n)], paidAnyway(c, digest, [body('a')])));
    },
    /refused with Fenced/,
  ],
  [
    'lease',
    'a batch after the lease has run out',
    () => {
      const { c, digest } = prepared();
      return of(c.block([c.batch([body('a')], 1n)], paidAnyway(c, digest, [body('a')], { ms: 20_000 })));
    },
    /refused with Fenced/,
  ],
  [
    'lease',
    'a lease given to two',
    () => {
      const { c } = prepared();
      return of(c.block([c.lease('exec2')], { results: done }));
    },
    /refused with LeaseHeld/,
  ],
  [
    'lease',
    'an epoch that falls, by the receipts',
    () => {
      const { c } = prepared();
      c.block([c.batch([body('a')], 1n)]);
      return of(c.block([c.batch([body('b')], 2n)], { results: receipts((r) => ({ ...r, leaseEpoch: 0n })) }));
    },
    /is of epoch 0, after one of 1/,
  ],
  [
    'seq',
    'a seq that was left out',
    () => {
      const { c, digest } = prepared();
      return of(c.block([c.batch([body('a')], 2n)], paidAnyway(c, digest, [body('a')], { seq: 2n })));
    },
    /refused with SeqGap/,
  ],
  [
    'seq',
    'a seq that was used again with other bytes',
    () => {
      const { c, digest } = prepared();
      c.block([c.batch([body('a')], 1n)]);
      return of(c.block([c.batch([body('b')], 1n)], paidAnyway(c, digest, [body('b')])));
    },
    /refused with SeqReused/,
  ],
  [
    'seq',
    'the same bytes again, with another result',
    () => {
      const { c } = prepared();
      const batch = c.batch([body('a')], 1n);
      c.block([batch]);
      return of(c.block([batch], { results: recode(0, { items: [7106] }) }));
    },
    /came again and has another result/,
  ],
  [
    'receipt',
    'a payment without a receipt',
    () => {
      const { c } = prepared();
      return of(c.block([c.batch([body('a')], 1n)], { results: receipts(() => undefined) }));
    },
    /has no receipt/,
  ],
  [
    'receipt',
    'a receipt of a payment that nobody made',
    () => {
      const { c } = prepared();
      c.block([c.batch([body('a')], 1n)]);
      const paid = (c.blocks.at(-1) as KeptBlock).raw.results
        .map((r) => decode(result, r))
        .find((r) => r.kind === 'payment') as PaymentReceipt;
      return of(c.block([], { results: () => [{ ...paid, disbursement: pid('b') }] }));
    },
    /follows no batch/,
  ],
  ...(['to', 'amount', 'bodyHash', 'from'] as const).map(
    (field): Row => [
      'receipt',
      `a receipt with another ${field}`,
      () => {
        const { c } = prepared();
        const other = field === 'amount' ? 11n : id('eve');
        return of(c.block([c.batch([body('a')], 1n)], { results: receipts((r) => ({ ...r, [field]: other })) }));
      },
      new RegExp(`says ${field} `),
    ],
  ),
  [
    'once',
    'a payment that is made twice',
    () => {
      const { c, digest } = prepared();
      c.block([c.batch([body('a')], 1n)]);
      return of(c.block([c.batch([body('a')], 2n)], paidAnyway(c, digest, [body('a')], { seq: 2n })));
    },
    /refused with AlreadyExecuted|has a receipt at height/,
  ],
  [
    'supply',
    'receipts that sum to more than was approved',
    () => {
      const { c } = prepared();
      return of(c.block([c.batch([body('a')], 1n)], { results: receipts((r) => ({ ...r, amount: 12n })) }));
    },
    /the receipts sum to 12/,
  ],
  [
    'supply',
    'a validator that holds more money than there is',
    () => of(new MadeChain().block(), { claims: [{ name: 'v0', height: 1, supply: 1_000_001n }] }),
    /a supply of 1000001, the blocks 1000000/,
  ],
  [
    'books',
    'a validator that tells another balance',
    () => of(new MadeChain().block(), { claims: [{ name: 'v0', height: 1, balances: new Map([[id('eve'), 7n]]) }] }),
    /a balance of 7 of account/,
  ],
  [
    'evidence',
    'a conviction without proof',
    () => {
      const c = new MadeChain();
      const says = (fill: number) => ({
        phase: 'commit' as const,
        view: 0,
        digest: Buffer.alloc(32, fill).toString('hex'),
        signature: new Uint8Array(64),
        content: undefined,
      });
      const evidence = { validator: 1, epoch: 0, height: 1, first: says(1), second: says(2) };
      return of(c.block([c.act('client', { kind: 'evidence', evidence })], { results: recode(0, { code: 0, consumed: true }) }));
    },
    /refused with EvidenceInvalid/,
  ],
  [
    'accepted',
    'a transaction that was accepted and is gone',
    () => of(new MadeChain().block(), { accepted: [ZERO_DIGEST] }),
    /was accepted and stands in no block/,
  ],
  [
    'accepted',
    'a transaction that was reported done and was refused',
    () => {
      const c = new MadeChain();
      const [refused] = c.block([transfer(c, id('eve'), 2_000_000n)]).blocks[0]?.raw.results.map((r) => decode(result, r)) ?? [];
      return of(c, { done: [(refused as { transaction: Digest }).transaction] });
    },
    /was reported done and is not/,
  ],
  [
    'unpaid',
    'a payment that could be made and was not, at rest',
    () => of(prepared().c, { atRest: true }),
    /may be paid and has no receipt/,
  ],
];
