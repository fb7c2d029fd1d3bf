/** Bugs in the executor: what it signs, what it writes, what it gives up, and what it waits for. */
import type { Edit } from '../../mutants/mutant.ts';
import type { TreasuryMutant } from './treasury-mutant.ts';

const executor = (name: string, find: string, put: string): Edit => ({ file: `libs/executor/src/${name}.ts`, find, put });

const STAGE = '    await this.#p.journal.stage(intents, { chain: this.#s.chain, height: lease.height }); // on disk before it leaves\n';
const SEND = '    await this.#sendAll(staged, lease, now);\n';
const RESEND = `    const again = waiting.map((flight) => {
      const { id, traceparent } = flight.intent;
`;
const SIGN_AGAIN = `    const { chain, shard, key: signer, expiryMs } = this.#s;
    const again = waiting.map((old) => {
      const { leaseEpoch: epoch, seq, lane, items } = old.intent.batch;
      const parts = { chain, signer, shard, epoch, seq, lane, expiresAt: lease.time + expiryMs, traceparent: '' };
      const intent = signIntent({ ...parts, items: items.map((i) => ({ ...i, attempts: i.attempt - 1 })) }, this.#p.sign);
      const flight = { ...old, intent };
      this.#flights.remove(old);
      this.#flights.add(flight);
      const { id, traceparent } = intent;
`;
const SEND_AGAIN = '    await this.#sendAll(again, lease, now);\n';
const STAGE_AGAIN = '    await this.#p.journal.stage(again.map((s) => s.flight.intent), { chain, height: lease.height });\n';

const journal: readonly TreasuryMutant[] = [
  {
    name: 'sign again instead of resend',
    bug: 'An unknown outcome is answered with a new batch under the same seq.',
    edits: [executor('executor', RESEND, SIGN_AGAIN), executor('executor', SEND_AGAIN, STAGE_AGAIN + SEND_AGAIN)],
    seeds: 20,
    breaks: ['one batch a seq'],
  },
  {
    name: 'journal after send',
    bug: 'The intent is written when the batch has left.',
    edits: [executor('executor', STAGE, ''), executor('executor', SEND, SEND + STAGE)],
    seeds: 20,
    breaks: ['on disk first'],
  },
  {
    name: 'journal without fsync',
    bug: 'The batch leaves when its intent is written, not when it is on disk.',
    edits: [executor('journal', 'this.#append(intent);\n    await this.#log.sync();\n  }\n', 'this.#append(intent);\n  }\n')],
    seeds: 20,
    breaks: ['on disk first'],
  },
  {
    name: 'compaction forgets the open',
    bug: 'A journal that is written anew loses the batches that are not resolved.',
    edits: [executor('journal', '    for (const intent of unresolved) this.#append(intent);\n    await', '    await')],
    seeds: 200,
    breaks: ['on disk first'],
  },
  {
    name: 'seq of a batch in flight',
    bug: 'New batches take seqs that others in flight have.',
    edits: [executor('in-flight', 'if (!used.has(seq)) free.push(seq);', 'free.push(seq);')],
    seeds: 20,
    breaks: ['one batch a seq'],
  },
];

const endings: readonly TreasuryMutant[] = [
  {
    name: 'lease by wall clock',
    bug: 'Leases and expiries are judged by the clock of the host.',
    edits: [
      executor(
        'executor',
        '    this.#lease = lease;\n',
        '    lease = { ...lease, time: this.#p.clock.wall() };\n    this.#lease = lease;\n',
      ),
    ],
    seeds: 20,
    breaks: ['true ending', 'progress'],
  },
  {
    name: 'expired before its time',
    bug: 'A batch is given up two seconds before the ledger would refuse it.',
    edits: [executor('judge', 'lease.time > batch.expiresAt', 'lease.time + 2_000 > batch.expiresAt')],
    seeds: 50,
    breaks: ['true ending'],
  },
  {
    name: 'seq used up too soon',
    bug: 'The seq that is next counts as passed.',
    edits: [executor('judge', 'batch.seq < lease.nextSeq', 'batch.seq <= lease.nextSeq')],
    seeds: 20,
    breaks: ['true ending'],
  },
  {
    name: 'fenced by its own epoch',
    bug: 'A batch of the epoch that stands counts as fenced.',
    edits: [executor('judge', 'lease.epoch > batch.leaseEpoch', 'lease.epoch >= batch.leaseEpoch')],
    seeds: 20,
    breaks: ['true ending'],
  },
];

const surprises: readonly TreasuryMutant[] = [
  {
    name: 'an exception of its own',
    bug: 'The executor throws where nothing around it failed.',
    edits: [executor('executor', '        this.#deferrals.forget(id);\n', '        this.#deferrals.drop(id);\n')],
    seeds: 20,
    breaks: ['no surprise'],
  },
];

const waits: readonly TreasuryMutant[] = [
  {
    name: 'breaker never closes',
    bug: 'Once open it lets no probe through.',
    edits: [executor('breaker', "b.kind === 'open' && now < b.until", "b.kind === 'open'")],
    seeds: 100,
    breaks: ['progress'],
  },
  {
    name: 'probes never end',
    bug: 'A permit that was not used is not given back: half-open for ever.',
    edits: [executor('executor', "      for (const permit of permits) this.#gate.settle(permit, 'ignored', now);\n", '')],
    seeds: 600,
    breaks: ['progress'],
  },
  {
    name: 'deferred for ever',
    bug: 'What was not paid at the first try is not tried again.',
    edits: [executor('deferrals', 'return time < (this.#until.get(id)?.time ?? 0);', 'return this.#until.has(id);')],
    seeds: 100,
    breaks: ['progress'],
  },
  {
    name: 'lease request sent once',
    bug: 'A request for the lease that is lost is waited for without end.',
    edits: [executor('lease-keeper', 'else if (now - pending.sentAt >= resendMs) {', 'else if (pending.sentAt < 0) {')],
    seeds: 100,
    breaks: ['progress'],
  },
  {
    name: 'cursor stays at the end',
    bug: 'What was put off stands before the cursor and is not seen again.',
    edits: [executor('planner', '        if (items.length === 0) this.#cursors.delete(lane);\n', '')],
    seeds: 600,
    breaks: ['progress'],
  },
];

export const executorMutants: readonly TreasuryMutant[] = [...journal, ...endings, ...surprises, ...waits];
