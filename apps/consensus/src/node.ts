/** One validator's consensus, put together: engine, mempool, batches, bodies, peers. Everything outside comes in by ports. */
import { ed25519 } from '@bursar/crypto';
import { genesisSet } from '@bursar/membership';
import { Driver, recover } from '@bursar/pbft';
import { type Digest, type Genesis, headerDigest, limits, type Message, type RejectionName } from '@bursar/protocol';
import { type Bus, createLatencyWindow, type DurableLog, type Health, type Logger, type Metrics } from '@bursar/shared-core';
import { EngineHost, type Executed } from './adapters/engine-host.ts';
import { createEvents } from './adapters/events.ts';
import { listen } from './adapters/listen.ts';
import { createPeers } from './adapters/peers.ts';
import { assessHealth } from './core/assess-health.ts';
import { AuditTrail } from './core/audit-trail.ts';
import { BatchMaker } from './core/batch-maker.ts';
import { BlockSpans } from './core/block-spans.ts';
import { BodyStore } from './core/body-store.ts';
import { Fetcher } from './core/fetcher.ts';
import { unpackFinalBlock } from './core/final-blocks.ts';
import { Heard } from './core/heard.ts';
import { Ingress, type Refused } from './core/ingress.ts';
import { Intake } from './core/intake.ts';
import { Journal } from './core/journal.ts';
import { memoVerifier } from './core/memo-verifier.ts';
import { Mempool } from './core/mempool.ts';
import { Obtainer } from './core/obtain.ts';
import { Outcomes } from './core/outcomes.ts';
import { OwnBatches } from './core/own-batches.ts';
import { RecentBlocks } from './core/recent-blocks.ts';
import { ReplayFilter } from './core/replay-filter.ts';
import { idsOf, liveRecords, ownSignatures, readJournal, restore } from './core/restore.ts';
import { subjects } from './core/subjects.ts';
import { TokenBucket } from './core/token-bucket.ts';
import { consensusMetrics } from './metrics.ts';
import type { Clock, SignerPort, StoragePort, VerifyPort } from './ports.ts';
import { readStart } from './start-state.ts';
import { tuning } from './tuning.ts';

export interface NodeParts {
  readonly genesis: Genesis;
  readonly chain: Digest;
  readonly self: number;
  readonly clock: Clock;
  readonly log: Logger;
  readonly health: Health;
  readonly metrics: Metrics;
  readonly file: DurableLog;
  readonly bus: Bus;
  readonly signer: SignerPort;
  readonly storage: StoragePort;
  readonly verify: VerifyPort;
  readonly signal: AbortSignal;
  /** Share of the heap in use, 0 to 1. */
  readonly memory: () => number;
  /** A safety rule is violated: keep `dump`, end with 70. */
  readonly halt: (name: RejectionName, reason: string, dump: Record<string, unknown>) => void;
  /** Nothing can go on: end with the error's exit code. */
  readonly onFailure: (error: unknown) => void;
}

/** So long without a quorum is a partition for the log; health is Failed later (C13). */
const PARTITION_MS = 5_000;
/** Why a view is left, by the trigger of the transition. */
const LEAVING: Readonly<Record<string, string>> = { timeout: 'timeout', 'view-change': 'joined', mandatory: 'mandatory' };

export type ConsensusNode = Awaited<ReturnType<typeof startNode>>;

