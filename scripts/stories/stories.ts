/** The scenarios (docs/testing.md, "Stories"). */
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { EXECUTOR, executorName, serviceName } from '../../apps/bursar/src/devnet/services.ts';
import type { TcpLink } from '../../libs/chaos/src/index.ts';
import { READY_MS } from '../treasury/network.ts';
import { FAILOVER_MS, type Stage } from './stage.ts';
import { type Figure, rate, type Story } from './story.ts';

const MANY = 5_000;
/** So little under way at a time that a payout has a middle: with the usual settings all of it is signed and sent at once. */
const SMALL_STEPS = { batchItems: 100, window: 4 };
/** As many batches under way as failures open a breaker, and more. */
const MORE_THAN_TOLERATED = { batchItems: 100, window: 8 };
const failover = (seconds: number): Figure => ({
  what: 'another held the lease after',
  value: seconds,
  unit: 's',
  bar: { most: FAILOVER_MS / 1_000 },
});
const timed = async (act: () => Promise<void>): Promise<number> => {
  const startedMs = performance.now();
  await act();
  return (performance.now() - startedMs) / 1_000;
};

const baseline: Story = {
  name: 'baseline',
  about: 'payments with nothing in their way',
  async run(stage) {
    const cold = await stage.pay(MANY);
    const warm = await stage.pay(MANY);
    return {
      done: [`Two imports of ${MANY} payments, each approved by two people, were paid one after the other.`],
      figures: [rate('first', cold.perSecond), rate('second', warm.perSecond)],
    };
  },
};

/** Takes the holder away in the middle of a payout. @returns what was paid by then, and how long it took until another held the lease */
async function loseHolder(stage: Stage, lose: (holder: string) => Promise<void>) {
  const digest = await stage.approve(MANY);
  let took = 0;
  let paidThen = 0;
  const seconds = await timed(async () => {
    await stage.untilPaid(digest, 1);
    const [holder, lease] = [await stage.holder(), await stage.lease()];
    await lose(holder);
    took = await stage.untilNextEpoch(lease);
    paidThen = await stage.paid(digest);
    await stage.untilPaid(digest, MANY);
  });
  return { took, paidThen, perSecond: MANY / seconds };
}

const executorFailover: Story = {
  name: 'failover',
  about: 'the executor that holds the lease is killed in the middle of a payout',
  executor: SMALL_STEPS,
  async run(stage) {
    await stage.pay(1_000);
    let killed = '';
    const { took, paidThen, perSecond } = await loseHolder(stage, async (holder) => {
      killed = holder;
      await stage.network.net.kill(holder, 'SIGKILL');
    });
    await stage.network.net.start(killed);
    const { perSecond: after } = await stage.pay(1_000);
    return {
      done: [
        `${killed} was killed with SIGKILL while it paid ${MANY}; ${paidThen} were paid when the standby held the lease.`,
        'It came back and found the lease taken.',
      ],
      figures: [failover(took), rate('over the failover', perSecond), rate('afterwards', after)],
    };
  },
};

const partition: Story = {
  name: 'partition',
  about: 'the holder is cut off from all validators, and comes back to find itself fenced',
  executor: SMALL_STEPS,
  async run(stage) {
    await stage.pay(1_000);
    let cut: readonly TcpLink[] = [];
    let holder = '';
    const { took, paidThen, perSecond } = await loseHolder(stage, async (name) => {
      holder = name;
      cut = stage.links.get(name) ?? [];
      for (const l of cut) l.cut();
    });
    for (const l of cut) l.heal();
    const { perSecond: after } = await stage.pay(1_000);
    const other = holder === EXECUTOR ? executorName(1) : EXECUTOR;
    await stage.network.net.kill(other, 'SIGKILL');
    const { perSecond: alone } = await stage.pay(1_000);
    return {
      done: [
        `Every link between ${holder} and the validators went silent while it paid ${MANY}; ${paidThen} were paid when the standby held the lease.`,
        `The links came back with everything that had been sent into them; then ${other} was killed, and ${holder} paid again.`,
      ],
      figures: [failover(took), rate('over the partition', perSecond), rate('afterwards', after), rate(`by ${holder} alone`, alone)],
    };
  },
};

