/**
 * The executor: lease → plan → sign → journal → send → resolve (docs/treasury.md "Executor"). `tick` is one look at the newest final
 * block and everything that follows from it; whoever drives it never runs two at a time. It can delay money and nothing else: the
 * ledger checks every batch again.
 */
import { type Digest, findRejection, type TransactionResult } from '@bursar/protocol';
import type { Outcome } from './breaker.ts';
import { BreakerGate } from './breaker-gate.ts';
import { Deferrals } from './deferrals.ts';
import { countsForBreaker, type ErrorReason } from './failure.ts';
import { type Flight, InFlight } from './in-flight.ts';
import { signIntent } from './intent.ts';
import type { Replayed } from './journal.ts';
import type { Ending } from './journal-record.ts';
import { isHeld, judge } from './judge.ts';
import { LeaseKeeper } from './lease-keeper.ts';
import { type PlannedBatch, Planner, type Standing } from './planner.ts';
import type { LeaseAt, Outcome as LedgerOutcome, OpenSpan, Signed } from './ports.ts';
import { Sender } from './sender.ts';
import type { ExecutorPorts, ExecutorSettings } from './settings.ts';
import type { ExecutorStatus } from './status.ts';

/** Blocks after which the first batch of the window is looked up: it may have been refused, as when one before it was late. */
const PROBE_BLOCKS = 3;
const MAX_DOUBLINGS = 4;

interface Staged {
  readonly flight: Flight;
  readonly span: OpenSpan;
}

export class Executor {
  readonly #s: ExecutorSettings;
  readonly #p: ExecutorPorts;
  readonly #keeper: LeaseKeeper;
  readonly #planner: Planner;
  readonly #sender: Sender;
  readonly #flights = new InFlight();
  readonly #deferrals = new Deferrals();
  readonly #gate: BreakerGate;
  #height: number;
  #movedAt: number | undefined;
  #lease: LeaseAt | undefined;
  #planning = true;
  #status = { lastTick: 0, lastSuccess: 0, lastError: 0, lastErrorText: '', matured: 0, lastSeq: 0n, paid: 0 };

