import { type Change, type DisbursementBody, type Genesis, MAX_AMOUNT, NO_DELAYS, type TreasuryPolicy } from '@bursar/protocol';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Ledger } from '../src/index.ts';
import { Reference } from './support/reference.ts';
import { accountOf, BANDS, type Bands, LIMITS, type LimitModel, NAMES, type Name, type Plan } from './support/reference-rules.ts';
import {
  approve,
  approveChange,
  body,
  cancel,
  deps,
  digestOf,
  genesis,
  hold,
  idOf,
  lease,
  pause,
  payee,
  release,
  resume,
  START,
  TREASURY,
  TREASURY_ACCOUNT,
  transfer,
  World,
} from './support/world.ts';

const bodyOf = (p: Plan): DisbursementBody =>
  body(p.name, {
    destination: payee(p.payee === undefined ? p.to : accountOf(p.payee)),
    payee: p.payee === undefined ? undefined : { name: 'P', version: p.payee },
    revision: p.revision,
    amount: BigInt(p.amount),
    notBefore: p.notBefore && START + p.notBefore,
    dependsOn: deps(...p.needs),
  });

const policy = (limits: LimitModel, bands: Bands = BANDS.usual): TreasuryPolicy => ({
  ...(genesis().treasuries[0] as TreasuryPolicy),
  approval: {
    roles: [
      { name: 'approver', keys: [idOf('ann'), idOf('bob')] },
      { name: 'board', keys: [idOf('cyd')] },
    ],
    bands: bands.map(({ upTo, needs }) => ({ upTo: Number.isFinite(upTo) ? BigInt(upTo) : MAX_AMOUNT, needs: [...needs] })),
  },
  limits: {
    perPayment: BigInt(limits.perPayment),
    windows: limits.windows.map((w) => ({ ...w, most: BigInt(w.most) })),
  },
  delays: NO_DELAYS,
});
const policed = (limits: LimitModel): Partial<Genesis> => ({
  leaseMs: 1e9,
  treasuries: genesis().treasuries.map(({ name }) => ({ ...policy(limits), name })),
});

/** States that the sample met. */
const met = new Set<string>();

/** The real ledger and the reference, side by side; every step asserts that they agree. */
class Pair {
  readonly w: World;
  readonly model: Reference;
  readonly sent: Uint8Array[] = [];
  constructor(limits: LimitModel) {
    this.w = new World(policed(limits));
    this.model = new Reference(limits);
    this.w.run([lease('exec', 'acquire')]);
    this.tick();
  }
  tick(): void {
    this.model.time = this.w.ledger.time - START;
  }
  /** One transaction, its verdict compared. The model is told the block's time first. */
  one(tx: Parameters<World['run']>[0][0], verdict: () => string): void {
    this.model.pass(10);
    expect(this.w.run([tx])).toEqual([verdict()]);
  }

  /** Proposed, signed by everybody, in force with the next block. */
  change(change: Change, inForce: () => void): void {
    const { w, model } = this;
    if (model.paused) return; // nothing changes in a pause
    model.pass(10);
    const { id, verdict } = w.propose(change);
    model.pass(10);
    w.run(['ann', 'bob', 'cyd'].map((who) => approveChange(who, id)));
    model.pass(10, inForce);
    w.block();
    expect([verdict, w.ledger.change(id)?.state]).toEqual(['done', 'effective']);
  }

  agree(): void {
    const { w, model } = this;
    for (const name of NAMES) {
      expect([name, w.state(name)]).toEqual([name, model.state(name)]);
      met.add(w.state(name) ?? 'unknown');
    }
    expect(w.readyKeys().sort()).toEqual(model.paused ? [] : NAMES.filter((n) => model.isReady(n)));
    expect(w.ledger.readyCount(0, 'consumer')).toBe(w.readyKeys().length);
    const main = w.ledger.treasury(TREASURY);
    expect([main?.balance, main?.paused, main?.pauseNumber]).toEqual([BigInt(model.balance), model.paused, model.pauses]);
    for (const [to, amount] of model.paid) expect(w.ledger.account(payee(to))?.balance).toBe(BigInt(amount));
    expect(w.ledger.account(idOf('client'))?.balance).toBe(BigInt(model.client));
    expect(w.ledger.payments).toBe(model.payments);
    const total = Object.values(main?.counts ?? {}).reduce((a, b) => a + b, 0);
    expect(total).toBe(model.items.size);
    w.ledger.audit();
  }
}

