/** The audit against histories that a dishonest quorum signed: every kind of lie is found, under its name. */
import { bodyHash, type Digest, decode, type PaymentReceipt, type Result, result, ZERO_DIGEST } from '@bursar/protocol';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type AuditInput, audit } from '../src/audit/audit.ts';
import type { KeptBlock } from '../src/audit/block-record.ts';
import type { Property } from '../src/audit/findings.ts';
import { body, id, type Lie, MadeChain, pid, recode, TREASURY } from './support/made-chain.ts';

async function* each(blocks: readonly KeptBlock[]): AsyncGenerator<KeptBlock> {
  yield* blocks;
}
const of = (chain: MadeChain, more: Partial<AuditInput> = {}): AuditInput => ({
  genesis: chain.genesis,
  chain: chain.chain,
  validators: [{ name: 'v0', blocks: each(chain.blocks) }],
  ...more,
});

const transfer = (c: MadeChain, to: string, amount: bigint, from = 'client', nonce?: bigint) =>
  c.act(from, { kind: 'transfer', to, amount, memo: '' }, nonce);
const account = (c: MadeChain) => c.ledger.treasury(TREASURY)?.account as string;
const small = [body('a'), body('b'), body('c', { dependsOn: [pid('b')] })];
const large = body('big', { amount: 4_000n });
const imports = (c: MadeChain, bodies = [...small, large]) => {
  const made = c.imported(bodies);
  c.block(made.transactions);
  return made.digest;
};
/** Funds, an import that finance approved once, a lease: the small ones may be paid, the large one may not. */
function prepared(bodies = [...small, large]): { c: MadeChain; digest: Digest } {
  const c = new MadeChain().block();
  c.block([transfer(c, account(c), 20_000n)]);
  const digest = imports(c, bodies);
  c.block([c.approve('ann', digest), c.lease()]);
  return { c, digest };
}
const done = recode(0, { code: 0 });
/** A batch of the ledger's refusals, as if each item had been paid, with the receipts that would follow. */
function paidAnyway(c: MadeChain, digest: Digest, bodies = [large], { seq = 1n, epoch = 1n, ms = 1_000 } = {}): Lie {
  const common = { import: digest, from: account(c), height: c.blocks.length + 1, time: c.time + ms, leaseEpoch: epoch, seq, attempt: 1 };
  return {
    ms,
    results: (all) =>
      all.flatMap((r): Result[] => {
        if (r.kind !== 'transaction') return [];
        const { transaction } = r;
        const receipts = bodies.map(
          (b): PaymentReceipt => ({
            kind: 'payment',
            ...common,
            disbursement: pid(b.clientKey),
            bodyHash: bodyHash(b),
            to: b.destination,
            amount: b.amount,
            transaction,
          }),
        );
        const here = { height: common.height, index: 0 };
        return [{ ...r, ...here, code: 0, consumed: true, items: bodies.map(() => 0) }, ...receipts];
      }),
  };
}
const receipts = (change: (r: PaymentReceipt) => PaymentReceipt | undefined) => (all: Result[]) =>
  all.flatMap((r) => (r.kind === 'payment' ? (change(r) ?? []) : r));