const breaker: Story = {
  name: 'breaker',
  about: 'nobody takes what the executor sends: its breaker opens, waits, probes and closes',
  executor: MORE_THAN_TOLERATED,
  async run(stage) {
    const { net } = stage.network;
    await net.kill(executorName(1), 'SIGKILL'); // else it would pay instead
    await stage.pay(1_000);
    const before = await stage.pay(MANY);
    const links = stage.links.get(EXECUTOR) ?? [];
    const toConsensus = links.slice(0, stage.network.session.genesis.validators.length);
    const digest = await stage.approve(MANY);
    await stage.untilPaid(digest, 1);
    for (const l of toConsensus) l.refuse();
    const breakerIs = (state: string) => async () => (await stage.status(EXECUTOR)).breaker === state;
    const opened = await timed(() => stage.until('the breaker opens', breakerIs('open')));
    for (const l of toConsensus) l.heal();
    const paidBefore = await stage.paid(digest);
    let paidWhileOpen = 0;
    const open = await timed(() =>
      stage.until('the breaker lets a probe through', async () => {
        const paid = await stage.paid(digest);
        if ((await stage.status(EXECUTOR)).breaker !== 'open') return true;
        paidWhileOpen = paid - paidBefore;
        return false;
      }),
    );
    await stage.untilPaid(digest, MANY);
    const after = await stage.pay(MANY);
    return {
      done: [
        `Every call of ${EXECUTOR} to a consensus process was refused when it had paid ${paidBefore} of ${MANY}; its breaker opened after ${opened.toFixed(1)} s, and the links were whole again at once.`,
        `It stayed open for ${open.toFixed(0)} s, in which ${paidWhileOpen} payments were made: those that were signed before. Then probes closed it.`,
      ],
      figures: [
        rate('before', before.perSecond),
        {
          what: 'paid while it was open',
          value: paidWhileOpen,
          unit: 'payments',
          bar: { most: MORE_THAN_TOLERATED.batchItems * MORE_THAN_TOLERATED.window },
        },
        { ...rate('afterwards', after.perSecond), bar: { least: Math.max(100, 0.8 * before.perSecond) } },
      ],
    };
  },
};

const DEEP = 10_000;
const chains: Story = {
  name: 'chains',
  about: 'payments that wait for one another: a chain 10,000 deep, and 5,000 that wait for one',
  async run(stage) {
    await stage.pay(1_000);
    const deep = await stage.pay(DEEP, (i, key) => (i === 0 ? {} : { dependsOn: [key(i - 1)] }));
    const wide = await stage.pay(MANY, (i, key) => (i === 0 ? {} : { dependsOn: [key(0)] }));
    return {
      done: [`A chain of ${DEEP} payments, each waiting for the one before, was paid in order; then ${MANY - 1} that wait for one.`],
      figures: [rate('chain', deep.perSecond), rate('fan', wide.perSecond)],
    };
  },
};

const lanes: Story = {
  name: 'lanes',
  about: 'both lanes at once, with dependencies across them and some payments that are due later',
  async run(stage) {
    await stage.pay(1_000);
    const mixed = await stage.pay(MANY, (i, key) => ({
      lane: i % 2 === 0 ? 'consumer' : 'industrial',
      ...(i % 10 === 9 ? { dependsOn: [key(i - 1)] } : {}),
      ...(i % 10 === 5 ? { notBefore: Date.now() + 1_000 } : {}),
    }));
    return {
      done: [`${MANY} payments, every other one industrial; each tenth waits for one of the other lane, each tenth is due a second later.`],
      figures: [rate('both lanes', mixed.perSecond)],
    };
  },
};

const staleJournal: Story = {
  name: 'stale-journal',
  about: 'executor and one validator come back from old backups',
  executor: SMALL_STEPS,
  async run(stage) {
    const { net } = stage.network;
    const [storage, consensus] = [serviceName(2, 'storage'), serviceName(2, 'consensus')];
    const folders = [net.at.executor(0).data, net.at.data(2, 'storage')];
    const kept = (i: number) => join(net.at.dir, `backup-${i}`);
    const all = [EXECUTOR, storage, consensus];
    await stage.pay(1_000);
    for (const name of all) await net.kill(name, 'SIGKILL');
    for (const [i, folder] of folders.entries()) cpSync(folder, kept(i), { recursive: true });
    for (const name of all) await net.start(name);
    await net.waitReady(READY_MS);
    await stage.pay(2_000);
    const digest = await stage.approve(MANY);
    await stage.untilPaid(digest, 1);
    const seconds = await timed(async () => {
      for (const name of all) await net.kill(name, 'SIGKILL');
      for (const [i, folder] of folders.entries()) {
        rmSync(folder, { recursive: true });
        cpSync(kept(i), folder, { recursive: true });
      }
      for (const name of all) await net.start(name);
      await stage.untilPaid(digest, MANY);
    });
    await net.waitReady(READY_MS);
    const { perSecond } = await stage.pay(1_000);
    return {
      done: [
        `The journal of ${EXECUTOR} and the blocks of validator 2 were copied; 2,000 payments later, in the middle of ${MANY} more, both were killed and put back from the copies.`,
        'The executor knew nothing of 2,000 payments and more, the validator caught up from the others.',
      ],
      figures: [rate('over the restore', MANY / seconds), rate('afterwards', perSecond)],
    };
  },
};

export const stories: readonly Story[] = [baseline, executorFailover, partition, breaker, chains, lanes, staleJournal];
