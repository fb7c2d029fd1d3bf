/** Bugs in the executor: what it signs, what it writes, what it gives up, and what it waits for. */
import type { Edit } from '../../mutants/mutant.ts';
import type { TreasuryMutant } from './treasury-mutant.ts';

const executor = (name: string, find: string, put: string): Edit => ({ file: `libs/executor/src/${name}.ts`, find, put });

const STAGE = '    await this.#p.journal.stage(staged.map((s) => s.flight.intent)); // on disk before it leaves\n';
const RESEND = '      await this.#send(flight, span, lease, now);\n    }\n';
const SIGN_AGAIN = `      const { leaseEpoch: epoch, seq, lane, items } = flight.intent.batch;
      const { chain, shard, key: signer, expiryMs } = this.#s;
      const again = items.map(({ attempt, ...item }) => ({ ...item, attempts: attempt - 1 }));
      const expiresAt = lease.time + expiryMs;
      const intent = signIntent({ chain, signer, shard, epoch, seq, lane, expiresAt, items: again, traceparent }, this.#p.sign);
      await this.#p.journal.stage([intent]);
      this.#flights.remove(flight);
      const next = { ...flight, intent };
      this.#flights.add(next);
      await this.#send(next, span, lease, now);
    }
`;

const journal: readonly TreasuryMutant[] = [
  {
    name: 'sign again instead of resend',
    bug: 'An unknown outcome is answered with a new batch under the same seq.',
    edits: [executor('executor', RESEND, SIGN_AGAIN)],
    seeds: 20,
    breaks: ['one batch a seq'],
  },
  {
    name: 'journal after send',
    bug: 'The intent is written when the batch has left.',
    edits: [
      executor('executor', STAGE, ''),
      executor(
        'executor',
        'await this.#send(flight, span, lease, now);\n    return staged.reduce',
        `await this.#send(flight, span, lease, now);\n${STAGE}    return staged.reduce`,
      ),
    ],
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
    seeds: 200,
    breaks: ['progress'],
  },
];

export const executorMutants: readonly TreasuryMutant[] = [...journal, ...endings, ...waits];