type Row = readonly [property: Property, sentence: string, make: () => AuditInput, says: RegExp];
const chainRow = (sentence: string, lie: Lie, says: RegExp): Row => [
  'chain',
  sentence,
  () => of(new MadeChain().block().block([], lie).block()),
  says,
];
const rows: readonly Row[] = [
  chainRow(
    'a certificate of two of four',
    { certificate: (x) => ({ signers: new Uint8Array([3]), signatures: x.signatures.slice(1) }) },
    /200 of the 267/,
  ),
  chainRow('a signature that is somebody else’s', { certificate: (x) => ({ signatures: x.signatures.toReversed() }) }, /did not sign/),
  chainRow('a certificate of another block', { certificate: () => ({ digest: ZERO_DIGEST }) }, /for something else/),
  chainRow('prepares of a part, as if they were final', { certificate: () => ({ kind: 'prepared' }) }, /Prepares of a part/),
  chainRow('a parent that nobody knows', { header: () => ({ parent: ZERO_DIGEST }) }, /parent is not/),
  chainRow('a clock that stands still', { header: (h) => ({ time: h.time - 1_000 }) }, /is not after/),
  chainRow('a height left out', { header: () => ({ height: 3 }) }, /height 3 follows 1/),
  chainRow('another state root than was kept', { header: () => ({ stateRoot: ZERO_DIGEST }) }, /another state root/),
  chainRow('another results root', { header: () => ({ resultsRoot: ZERO_DIGEST }) }, /another results root/),
  [
    'chain',
    'a body that was exchanged',
    () => {
      const c = new MadeChain();
      const other = new MadeChain().block([transfer(c, id('bob'), 5n)]).blocks[0] as KeptBlock;
      const lie: Lie = { kept: (k) => ({ raw: { ...k.raw, batches: other.raw.batches } }) };
      return of(c.block([transfer(c, id('bob'), 6n, 'client', 0n)], lie));
    },
    /body 0 is not the one referred to/,
  ],
  [
    'agreement',
    'a validator with another chain',
    () => {
      const [c, d] = [new MadeChain().block(), new MadeChain().block([], { ms: 2_000 })];
      return of(c, { validators: [c, d].map((x, i) => ({ name: `v${i}`, blocks: each(x.blocks) })) });
    },
    /v1 and v0 differ: the blocks/,
  ],
  [
    'agreement',
    'a validator with another root over the same blocks',
    () => {
      const c = new MadeChain().block();
      const d = c.blocks.map((b) => ({ ...b, stateRoot: ZERO_DIGEST }));
      return of(c, { validators: [c.blocks, d].map((x, i) => ({ name: `v${i}`, blocks: each(x) })) });
    },
    /differ: the state roots/,
  ],
  [
    'log',
    'a log that cannot be read',
    () => {
      const broken = async function* (): AsyncGenerator<KeptBlock> {
        yield* [];
        throw new Error('00000001.log is corrupt at byte 24');
      };
      return of(new MadeChain(), { validators: [{ name: 'v2', blocks: broken() }] });
    },
    /v2: .*corrupt at byte 24/,
  ],
  [
    'signature',
    'a transfer that its payer never signed',
    () => {
      const c = new MadeChain();
      const bytes = transfer(c, id('eve'), 5n);
      (bytes[bytes.length - 1] as number) ^= 1;
      return of(c.block([bytes]));
    },
    /is not signed by/,
  ],
  [
    'funds',
    'an overdraft that was let through',
    () => {
      const c = new MadeChain();
      return of(c.block([transfer(c, id('eve'), 2_000_000n)], { results: done }));
    },
    /is to be refused with InsufficientFunds/,
  ],
  [
    'result',
    'a transfer that was refused without a reason',
    () => {
      const c = new MadeChain();
      return of(c.block([transfer(c, id('bob'), 5n)], { results: recode(0, { code: 7002 }) }));
    },
    /refused with InsufficientFunds; it is to be done/,
  ],
  [
    'result',
    'a transaction without a result',
    () => {
      const c = new MadeChain();
      return of(c.block([transfer(c, id('bob'), 5n)], { results: () => [] }));
    },
    /has no result/,
  ],
  [
    'nonce',
    'a transfer that was made twice',
    () => {
      const c = new MadeChain();
      c.block([transfer(c, id('bob'), 5n)]);
      return of(c.block([transfer(c, id('bob'), 5n, 'client', 0n)], { results: recode(0, { code: 0, consumed: true }) }));
    },
    /refused with NonceTooLow/,
  ],
  [
    'nonce',
    'a nonce that was not used up',
    () => {
      const c = new MadeChain();
      return of(c.block([transfer(c, id('bob'), 5n)], { results: recode(0, { consumed: false }) }));
    },
    /did not use its nonce/,
  ],
  [
    'authority',
    'an approval by somebody who is no approver',
    () => {
      const c = new MadeChain();
      const digest = imports(c);
      return of(c.block([c.approve('clerk', digest)], { results: done }));
    },
    /refused with NotAuthorised/,
  ],
  [
    'authority',
    'a resume by one guardian with an old number',
    () => {
      const c = new MadeChain();
      c.block([c.act('gil', { kind: 'pause', treasury: TREASURY, number: 1 })]);
      return of(c.block([c.act('gus', { kind: 'resume', treasury: TREASURY, number: 0 })], { results: done }));
    },
    /refused with PauseNumberStale/,
  ],
  [
    'import',
    'an import under a digest that its items do not have',
    () => {
      const c = new MadeChain();
      const common = { treasury: TREASURY, import: ZERO_DIGEST };
      const seal = c.act('clerk', { kind: 'importSeal', ...common, chunks: 1, count: 1 }, 1n);
      const chunk = c.act('clerk', { kind: 'importChunk', ...common, index: 0, items: [body('a')] }, 0n);
      return of(c.block([chunk, seal], { results: recode(1, { code: 0 }) }));
    },
    /refused with ImportMismatch/,
  ],
  ...(
    [
      ['another body under a known key', [body('a', { amount: 11n })], /ClientKeyConflict/],
      ['a cycle', [body('x', { dependsOn: [pid('y')] }), body('y', { dependsOn: [pid('x')] })], /DependencyCycle/],
      ['a dependency that does not exist', [body('x', { dependsOn: [pid('nobody')] })], /DependencyMissing/],
    ] as const
  ).map(
    ([sentence, bodies, says]): Row => [
      'import',
      `${sentence}, admitted`,
      () => {
        const c = new MadeChain();
        imports(c);
        return of(c.block(c.imported(bodies).transactions, { results: recode(1, { code: 0 }) }));
      },
      says,
    ],
  ),
  [
    'approval',
    'a payment that lacks the board',
    () => {
      const { c, digest } = prepared();
      return of(c.block([c.batch([large], 1n)], paidAnyway(c, digest)));
    },
    /payment .* refused with NotApproved/,
  ],
  [
    'approval',
    'an approval by whoever proposed it',
    () => {
      const c = new MadeChain();
      const made = c.imported(small, 'ann');
      c.block(made.transactions);
      return of(c.block([c.approve('ann', made.digest)], { results: done }));
    },
    /refused with OwnImport/,
  ],
  [
    'approval',
    'a receipt under an import that nobody approved',
    () => {
      const { c } = prepared();
      const other = imports(c, [body('a'), body('z')]);
      return of(c.block([c.batch([body('a')], 1n)], { results: receipts((r) => ({ ...r, import: other })) }));
    },
    /under which it was not approved/,
  ],
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

describe('a history of which somebody lied is told from an honest one:', () => {
  it.each(rows)('%s: %s', async (property, _, make, says) => {
    const { findings } = await audit(make());
    const about = findings.filter((f) => f.property === property).map((f) => f.what);
    expect(about.join('\n')).toMatch(says);
  });
});

describe('an honest history', () => {
  it('with payments, refusals, a failover, a pause, a cancellation and the same bytes again has nothing to find', async () => {
    const { c, digest } = prepared();
    const first = c.batch([...small, large], 1n);
    c.block([first, c.batch([body('a')], 1n), transfer(c, id('eve'), 2_000_000n), Uint8Array.of(9)]);
    c.block([c.approve('bob', digest), c.approve('cyd', digest), c.approve('ann', digest), first]);
    c.block([c.act('gil', { kind: 'pause', treasury: TREASURY, number: 1 }), c.batch([large], 2n), c.lease('exec2')]);
    const resume = (who: string) => c.act(who, { kind: 'resume', treasury: TREASURY, number: 1 });
    c.block([resume('gil'), resume('gil'), resume('gus')]);
    c.block([c.lease('exec2')], { ms: 20_000 });
    c.block([
      c.batch([large], 2n),
      c.batch([large], 2n, { who: 'exec2', epoch: 2n, expiresAt: 1 }),
      c.batch([large], 2n, { who: 'exec2', epoch: 2n }),
    ]);
    const more = c.imported([body('a'), body('last'), body('too much', { amount: 5_001n })]);
    c.block(more.transactions);
    c.block([c.act('clerk', { kind: 'cancel', treasury: TREASURY, disbursement: pid('last') }), c.approve('bob', more.digest)]);
    c.block();
    const supply = c.ledger.supply;
    const claims = [{ name: 'v0', height: c.blocks.length, supply, payments: c.ledger.payments, stateRoot: c.ledger.stateRoot }];
    const validators = [0, 1].map((i) => ({ name: `v${i}`, blocks: each(c.blocks) }));
    const report = await audit(of(c, { validators, claims, atRest: true }));
    expect(report.findings).toEqual([]);
    expect(report).toMatchObject({ payments: 4, paid: 4_030n, supply, heights: { v0: c.blocks.length, v1: c.blocks.length } });
    expect(report.leases).toEqual([{ epoch: 2n, batches: 2 }]);
  });

  it('a window of limits is never laxer than exact, and may be a step stricter', async () => {
    const two = [large, body('big too', { amount: 4_000n })] as const;
    const { c, digest } = prepared([...two]);
    c.block([c.approve('bob', digest), c.approve('cyd', digest)]);
    c.block([c.batch([two[0]], 1n)]);
    c.block([c.batch([two[1]], 2n)]); // refused: OverLimit
    c.block([c.lease(), c.batch([two[1]], 3n, { epoch: 2n })], { ms: 6_450 });
    const { findings, payments } = await audit(of(c));
    expect([findings, payments]).toEqual([[], 2]);
  });
});

describe('whatever honest validators are sent', () => {
  const names = ['a', 'b', 'c', 'd', 'e'];
  const people = ['clerk', 'ann', 'bob', 'cyd', 'gil', 'gus', 'exec', 'exec2', 'client'];
  const draft = fc.record({
    name: fc.constantFrom(...names),
    amount: fc.constantFrom(10n, 100n, 2_500n, 5_500n),
    needs: fc.subarray(names, { maxLength: 2 }),
    wait: fc.constantFrom(0, 8_000),
    lane: fc.constantFrom('consumer' as const, 'industrial' as const),
  });
  const bodyOf = (d: { name: string; amount: bigint; needs: string[]; wait: number; lane: 'consumer' | 'industrial' }) =>
    body(d.name, {
      amount: d.amount,
      lane: d.lane,
      dependsOn: d.needs
        .filter((n) => n !== d.name)
        .map(pid)
        .sort(),
      notBefore: d.wait && 1_000_000 + d.wait,
    });
  const who = fc.constantFrom(...people);
  const act = fc.oneof(
    fc.record({
      do: fc.constant('import' as const),
      who: fc.constantFrom('clerk', 'clerk', 'ann', 'eve'),
      drafts: fc.array(draft, { minLength: 1, maxLength: 4 }),
    }),
    fc.record({ do: fc.constant('approve' as const), who: fc.constantFrom('ann', 'bob', 'cyd', 'gil'), n: fc.nat(3) }),
    fc.record({ do: fc.constant('cancel' as const), who, name: fc.constantFrom(...names) }),
    fc.record({
      do: fc.constant('lease' as const),
      who: fc.constantFrom('exec', 'exec', 'exec2', 'client'),
      request: fc.constantFrom('acquire' as const, 'renew' as const, 'release' as const),
    }),
    fc.record({ do: fc.constant('pause' as const), who, number: fc.nat(2), kind: fc.constantFrom('pause' as const, 'resume' as const) }),
    fc.record({
      do: fc.constant('fund' as const),
      amount: fc.constantFrom(50n, 3_000n, 2_000_000n),
      nonce: fc.option(fc.nat(3), { nil: undefined }),
    }),
    fc.record({
      do: fc.constant('pay' as const),
      who: fc.constantFrom('exec', 'exec', 'exec2'),
      seqs: fc.constantFrom(0, 0, 0, 0, 1, -1),
      epochs: fc.constantFrom(0, 0, 0, 0, -1),
      names: fc.subarray(names, { minLength: 1 }),
      isLate: fc.constantFrom(false, false, false, true),
    }),
    fc.record({ do: fc.constant('again' as const), n: fc.nat(20) }),
  );
  const block = fc.record({ acts: fc.array(act, { maxLength: 6 }), ms: fc.constantFrom(1, 500, 500, 3_000, 11_000) });

  it('property: the model says of every transaction and item what the ledger said', async () => {
    let payments = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(block, { minLength: 4, maxLength: 14 }), async (plan) => {
        const { c, digest } = prepared();
        const digests = [digest];
        const bodies = new Map([...small, large].map((b) => [b.clientKey, b]));
        const sent: Uint8Array[] = [];
        const make = (a: (typeof plan)[number]['acts'][number]): Uint8Array[] => {
          const common = { treasury: TREASURY };
          if (a.do === 'import') {
            const made = c.imported(a.drafts.map(bodyOf), a.who);
            for (const b of a.drafts.map(bodyOf)) if (!bodies.has(b.clientKey)) bodies.set(b.clientKey, b);
            digests.push(made.digest);
            return made.transactions;
          }
          if (a.do === 'approve') return [c.approve(a.who, digests[a.n % digests.length] as Digest)];
          if (a.do === 'cancel') return [c.act(a.who, { kind: 'cancel', ...common, disbursement: pid(a.name) })];
          if (a.do === 'lease') return [c.lease(a.who as 'exec', a.request)];
          if (a.do === 'pause') return [c.act(a.who, { kind: a.kind, ...common, number: a.number })];
          if (a.do === 'fund') return [transfer(c, account(c), a.amount, 'client', a.nonce === undefined ? undefined : BigInt(a.nonce))];
          if (a.do === 'again') return sent.slice(a.n, a.n + 1);
          const { epoch, nextSeq } = c.ledger.lease(0);
          const seq = nextSeq + BigInt(a.seqs);
          const [more, expiresAt] = [{ who: a.who, epoch: epoch + BigInt(a.epochs) }, a.isLate ? 1 : 9_000_000];
          return seq < 1n || more.epoch < 0n
            ? []
            : [
                c.batch(
                  a.names.map((n) => bodies.get(n) ?? body(n)),
                  seq,
                  { ...more, expiresAt },
                ),
              ];
        };
        for (const { acts, ms } of plan) {
          const transactions = acts.flatMap(make);
          sent.push(...transactions);
          c.block(transactions, { ms });
        }
        const { ledger } = c;
        const { supply, stateRoot } = ledger;
        const balances = new Map(people.map((p) => [id(p), ledger.account(id(p))?.balance ?? 0n]));
        const totalPaid = new Map([[TREASURY, ledger.treasury(TREASURY)?.totalPaid ?? 0n]]);
        const claims = [{ name: 'v0', height: c.blocks.length, supply, stateRoot, payments: ledger.payments, balances, totalPaid }];
        payments += ledger.payments;
        expect((await audit(of(c, { claims }))).findings).toEqual([]);
      }),
      { numRuns: 150 },
    );
    expect(payments).toBeGreaterThan(50);
  }, 60_000);
});

it('the tests know no more properties than there are, and every one of them', async () => {
  const { properties } = await import('../src/audit/findings.ts');
  expect([...new Set(rows.map(([p]) => p))].sort()).toEqual(Object.keys(properties).sort());
});
