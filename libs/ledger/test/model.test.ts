import { type Change, type DisbursementBody, type Genesis, MAX_AMOUNT, NO_DELAYS, type TreasuryPolicy } from '@bursar/protocol';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Ledger } from '../src/index.ts';
import { Reference } from './support/reference.ts';
import { accountOf, BANDS, type Bands, LIMITS, type LimitModel, NAMES, type Name, type Plan } from './support/reference-rules.ts';
import { rootsOf, same } from './support/same.ts';
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
  treasuries: [policy(limits)], // one: who may do what is checked anew with each genesis
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
    const got = this.w.run([tx]);
    same(got.join(), verdict());
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
    same(`${verdict} ${w.ledger.change(id)?.state}`, 'done effective');
  }

  agree(): void {
    const { w, model } = this;
    for (const name of NAMES) {
      const state = w.state(name);
      same(`${name} ${state}`, `${name} ${model.state(name)}`);
      met.add(state ?? 'unknown');
    }
    const ready = w.readyKeys();
    same(w.ledger.readyCount(0, 'consumer'), ready.length);
    same(ready.sort().join(), model.paused ? '' : NAMES.filter((n) => model.isReady(n)).join());
    const main = w.ledger.treasury(TREASURY);
    same(`${main?.balance} ${main?.paused} ${main?.pauseNumber}`, `${model.balance} ${model.paused} ${model.pauses}`);
    for (const [to, amount] of model.paid) same(w.ledger.account(payee(to))?.balance, BigInt(amount));
    same(w.ledger.account(idOf('client'))?.balance, BigInt(model.client));
    same(w.ledger.payments, model.payments);
    same(
      Object.values(main?.counts ?? {}).reduce((a, b) => a + b, 0),
      model.items.size,
    );
    w.ledger.audit();
  }
}

type Step = (pair: Pair) => void;
type Command = fc.Command<Reference, Pair>;
/** Both do it, then they must agree. */
const command = (name: string, step: Step): Command => ({
  check: () => true,
  run(_, pair) {
    step(pair);
    pair.agree();
  },
  toString: () => name,
});
const named = <T>(name: string, values: fc.Arbitrary<T>, step: (value: T) => Step): fc.Arbitrary<Command> =>
  values.map((value) => command(`${name} ${fc.stringify(value)}`, step(value)));
const always = (name: string, step: Step): fc.Arbitrary<Command> => fc.constant(command(name, step));
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
    same(w.run([chunk, seal] as never).join(), expected.join());
  };
