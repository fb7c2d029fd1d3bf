/** The audit against histories of honest validators: it has nothing to find. */
import { type Change, type Digest, decode, signedTransaction, type TreasuryPolicy, transactionId, ZERO_DIGEST } from '@bursar/protocol';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { audit } from '../src/audit/audit.ts';
import { account, each, large, of, prepared, small, transfer } from './support/audit-scenes.ts';
import { body, id, pid, TREASURY } from './support/made-chain.ts';

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

  it('of changes, payees, holds and revisions has nothing to find, whoever tries what he may not', async () => {
    const { c } = prepared([body('a'), large]);
    const first = c.genesis.treasuries[0] as TreasuryPolicy;
    const two = { ...first, approval: { ...first.approval, bands: [{ upTo: 2n ** 64n - 1n, needs: [2, 0] }] } };
    const put = (change: Change, version: number, by = 'clerk') =>
      c.act(by, { kind: 'proposeChange', treasury: TREASURY, version, change });
    const idOf = (tx: Uint8Array) => transactionId(decode(signedTransaction, tx).body);
    const yes = (who: string, change: string) => c.act(who, { kind: 'approveChange', treasury: TREASURY, change });
    const no = (who: string, change: string) => c.act(who, { kind: 'cancelChange', treasury: TREASURY, change });
    const everybody = (change: string) => ['ann', 'bob', 'cyd', 'bob'].map((who) => yes(who, change));
    const acme = (name: string): Change => ({ kind: 'payee', name: 'acme', details: { reference: 'DE75', account: id(name) } });
    const hold = (who: string, key: string, number: number) =>
      c.act(who, { kind: 'hold', treasury: TREASURY, disbursement: pid(key), number });
    const letGo = (who: string, key: string, number: number) =>
      c.act(who, { kind: 'release', treasury: TREASURY, disbursement: pid(key), number });

    const entered = put(acme('one'), 0);
    const stopped = put({ kind: 'policy', policy: { ...two, executors: [] } }, 1, 'ann');
    c.block([entered, stopped, put(acme('one'), 1), put({ kind: 'policy', policy: { ...two, name: 'x' } }, 1), put(acme('one'), 0, 'eve')]);
    c.block([
      ...everybody(idOf(entered)),
      yes('ann', idOf(stopped)),
      no('exec', idOf(stopped)),
      no('gil', idOf(stopped)),
      yes('eve', ZERO_DIGEST),
    ]);
    c.block([], { ms: 2_000 });
    const made = (version: number, to: string, revision = 0) =>
      body('x', { destination: id(to), payee: { name: 'acme', version }, revision, expectedReceipts: [{ reference: 'i', amount: 10n }] });
    const wrong = c.imported([made(2, 'one')]).transactions;
    const old = c.imported([made(1, 'one')]);
    c.block([...wrong, ...old.transactions, c.approve('bob', old.digest), hold('clerk', 'a', 1), hold('eve', 'a', 1)]);
    const moved = put(acme('two'), 1);
    const policy = put({ kind: 'policy', policy: two }, 1);
    c.block([moved, policy, c.act('gil', { kind: 'pause', treasury: TREASURY, number: 1 })]);
    c.block([...everybody(idOf(moved)), ...everybody(idOf(policy))]);
    c.block([], { ms: 2_000 });
    c.block(['gil', 'gus'].map((who) => c.act(who, { kind: 'resume', treasury: TREASURY, number: 1 })));
    c.block([c.lease(), c.batch([body('a'), made(1, 'one'), large], 1n, { epoch: 2n })]);
    const next = c.imported([made(2, 'two', 1)]);
    c.block([
      ...next.transactions,
      c.approve('ann', next.digest),
      c.approve('bob', next.digest),
      letGo('ann', 'a', 1),
      letGo('bob', 'a', 1),
    ]);
    c.block([c.batch([body('a'), made(2, 'two', 1), large], 2n, { epoch: 2n }), letGo('bob', 'a', 1), hold('gil', 'big', 2)]);
    const { findings, payments } = await audit(of(c));
    expect([findings, payments, c.ledger.account(id('two'))?.balance]).toEqual([[], 1, 10n]);
    expect(c.ledger.treasury(TREASURY)?.policyVersion).toBe(2);
  });

  it('of revisions beneath a cancellation of the same block, and of a payment that several imports brought, has nothing to find', async () => {
    const [x, y] = [body('x'), body('y', { dependsOn: [pid('x')] })];
    const { c, digest } = prepared([x, y, large]);
    const [clerks, anns] = [c.imported([body('z')]), c.imported([body('z'), body('more')], 'ann')];
    c.block([...clerks.transactions, ...anns.transactions, c.approve('bob', anns.digest), c.approve('cyd', digest)]);
    const cancelled = c.act('bob', { kind: 'cancel', treasury: TREASURY, disbursement: pid('x') });
    const revised = (b: typeof x) => c.imported([{ ...b, amount: 7n, revision: 1 }]).transactions;
    c.block([...revised(x), cancelled, ...revised(y), ...revised(body('z'))]);
    c.block();
    const guarded = (who: string, kind: 'hold' | 'release') =>
      c.act(who, { kind, treasury: TREASURY, disbursement: pid('big'), number: 1 });
    c.block([guarded('gil', 'hold'), guarded('clerk', 'release'), guarded('ann', 'release'), ...revised(large), guarded('ann', 'release')]);
    const { findings } = await audit(of(c));
    const [dead, home] = ['y', 'z'].map((name) => c.ledger.disbursement(pid(name)));
    expect([findings, dead?.body.revision, dead?.state, home?.body.revision]).toEqual([[], 1, 'blocked', 0]);
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
    expect(payments).toBeGreaterThan(10); // the histories really paid
  }, 60_000);
});