/** Reads storage, signer and log, begins to take part, and resolves when it does. */
export async function startNode(parts: NodeParts) {
  const { genesis, chain, self, clock, log, health, file, bus, signer, storage, verify, signal, onFailure } = parts;
  const set = genesisSet(genesis);
  const n = set.validators.length;
  const verifier = memoVerifier(ed25519, tuning.memoSignatures);
  const params = {
    chain,
    set,
    self,
    blockIntervalMs: genesis.blockIntervalMs,
    viewTimeoutMs: genesis.viewTimeoutMs,
    resendMs: tuning.resendMs,
    clockToleranceMs: limits.clockToleranceMs,
  };

  const { start, newest } = await readStart(storage, genesis, chain);
  const found = await readJournal(file.replay(), chain);
  await signer.reconcile(ownSignatures(found.engine, self, tuning.reconcile));
  const signed = await signer.listSigned(start.height + 1);
  const recovered = recover(params, start, found.engine, signed);
  const dump = () => ({ height: start.height, records: found.engine.length, signed: signed.length });
  if ('type' in recovered) return parts.halt(recovered.name, recovered.reason, dump());

  const name = subjects(chain);
  const journal = new Journal(file, { compactBytes: tuning.compactBytes, onFailure });
  const mempool = new Mempool(tuning.mempool);
  const bytesPerOrigin = Math.min(tuning.bodies.bytesPerOriginMax, Math.max(limits.batch * 2, Math.floor(tuning.bodies.bytesAll / n)));
  const store = new BodyStore(start.nextBatch, start.time, { ...tuning.bodies, bytesPerOrigin });
  const own = new OwnBatches(start.nextBatch[self] ?? 1, mempool, {
    chain,
    origin: self,
    ageMs: tuning.batchAgeMs,
    fullBytes: limits.batch,
    maxOutstanding: tuning.ownOutstanding,
  });
  restore(found, self, start.nextBatch, start.height, { mempool, own, store });
  journal.keep(() => liveRecords(mempool, own, store));
  const outcomes = new Outcomes(start.height, tuning.outcomes);
  const recent = new RecentBlocks(tuning.recentBlocks, newest);
  const trail = new AuditTrail();
  const heard = new Heard(set, self, clock.now());
  const spans = new BlockSpans(self);
  const latency = createLatencyWindow();
  const proposedMs = new Map<number, number>();
  let lastBlockMs = clock.now();
  let leftView = { height: 0, view: 0 };

  const metrics = consensusMetrics(parts.metrics, {
    latency,
    queueDepth: () => inbox.pending() + ingress.atWork,
    peerHealth: () => (n === 1 ? 1 : (heard.lately(clock.now()).length - 1) / (n - 1)),
    pendingTransactions: () => mempool.size,
    logBytes: () => file.bytes,
  });
  const peers = createPeers({ bus, subjects: name, self, clock, log, onTooLarge: () => metrics.tooLarge.inc() });
  const events = createEvents({ validator: self, clock, log, publish: peers.event });
  const refused = (r: Refused) => {
    metrics.rejected.inc({ reason: r.name });
    if (r.name === 'EquivocationDetected') metrics.byzantineDetections.inc();
    events.rejected(r);
  };
  const unpackFinal = (bytes: Uint8Array, height: number) => unpackFinalBlock(bytes, height, chain, set, verifier);
  const fetcher = new Fetcher({ ...tuning.fetch, ask: peers.ask, self, validators: n });
  const obtainer = new Obtainer({
    set,
    store,
    fetcher,
    verify,
    journal,
    unpackFinal,
    graceMs: tuning.fetch.graceMs,
    onRefused: (ref, reason, why) => refused({ name: reason, kind: 'batch', sender: ref.origin, msgId: undefined, why }),
  });

  let isOfferDue = false;
  const offer = () => {
    if (isOfferDue) return;
    isOfferDue = true;
    setImmediate(() => {
      isOfferDue = false;
      if (!signal.aborted) driver.handle({ type: 'offer', batches: store.offer(tuning.offerPerOrigin) });
    });
  };
  const maker = new BatchMaker(start.time, {
    clock,
    journal,
    mempool,
    own,
    signer,
    peers,
    resendMs: tuning.batchResendMs,
    onFailure: (error) => !signal.aborted && onFailure(error),
    onMade: () => metrics.batchesMade.inc(),
    onSigned(body) {
      store.hold(body);
      obtainer.arrived(body.ref.digest);
      offer();
    },
  });
  const intake = new Intake({
    clock,
    verify,
    mempool,
    journal,
    outcomes,
    onPending: () => maker.kick(),
    onOutcome: (outcome) => metrics.transactionsSubmitted.inc({ outcome }),
  });

  const onExecuted = ({ block, certificate, bodies, stateRoot, results }: Executed) => {
    const { height, time } = block.header;
    const now = clock.now();
    const done = mempool.remove(bodies.flatMap((b) => idsOf(b.ids)));
    if (done.length > 0) journal.append({ kind: 'done', ids: done });
    for (const id of done) metrics.submitSeconds.observe((intake.finish(id) ?? 0) / 1_000);
    recent.add({ block, certificate }, bodies);
    store.advance(height, block.batches, time);
    outcomes.executed(height, certificate.kind, results);
    maker.executed(block.batches, time);
    offer();
    const transactions = block.batches.reduce((sum, ref) => sum + ref.transactions, 0);
    const since = proposedMs.get(height);
    if (since !== undefined) latency.observe(now - since);
    for (const h of proposedMs.keys()) if (h <= height) proposedMs.delete(h);
    lastBlockMs = now;
    metrics.blocksFinalized.inc({ certificate: certificate.kind });
    metrics.transactionsFinalized.inc(transactions);
    metrics.height.set(height);
    metrics.stateRootHash.set(Number.parseInt(stateRoot.slice(0, 12), 16));
    events.finalized(height, certificate.view, headerDigest(block.header), certificate.kind, transactions);
  };
  const onBroadcast = ({ kind, vote: { vote } }: Message) => {
    if (kind !== 'view-change' || (vote.height === leftView.height && vote.view <= leftView.view)) return;
    leftView = { height: vote.height, view: vote.view };
    metrics.viewChanges.inc();
    const last = trail.last(1)[0];
    const reason = last?.height === vote.height ? LEAVING[last.trigger] : undefined;
    events.viewChange(vote.height, vote.view, reason ?? 'timeout'); // in Idle the time-out moves no phase
  };

  const host = new EngineHost({
    params,
    startHeight: start.height,
    verifier,
    clock,
    log,
    journal,
    signer,
    storage,
    peers,
    fetcher,
    obtainer,
    unpackFinal,
    spans,
    newest: () => recent.newest,
    signal,
    tick: () => driver.handle({ type: 'tick' }),
    onExecuted,
    onBroadcast,
    observe: {
      reject: ({ name: reason, validator, height, view }) => {
        if (reason === 'StateForkDetected') metrics.forkDetected.set(1);
        refused({ name: reason, kind: 'unknown', sender: validator, msgId: undefined, why: `height ${height}, view ${view}` });
      },
      transition({ type: _, ...t }) {
        const entry = trail.add(t, clock.now(), performance.now() * 1_000);
        log.event('StateTransition', { ...entry }, `${t.from} → ${t.to}`, 'debug');
        if (t.to === 'WaitingForPrepares' && !proposedMs.has(t.height)) proposedMs.set(t.height, clock.now());
        if (t.to === 'Prepared' || t.to === 'Committed')
          log.event('QuorumReached', { height: t.height, view: t.view, phase: t.to }, 'a quorum', 'debug');
        events.progress(t.height, t.view, t.to);
      },
    },
    halt: (reason, why) => parts.halt(reason, why, { status: driver.status(), transitions: trail.last(100) }),
    onFailure,
  });
  const driver = new Driver(params, recovered, host);

  const ingress = new Ingress({
    params,
    set,
    verifier,
    clock,
    verify,
    store,
    obtainer,
    journal,
    replay: new ReplayFilter(tuning.replay),
    perPeer: tuning.perPeer,
    openHeight: () => outcomes.finalHeight + 1,
    isOurs: peers.isOurs,
    onMessage: (message) => driver.handle({ type: 'message', message }),
    onNotice: (from, height) => driver.handle({ type: 'notice', from, height }),
    onHeld: offer,
    onReceived(kind) {
      metrics.received.inc({ kind });
      if (log.isEnabled('trace')) log.event('MessageReceived', { kind }, 'a message came', 'trace');
    },
    onAccepted(kind, sender) {
      metrics.accepted.inc({ kind });
      if (log.isEnabled('trace')) log.event('ValidationGatePass', { kind, sender }, 'a message passed the gates', 'trace');
      heard.note(sender, clock.now());
    },
    onRefused: refused,
  });
  const budget = new TokenBucket({ perSecond: tuning.fetch.answerBytesPerSecond, burst: tuning.fetch.answerBytesPerSecond }, clock.now());
  const inbox = listen(
    { bus, subjects: name, self, ingress, queues: tuning.queues },
    {
      store,
      recent,
      budget,
      now: () => clock.now(),
      proposal: (digest) => driver.proposal(digest),
      viewChange: ({ height, view, validator, digest }) => driver.viewChange(height, view, validator, digest),
      loadFinal: (height) => storage.finalBlock(height),
    },
  );

  let isApart = false;
  const assess = () => {
    const now = clock.now();
    const withoutQuorumMs = heard.withoutQuorumMs(now);
    const apart = withoutQuorumMs > PARTITION_MS;
    if (apart && !isApart)
      log.event('NetworkPartitionDetected', { heard: heard.lately(now), withoutQuorumMs }, 'no quorum is heard', 'error');
    isApart = apart;
    const verdict = assessHealth({
      queue: inbox.pending() + ingress.atWork + mempool.size,
      meanLatencyMs: latency.figures().meanMs,
      memory: parts.memory(),
      peers: n - 1,
      peersHeard: heard.isStarting(now) ? n - 1 : heard.lately(now).length - 1,
      sinceLastBlockMs: now - lastBlockMs,
      withoutQuorumMs,
    });
    health.assess('consensus', verdict.level, verdict.reason);
    metrics.setLevel(health.report().level);
  };
  let level = health.report().level;
  health.onChange(() => {
    const report = health.report();
    if (report.level === level) return;
    level = report.level;
    events.health(report);
  });
  const notify = () => {
    const final = recent.newest;
    if (final) for (const to of fetcher.peers([])) peers.notice(to, final.block.header, final.certificate);
  };
  const timers = [
    setInterval(() => maker.resend(), tuning.batchResendMs),
    setInterval(notify, tuning.noticeMs),
    setInterval(assess, tuning.healthMs),
  ];

  driver.start();
  maker.start();
  offer();
  log.info({ height: start.height + 1, pending: mempool.size, records: found.engine.length }, 'takes part');
  return {
    intake,
    outcomes,
    driver,
    trail,
    mempool,
    heard: () => heard.lately(clock.now()).length,
    async stop() {
      for (const timer of timers) clearInterval(timer);
      maker.stop();
      host.stop();
      await inbox.stop();
    },
  };
}