type Step = (pair: Pair) => void;
const name = fc.constantFrom(...NAMES);
const approver = fc.constantFrom('ann', 'bob', 'cyd');
const guardian = fc.constantFrom('gus', 'gil', 'gwen');
const plan: fc.Arbitrary<Plan> = fc
  .record({
    name,
    to: fc.integer({ min: 1, max: 3 }),
    amount: fc.constantFrom(1, 4_000, 9_000, 50_000),
    notBefore: fc.constantFrom(0, 0, 0, 300),
    needs: fc.uniqueArray(name, { maxLength: 2 }),
    revision: fc.constantFrom(0, 0, 1),
    payee: fc.constantFrom(undefined, undefined, 1, 2),
  })
  .map((p) => madeOut({ ...p, needs: p.needs.filter((n) => n !== p.name).sort() }));
/** What is made out to a payee goes to its account. */
const madeOut = (p: Plan): Plan => (p.payee === undefined ? p : { ...p, to: accountOf(p.payee) });
/** Mostly bodies that keep to one shape a name, so that names are imported again as often as they conflict. */
const usual = (n: Name): Plan =>
  madeOut({
    name: n,
    to: 1,
    amount: n === 'd' ? 9_000 : 2_000,
    notBefore: n === 'e' ? 200 : 0,
    needs: n === 'b' ? ['a'] : n === 'c' ? ['b'] : [],
    revision: 0,
    payee: n === 'f' ? 1 : undefined,
  });
const some = fc.array(fc.oneof({ weight: 4, arbitrary: name.map(usual) }, { weight: 1, arbitrary: plan }), { minLength: 1, maxLength: 4 });
/** A whole payroll, or a few lines. */
const plans = fc.oneof({ weight: 1, arbitrary: fc.constant(NAMES.map(usual)) }, { weight: 2, arbitrary: some });

const importOf =
  (list: readonly Plan[]): Step =>
  ({ w, model }) => {
    const items = list.map(bodyOf);
    const [chunk, seal] = w.importTxs(items);
    const key = digestOf(items);
    const verdict = model.import(key, list);
    const expected = verdict === 'ImportSealed' ? ['ImportSealed', 'ImportSealed'] : ['done', verdict];
    model.pass(10);
    expect(w.run([chunk, seal] as never)).toEqual(expected);
  };