  /**
   * @param unresolved intents of the journal: sent again as they are before anything else is signed
   * @param seen height that the journal knows: a storage that is behind it shows a lease which is over, and the grant of one that an earlier
   * life used would be taken for this one's
   */
  constructor(settings: ExecutorSettings, ports: ExecutorPorts, { unresolved, seen }: Pick<Replayed, 'unresolved' | 'seen'>) {
    this.#s = settings;
    this.#p = ports;
    this.#height = seen;
    this.#planner = new Planner(ports.reads);
    this.#gate = new BreakerGate(settings.breaker, (from, to) =>
      ports.log.event('StateTransition', { from, to }, 'the breaker changed', 'warn'),
    );
    this.#sender = new Sender(ports.submitter, ports.explain, (reason, error) =>
      this.#failed(reason, error, 'a validator did not take a transaction'),
    );
    const { chain, shard, leaseMs, key, resendMs } = settings;
    const send = async (transaction: Signed, again: boolean) => {
      if (again) this.#sender.rotate();
      await this.#sender.send(transaction);
    };
    this.#keeper = new LeaseKeeper({ chain, shard, leaseMs, key, resendMs, sign: ports.sign, reads: ports.reads, send });
    const longAgo = Number.NEGATIVE_INFINITY;
    for (const intent of unresolved) {
      const sent = { firstSentAt: ports.clock.monotonic(), sentAt: longAgo, sentHeight: 0, sends: 0 };
      this.#flights.add({ intent, ...sent, executed: undefined, permit: undefined });
    }
  }

  /** @returns items that were put into new batches. @throws when no storage answers, or the journal fails (Failure.journal) */
  async tick(): Promise<number> {
    const now = this.#p.clock.monotonic();
    this.#status.lastTick = this.#p.clock.wall();
    const lease = await this.#look(now);
    await this.#resolve(lease, now);
    for (const event of await this.#keeper.tick(lease, this.#flights.epochs(), now)) {
      if (event === 'lost') this.#p.meter.error('lease_lost');
      this.#p.log.event(
        'StateTransition',
        { leaseEpoch: String(this.#keeper.epoch ?? lease.epoch), height: lease.height },
        `lease ${event}`,
      );
    }
    await this.#resend(lease, now);
    const planned = await this.#plan(lease, now);
    await this.#p.journal.compact(this.#flights.intents(), { chain: this.#s.chain, height: this.#height });
    return planned;
  }

  /** Plans from the beginning of the ready lists, deferred items included. */
  async redrive(): Promise<number> {
    this.#planner.restart();
    this.#deferrals.clear();
    return this.tick();
  }

  setPlanning(enabled: boolean): void {
    this.#planning = enabled;
  }

  /** Batches that may still be executed. */
  get open(): number {
    return this.#flights.open;
  }

  /** Gives the lease back. Batches that are open are fenced by it. */
  async release(): Promise<void> {
    if (this.#lease) await this.#keeper.release(this.#lease, this.#p.clock.monotonic());
  }

  /** What a caller of `tick` caught, for the status. */
  noteError(error: unknown): void {
    this.#failed(this.#p.explain(error).reason, error, 'a look at the ledger failed');
  }

  status(): ExecutorStatus {
    const { key } = this.#s;
    const { holder, epoch = 0n, expiresAt = 0, time = 0 } = this.#lease ?? {};
    const mine = this.#lease !== undefined && isHeld(this.#lease) && holder === key;
    return {
      ...this.#status,
      leaseHolder: holder,
      leaseEpoch: epoch,
      leaseLeftMs: mine ? Math.max(0, expiresAt - time) : 0,
      otherCopy: this.#lease !== undefined && this.#keeper.isOtherCopy(this.#lease),
      height: this.#height,
      staged: this.#flights.size,
      deferred: this.#deferrals.size,
      breaker: this.#gate.kind,
      breakerCounts: this.#gate.counts(this.#p.clock.monotonic()),
      planningStopped: !this.#planning,
    };
  }

  async #look(now: number): Promise<LeaseAt> {
    const { reads } = this.#p;
    let lease = await reads.lease(this.#height);
    this.#movedAt ??= now;
    if (lease.height > this.#height) this.#movedAt = now;
    else if (now - this.#movedAt >= this.#s.staleMs) {
      reads.rotate();
      this.#movedAt = now;
      lease = await reads.lease(this.#height);
    }
    this.#height = lease.height;
    this.#lease = lease;
    return lease;
  }

  async #resolve(lease: LeaseAt, now: number): Promise<void> {
    const flights = this.#flights.all();
    const outcomes = await this.#outcomesOf(flights, lease);
    for (const flight of flights) {
      const verdict = judge(flight.intent, lease);
      const outcome = outcomes.get(flight);
      // Its header is final: what is executed is provable.
      if (flight.executed && flight.executed.height < lease.height) this.#applied(flight, flight.executed, lease, now);
      else if (outcome) this.#settlePassed(flight, outcome, lease, now);
      else if (verdict !== 'passed' && verdict !== 'open') this.#close(flight, verdict, lease.height, now);
      else if (flight.permit && now - flight.firstSentAt >= this.#s.timeoutMs) await this.#timeOut(flight, lease, now);
    }
  }

  /** What became of those whose seq is used up, asked at once: one by one, the answers of a window would take longer than a block. */
  async #outcomesOf(flights: readonly Flight[], lease: LeaseAt): Promise<Map<Flight, LedgerOutcome>> {
    const passed = flights.filter((f) => !f.executed && judge(f.intent, lease) === 'passed');
    const outcomes = await Promise.all(passed.map((f) => this.#p.reads.outcome(f.intent.id, lease.height)));
    return new Map(passed.map((f, i) => [f, outcomes[i] as LedgerOutcome]));
  }

  /** Its seq is used up: by itself, or by other bytes. */
  #settlePassed(flight: Flight, outcome: LedgerOutcome, lease: LeaseAt, now: number): void {
    if (outcome.kind !== 'final') {
      // Somebody signs with our key under the very epoch that was granted to us.
      if (this.#keeper.epoch === flight.intent.batch.leaseEpoch) this.#keeper.disown();
      this.#p.log.warn(
        { seq: String(flight.intent.batch.seq) },
        'the seq was used by other bytes; is there another executor with this key?',
      );
      this.#close(flight, 'reused', lease.height, now);
      return;
    }
    flight.executed = outcome.result;
    if (outcome.provable) this.#applied(flight, outcome.result, lease, now);
  }

  #applied(flight: Flight, result: TransactionResult, lease: LeaseAt, now: number): void {
    const { batch } = flight.intent;
    const refused = new Map<string, number>();
    let paid = 0;
    for (const [i, { id }] of batch.items.entries()) {
      const code = result.items[i] ?? 0;
      if (code === 0) {
        paid += 1;
        this.#deferrals.forget(id);
        continue;
      }
      this.#deferrals.defer(id, lease.time);
      const name = findRejection(code)?.name ?? String(code);
      refused.set(name, (refused.get(name) ?? 0) + 1);
    }
    if (refused.size > 0) {
      this.#p.meter.error('item_refused');
      this.#p.log.info({ seq: String(batch.seq), refused: Object.fromEntries(refused) }, 'items of a batch were not paid');
    }
    this.#p.log.info({ seq: String(batch.seq), paid, height: result.height, transaction: result.transaction }, 'a batch was applied');
    this.#status.paid += paid;
    this.#status.lastSuccess = this.#p.clock.wall();
    this.#p.meter.paid(paid);
    if (flight.sends > 0) this.#p.meter.resolved(now - flight.firstSentAt);
    this.#end(flight, 'applied', result.height, 'success', now);
  }

  /** It was not executed and never will be: its items go into other batches. */
  #close(flight: Flight, ending: Exclude<Ending, 'applied'>, height: number, now: number): void {
    this.#p.meter.error(ending === 'reused' ? 'seq_reused' : ending);
    this.#p.log.info({ seq: String(flight.intent.batch.seq), ending, height }, 'a batch was not executed and never will be');
    this.#planner.restart();
    this.#end(flight, ending, height, 'ignored', now);
  }

  #end(flight: Flight, ending: Ending, height: number, outcome: Outcome, now: number): void {
    this.#settlePermit(flight, outcome, now);
    this.#p.journal.done(flight.intent, ending, height);
    this.#p.meter.ended(ending);
    this.#flights.remove(flight);
  }

  /** A batch that no block holds counts against the breaker; one that waits for a pause to end does not. */
  async #timeOut(flight: Flight, lease: LeaseAt, now: number): Promise<void> {
    const outcome = await this.#p.reads.outcome(flight.intent.id, lease.height);
    this.#settlePermit(flight, outcome.kind === 'none' ? 'failure' : 'ignored', now);
    if (outcome.kind === 'none')
      this.#failed('timeout', undefined, `batch ${flight.intent.batch.seq} is in no block after ${this.#s.timeoutMs} ms`);
    if (outcome.kind === 'refused') this.#noteRefusal(outcome.code);
  }

  #noteRefusal(code: number): void {
    const name = findRejection(code)?.name;
    this.#failed(name === 'Paused' ? 'paused' : 'rejected', undefined, findRejection(code)?.reason ?? `refused with code ${code}`);
  }

  #settlePermit(flight: Flight, outcome: Outcome, now: number): void {
    if (flight.permit) this.#gate.settle(flight.permit, outcome, now);
    flight.permit = undefined;
  }

  /** The same bytes, in the order of their seqs, to another validator. */
  async #resend(lease: LeaseAt, now: number): Promise<void> {
    const waiting = this.#flights.all().filter((f) => !f.executed);
    const due = (f: Flight) => now - f.sentAt >= this.#s.resendMs * 2 ** Math.min(Math.max(f.sends - 1, 0), MAX_DOUBLINGS);
    if (!waiting.some(due) && !(await this.#headWasRefused(waiting[0], lease, now))) return;
    if (waiting.some((f) => f.sends > 0)) this.#sender.rotate();
    const again = waiting.map((flight) => {
      const { id, traceparent } = flight.intent;
      return { flight, span: this.#p.tracing.start('execute-batch resend', traceparent, [], { 'bursar.transaction_id': id }) };
    });
    await this.#sendAll(again, lease, now);
  }

  /** Refused bytes are in no validator's hands any more: after a gap they are sent at once, in a pause now and then. */
  async #headWasRefused(head: Flight | undefined, lease: LeaseAt, now: number): Promise<boolean> {
    if (!head || head.intent.batch.seq !== lease.nextSeq || lease.height < head.sentHeight + PROBE_BLOCKS) return false;
    const outcome = await this.#p.reads.outcome(head.intent.id, lease.height);
    if (outcome.kind !== 'refused' || outcome.height <= head.sentHeight) return false;
    if (findRejection(outcome.code)?.name === 'SeqGap') return true;
    if (now - head.sentAt < this.#s.resendMs) return false;
    this.#noteRefusal(outcome.code);
    return true;
  }

  async #plan(lease: LeaseAt, now: number): Promise<number> {
    const { window, batchItems } = this.#s;
    const epoch = this.#keeper.epoch;
    if (!this.#planning || epoch === undefined) return 0;
    const { open, size } = this.#flights;
    const room = Math.min(window - open, 2 * window - size);
    // A block costs what it costs, however much it pays: what may go goes in few large handfuls, never one by one as places become free.
    if (open > 0 && room < window / 2) return 0;
    const permits = this.#gate.admit(room, now);
    if (permits.length === 0) return 0;
    const standing = (id: Digest): Standing =>
      this.#flights.holds(id) ? 'under-way' : this.#deferrals.isDeferred(id, lease.time) ? 'deferred' : 'free';
    let staged: Staged[] = [];
    try {
      const { batches, matured } = await this.#planner.plan({ batches: permits.length, batchItems }, standing, lease);
      this.#status.matured = matured;
      const seqs = this.#flights.freeSeqs(lease.nextSeq, batches.length);
      staged = batches.map((batch, i) => this.#sign(batch, seqs[i] as bigint, epoch, lease, now));
      for (const { flight } of staged) flight.permit = permits.shift();
    } finally {
      // What was admitted and not used tried nothing.
      for (const permit of permits) this.#gate.settle(permit, 'ignored', now);
    }
    if (staged.length === 0) return 0;
    const intents = staged.map((s) => s.flight.intent);
    await this.#p.journal.stage(intents, { chain: this.#s.chain, height: lease.height }); // on disk before it leaves
    for (const { flight } of staged) this.#flights.add(flight);
    await this.#sendAll(staged, lease, now);
    return staged.reduce((sum, { flight }) => sum + flight.intent.batch.items.length, 0);
  }

  #sign({ lane, items }: PlannedBatch, seq: bigint, epoch: bigint, lease: LeaseAt, now: number): Staged {
    const { chain, shard, key, expiryMs } = this.#s;
    const [first = '', ...others] = new Set(items.map((i) => i.traceparent).filter((t) => t !== ''));
    const span = this.#p.tracing.start('execute-batch', first, others, { 'bursar.seq': Number(seq), 'bursar.items': items.length });
    const expiresAt = lease.time + expiryMs;
    const parts = { chain, signer: key, shard, epoch, seq, lane, expiresAt, items, traceparent: span.traceparent };
    const intent = signIntent(parts, this.#p.sign);
    this.#status.lastSeq = seq;
    const flight = { intent, firstSentAt: now, sentAt: now, sentHeight: lease.height, sends: 0, executed: undefined, permit: undefined };
    return { flight, span };
  }

  /** They leave in this order, none waits for the answer to another. */
  async #sendAll(staged: readonly Staged[], lease: LeaseAt, now: number): Promise<void> {
    await Promise.all(staged.map(({ flight, span }) => this.#send(flight, span, lease, now)));
  }

  async #send(flight: Flight, span: OpenSpan, lease: LeaseAt, now: number): Promise<void> {
    flight.sends += 1;
    flight.sentAt = now;
    flight.sentHeight = lease.height;
    const sent = await span.run(() => this.#sender.send(flight.intent));
    span.end();
    // It may have arrived all the same; only that the way is broken is counted now.
    if (sent.kind === 'taken' || !countsForBreaker(sent.reason)) return;
    if (flight.permit) this.#settlePermit(flight, 'failure', now);
    else this.#gate.fail(now);
  }

  #failed(reason: ErrorReason, error: unknown, what: string): void {
    this.#p.meter.error(reason);
    this.#status.lastError = this.#p.clock.wall();
    const message = error === undefined ? undefined : this.#p.explain(error).message;
    this.#status.lastErrorText = message === undefined ? what : `${what}: ${message}`;
    // A stranger's text stands in its cause; ours says enough without a stack.
    const why = message === undefined ? {} : reason === 'internal' ? { err: error } : { why: message };
    this.#p.log.warn({ reason, ...why }, what);
  }
}