const importStep = named('import', plans, importOf);
const approveStep = named(
  'approve',
  fc.tuple(fc.nat(20), approver),
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
const cancelStep = named(
  'cancel',
  fc.tuple(name, fc.constantFrom('client', 'ann')),
  ([n, who]): Step =>
    (pair) =>
      pair.one(cancel(who, n), () => pair.model.cancel(n)),
);
const policyStep = named(
  'policy',
  fc.tuple(fc.constantFrom(...Object.values(BANDS)), fc.constantFrom(...Object.values(LIMITS))),
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
const holdStep = named(
  'hold',
  name,
  (n): Step =>
    (pair) =>
      pair.one(hold('gus', n, (pair.model.holds.get(n)?.number ?? 0) + 1), () => pair.model.hold(n)),
);
const releaseStep = named(
  'release',
  fc.tuple(name, approver),
  ([n, who]): Step =>
    (pair) =>
      pair.one(release(who, n, pair.model.holds.get(n)?.number ?? 0), () => pair.model.release(n, who)),
);
/** A name that is known, with the next number and another amount. */
const reviseStep = named(
  'revise',
  fc.tuple(name, fc.constantFrom(1, 3_000, 9_000), fc.boolean()),
  ([n, amount, toPayee]): Step =>
    (pair) => {
      const now = pair.model.items.get(n)?.plan;
      if (!now) return;
      const { version } = pair.model.payee;
      importOf([madeOut({ ...now, amount, revision: now.revision + 1, payee: toPayee ? version : undefined })])(pair);
    },
);
const fundStep = named(
  'fund',
  fc.constantFrom(1_000, 30_000, 2_000_000),
  (amount): Step =>
    (pair) =>
      pair.one(transfer('client', TREASURY_ACCOUNT, BigInt(amount)), () => pair.model.fund(amount)),
);
const pauseStep = named(
  'pause',
  fc.tuple(guardian, fc.constantFrom(true, true, true, false)),
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
const waitStep = named(
  'wait',
  fc.constantFrom(1, 250, 6_350, 12_750),
  (ms): Step =>
    ({ w, model }) => {
      model.pass(ms);
      w.block([], ms);
    },
);
const payStep = named(
  'pay',
  fc.tuple(fc.array(name, { maxLength: 5 }), fc.boolean()),
  ([names, resend]): Step =>
    ({ w, model, sent }) => {
      const tx = w.transaction(w.batch(names));
      const known = names.some((n) => model.items.has(n));
      model.pass(10);
      if (model.paused && known) {
        same(w.run([tx]).join(), 'Paused?');
        return;
      }
      const expected = model.payAll(names);
      sent.push(tx);
      // Every batch ever sent comes again: none of them may pay twice.
      const results = w.block(resend ? [tx, ...sent] : [tx]);
      same(results.filter((r) => r.kind === 'payment').length, expected.filter((v) => v === 'done').length);
      const first = results[0] as { items: number[] };
      same(first.items.map((code) => code === 0).join(), expected.map((v) => v === 'done').join());
    },
);

/**
 * At most so many commands a sequence: enough for an import, its approvals, payments, what comes between them, and all of it a second time.
 * Half of the sequences begin with a payroll that is approved.
 */
const COMMANDS = 20;
const SEQUENCES = 10_000;
/** In one of so many sequences another ledger executes the same blocks. */
const REPLAYED = 10;

const sequences = fc.commands<Reference, Pair>(
  [
    fc.oneof(
      { weight: 4, arbitrary: importStep },
      { weight: 4, arbitrary: approveStep },
      { weight: 4, arbitrary: always('all approve the newest import', approveAll) },
      { weight: 2, arbitrary: cancelStep },
      { weight: 2, arbitrary: fundStep },
      { weight: 1, arbitrary: pauseStep },
      { weight: 2, arbitrary: waitStep },
      { weight: 1, arbitrary: policyStep },
      { weight: 1, arbitrary: fc.oneof({ weight: 2, arbitrary: always('payee', enterPayee) }, always('no payee', strikePayee)) },
      { weight: 1, arbitrary: holdStep },
      { weight: 2, arbitrary: releaseStep },
      { weight: 2, arbitrary: reviseStep },
      { weight: 7, arbitrary: payStep },
    ),
  ],
  { maxCommands: COMMANDS, size: 'max' },
);

describe('the ledger against a reference that scans', () => {
  it('agrees in 10,000 sequences, after every command, on verdicts, states, ready lists and money, and a replay has the same roots', () => {
    let runs = 0;
    let blocks = 0;
    let paid = 0;
    fc.assert(
      fc.property(fc.boolean(), fc.constantFrom(...Object.values(LIMITS)), sequences, (payday, limits, commands) => {
        const pair = new Pair(limits);
        if (payday) for (const step of [enterPayee, importOf(NAMES.map(usual)), approveAll]) step(pair);
        fc.modelRun(() => ({ model: pair.model, real: pair }), commands);
        paid += pair.model.payments;
        blocks += pair.w.history.length;
        if (runs++ % REPLAYED > 0) return;
        const again = new Ledger(genesis(policed(limits)));
        for (const { block, executed } of pair.w.history) same(rootsOf(again.execute(block)), rootsOf(executed));
      }),
      { numRuns: SEQUENCES },
    );
    expect(runs).toBe(SEQUENCES);
    expect(blocks).toBeGreaterThan(10 * SEQUENCES); // the sequences are not short
    expect(paid).toBeGreaterThan(SEQUENCES / 2); // and really pay
    const reasons = ['Held', 'PayeeChanged', 'OverLimit', 'InsufficientFunds', 'BlockedByDependency'].map((r) => `blocked{${r}}`);
    expect([...met].sort()).toEqual([...reasons, 'cancelled', 'executed', 'queued', 'timelocked', 'unknown', 'voting'].sort());
  });
});