const importStep = plans.map(importOf);
const approveStep = fc.tuple(fc.nat(20), approver).map(
  ([which, who]): Step =>
    (pair) => {
      const known = [...pair.model.imports.keys()];
      const key = known[which % Math.max(1, known.length)] ?? payee(404);
      pair.one(approve(who, key), () => pair.model.approve(key, who));
    },
);
/** All signatures over the newest import. */
const approveAll: Step = (pair) => {
  const key = [...pair.model.imports.keys()].at(-1) ?? payee(404);
  for (const who of ['ann', 'bob', 'cyd']) pair.one(approve(who, key), () => pair.model.approve(key, who));
};
const cancelStep = fc.tuple(name, fc.constantFrom('client', 'ann')).map(
  ([n, who]): Step =>
    (pair) =>
      pair.one(cancel(who, n), () => pair.model.cancel(n)),
);
const policyStep = fc.tuple(fc.constantFrom(...Object.values(BANDS)), fc.constantFrom(...Object.values(LIMITS))).map(
  ([bands, limits]): Step =>
    (pair) =>
      pair.change({ kind: 'policy', policy: policy(limits, bands) }, () => pair.model.setPolicy(bands, limits)),
);
const enterPayee: Step = (pair) => {
  const account = payee(accountOf(pair.model.payee.version + 1));
  pair.change({ kind: 'payee', name: 'P', details: { reference: '', account } }, () => pair.model.setPayee(true));
};
const strikePayee: Step = (pair) => {
  if (pair.model.payee.active) pair.change({ kind: 'payee', name: 'P', details: undefined }, () => pair.model.setPayee(false));
};
const holdStep = name.map(
  (n): Step =>
    (pair) =>
      pair.one(hold('gus', n, (pair.model.holds.get(n)?.number ?? 0) + 1), () => pair.model.hold(n)),
);
const releaseStep = fc.tuple(name, approver).map(
  ([n, who]): Step =>
    (pair) =>
      pair.one(release(who, n, pair.model.holds.get(n)?.number ?? 0), () => pair.model.release(n, who)),
);
/** A name that is known, with the next number and another amount. */
const reviseStep = fc.tuple(name, fc.constantFrom(1, 3_000, 9_000), fc.boolean()).map(
  ([n, amount, toPayee]): Step =>
    (pair) => {
      const now = pair.model.items.get(n)?.plan;
      if (!now) return;
      const { version } = pair.model.payee;
      importOf([madeOut({ ...now, amount, revision: now.revision + 1, payee: toPayee ? version : undefined })])(pair);
    },
);
const fundStep = fc.constantFrom(1_000, 30_000, 2_000_000).map(
  (amount): Step =>
    (pair) =>
      pair.one(transfer('client', TREASURY_ACCOUNT, BigInt(amount)), () => pair.model.fund(amount)),
);
const pauseStep = fc.tuple(guardian, fc.constantFrom(true, true, true, false)).map(
  ([who, again]): Step =>
    (pair) => {
      const { model } = pair;
      if (again) {
        const verdict = !model.paused ? 'PauseNumberStale' : model.resumes.has(who) ? 'AlreadyApproved' : 'done';
        if (verdict === 'done') model.resumes.add(who);
        pair.one(resume(who, model.pauses), () => verdict);
        if (model.resumes.size === 2) model.paused = false;
        if (!model.paused) model.resumes.clear();
        return;
      }
      pair.one(pause(who, model.pauses + 1), () => (model.paused ? 'Paused' : 'done'));
      if (!model.paused) model.pauses += 1;
      model.paused = true;
    },
);
const waitStep = fc.constantFrom(1, 250, 6_350, 12_750).map(
  (ms): Step =>
    ({ w, model }) => {
      model.pass(ms);
      w.block([], ms);
    },
);
const payStep = fc.tuple(fc.array(name, { maxLength: 5 }), fc.boolean()).map(
  ([names, resend]): Step =>
    ({ w, model, sent }) => {
      const tx = w.transaction(w.batch(names));
      const known = names.some((n) => model.items.has(n));
      model.pass(10);
      if (model.paused && known) {
        expect(w.run([tx])).toEqual(['Paused?']);
        return;
      }
      const expected = model.payAll(names);
      sent.push(tx);
      // Every batch ever sent comes again: none of them may pay twice.
      const results = w.block(resend ? [tx, ...sent] : [tx]);
      expect(results.filter((r) => r.kind === 'payment')).toHaveLength(expected.filter((v) => v === 'done').length);
      const first = results[0] as { items: number[] };
      expect(first.items.map((code) => code === 0)).toEqual(expected.map((v) => v === 'done'));
    },
);

const steps = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: importStep },
    { weight: 4, arbitrary: approveStep },
    { weight: 4, arbitrary: fc.constant(approveAll) },
    { weight: 2, arbitrary: cancelStep },
    { weight: 2, arbitrary: fundStep },
    { weight: 1, arbitrary: pauseStep },
    { weight: 2, arbitrary: waitStep },
    { weight: 1, arbitrary: policyStep },
    { weight: 1, arbitrary: fc.constantFrom(enterPayee, enterPayee, strikePayee) },
    { weight: 1, arbitrary: holdStep },
    { weight: 2, arbitrary: releaseStep },
    { weight: 2, arbitrary: reviseStep },
    { weight: 7, arbitrary: payStep },
  ),
  { minLength: 5, maxLength: 50, size: 'max' },
);

describe('the ledger against a reference that scans', () => {
  it('agrees after every step on verdicts, states, ready lists and money, and a replay has the same roots', () => {
    let paid = 0;
    fc.assert(
      fc.property(fc.boolean(), fc.constantFrom(...Object.values(LIMITS)), steps, (payday, limits, list) => {
        const pair = new Pair(limits);
        for (const step of payday ? [enterPayee, importOf(NAMES.map(usual)), approveAll, ...list] : list) {
          step(pair);
          pair.agree();
        }
        paid += pair.model.payments;
        const again = new Ledger(genesis(policed(limits)));
        for (const { block, executed } of pair.w.history) expect(again.execute(block)).toEqual(executed);
      }),
      { numRuns: 200 },
    );
    expect(paid).toBeGreaterThan(100); // the sample really paid
    const reasons = ['Held', 'PayeeChanged', 'OverLimit', 'InsufficientFunds', 'BlockedByDependency'].map((r) => `blocked{${r}}`);
    expect([...met].sort()).toEqual([...reasons, 'cancelled', 'executed', 'queued', 'timelocked', 'unknown', 'voting'].sort());
  });
});
