/** One validator's consensus, put together: engine, mempool, batches, bodies, peers. Everything outside comes in by ports. */
import { ed25519 } from '@bursar/crypto';
import { genesisSet } from '@bursar/membership';
import { Driver, ReplayFilter, recover } from '@bursar/pbft';
import { type Digest, type Genesis, limits, type RejectionName } from '@bursar/protocol';
import { type Bus, createLatencyWindow, type DurableLog, type Health, type Logger, type Metrics } from '@bursar/shared-core';
import { EngineHost } from './adapters/engine-host.ts';
import { createEvents } from './adapters/events.ts';
import { listen } from './adapters/listen.ts';
import { createPeers } from './adapters/peers.ts';
import { afterBlock } from './after-block.ts';
import { Accuser } from './core/accuser.ts';
import { BatchMaker } from './core/batch-maker.ts';
import { BlockSpans } from './core/block-spans.ts';
import { BodyStore } from './core/body-store.ts';
import { Fetcher } from './core/fetcher.ts';
import { FinalityFigures } from './core/finality-figures.ts';
import { Heard } from './core/heard.ts';
import { InVerification } from './core/in-verification.ts';
import { Ingress } from './core/ingress.ts';
import { Intake } from './core/intake.ts';
import { Journal } from './core/journal.ts';
import { memoVerifier } from './core/memo-verifier.ts';
import { Mempool } from './core/mempool.ts';
import { Obtainer } from './core/obtain.ts';
import { Outcomes } from './core/outcomes.ts';
import { OwnBatches } from './core/own-batches.ts';
import { Pipeline } from './core/pipeline.ts';
import { PipelineFigures } from './core/pipeline-figures.ts';
import { RecentBlocks } from './core/recent-blocks.ts';
import { liveRecords, ownSignatures, readJournal, restore } from './core/restore.ts';
import { Shedder } from './core/shedder.ts';
import { subjects } from './core/subjects.ts';
import { consensusMetrics } from './metrics.ts';
import { EngineObserver } from './observe-engine.ts';
import { observeIngress } from './observe-ingress.ts';
import type { Clock, SignaturePort, SignerPort, StoragePort, VerifyPort } from './ports.ts';
import { readStart } from './start-state.ts';
import { tuning } from './tuning.ts';
import { watchHealth } from './watch-health.ts';

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
  readonly signatures: SignaturePort;
  readonly signal: AbortSignal;
  readonly batchMaxTransactions: number;
  /** Share of the heap in use, 0 to 1. */
  readonly memory: () => number;
  /** A safety rule is violated: keep `dump`, end with 70. */
  readonly halt: (name: RejectionName, reason: string, dump: Record<string, unknown>) => void;
  /** Nothing can go on: end with the error's exit code. */
  readonly onFailure: (error: unknown) => void;
}

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
  const found = await readJournal(file, chain);
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
    ageBehindMs: tuning.batchAgeBehindMs,
    fullBytes: limits.batch,
    fullTransactions: parts.batchMaxTransactions,
    maxOutstanding: tuning.ownOutstanding,
  });
  restore(found, self, start.nextBatch, start.height, { mempool, own, store });
  journal.keep(() => liveRecords(mempool, own, store, accuser));
  const outcomes = new Outcomes(start.height, tuning.outcomes);
  const recent = new RecentBlocks(tuning.recentBlocks, newest);
  const heard = new Heard(set, self, clock.now());
  const spans = new BlockSpans(self);
  const latency = createLatencyWindow();
  const finality = new FinalityFigures();
  const metrics = consensusMetrics(parts.metrics, {
    latency,
    finality,
    queueDepth: () => waiting(),
    peerHealth: () => (n === 1 ? 1 : (heard.lately(clock.now()).length - 1) / (n - 1)),
    pendingTransactions: () => mempool.size,
    logBytes: () => file.bytes,
  });
  const peers = createPeers({ bus, subjects: name, self, clock, log, onTooLarge: () => metrics.tooLarge.inc() });
  const events = createEvents({ validator: self, clock, log, publish: peers.event });
  const figures = new PipelineFigures();
  const told = observeIngress({ clock, log, metrics, events, heard, figures });
  const fetcher = new Fetcher({ ...tuning.fetch, ask: told.asking(peers.ask), self, validators: n, now: () => performance.now() });
  const inVerification = new InVerification();
  const obtainer = new Obtainer({
    inVerification,
    set,
    store,
    fetcher,
    verify,
    journal,
    graceMs: tuning.fetch.graceMs,
    onRefused: (ref, reason, why) => told.onRefused({ name: reason, kind: 'batch', sender: ref.origin, msgId: undefined, why }),
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
    isShort: () => shedder.refuses('client'),
  });

  const observer = new EngineObserver({ clock, log, metrics, events, refused: (effect) => pipeline.engineRefused(effect) });
  const accuser = new Accuser(
    {
      chain,
      reporter: set.validators[self]?.publicKey as string,
      clock,
      journal,
      signer,
      submit: (given) => intake.submit(given, { traceparent: '', tracestate: '' }),
      isPending: (id) => mempool.has(id),
      onAccused: (evidence, kind) => observer.onAccused(evidence, kind),
      onFailure: (error) => !signal.aborted && onFailure(error),
      limits: tuning.accusations,
    },
    found.accusations.values(),
  );
  const bookkeeping = afterBlock({
    clock,
    mempool,
    journal,
    intake,
    recent,
    store,
    outcomes,
    maker,
    accuser,
    observer,
    latency,
    finality,
    metrics,
    events,
  });

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
    tip: () => driver.state.tip,
    spans,
    newest: () => recent.newest,
    signal,
    tick: () => driver.handle({ type: 'tick' }),
    onExecuted(executed) {
      bookkeeping(executed);
      offer();
    },
    onBroadcast: (message) => observer.onBroadcast(message),
    accuse: (evidence, kind) => accuser.accuse(evidence, kind),
    observe: observer.ports,
    halt: (reason, why) => parts.halt(reason, why, { status: driver.status(), transitions: observer.trail.last(100) }),
    onFailure,
  });
  const driver = new Driver(params, recovered, host);

  const shedder = new Shedder(parts.memory, () => performance.now());
  const pipeline = new Pipeline({
    ...told,
    set,
    chain,
    self,
    clock,
    shedder,
    signatures: parts.signatures,
    inPlaceMax: tuning.signatures.inPlaceMax,
    memo: verifier,
    replay: new ReplayFilter(tuning.replay),
    rate: tuning.rates.messages,
    room: { messages: Math.ceil(tuning.lobby.messages / n), bytes: Math.max(limits.consensusMessage, tuning.lobby.bytes / n) },
    position: () => driver.state,
    isOurs: peers.isOurs,
    engine: (message) => driver.handle({ type: 'message', message }),
    onFarAhead: (from, height) => driver.handle({ type: 'notice', from, height: height - 1 }),
    onDefect: (error) => log.error({ err: error }, 'a message could not be handled'),
  });
  const ingress = new Ingress({
    inVerification,
    ...told,
    set,
    chain,
    self,
    verifier,
    clock,
    verify,
    store,
    obtainer,
    journal,
    shedder,
    rates: tuning.rates,
    openHeight: () => outcomes.finalHeight + 1,
    onNotice: (from, certificate) => driver.handle({ type: 'notice', from, height: certificate.height, certificate }),
    onHeld: offer,
  });
  const { answerBytesPerSecond, answerBytesLeast, answerBytesMost } = tuning.fetch;
  const answerBytes = { perSecond: Math.max(answerBytesLeast, answerBytesPerSecond / n), burst: answerBytesMost };
  const inbox = listen(
    { bus, subjects: name, self, validators: n, pipeline, ingress, queues: tuning.queues, answerBytes },
    {
      store,
      recent,
      now: () => clock.now(),
      proposal: (digest) => driver.proposal(digest),
      viewChange: ({ height, view, validator, digest }) => driver.viewChange(height, view, validator, digest),
      loadFinals: (from, to) => storage.finalBlocks(from, to),
    },
  );

  const waiting = () => inbox.pending() + pipeline.waiting + ingress.atWork;
  const assess = watchHealth({
    health,
    heard,
    latency,
    clock,
    log,
    metrics,
    events,
    bus,
    signal,
    onRefused: told.onRefused,
    peers: n - 1,
    queue: () => waiting() + mempool.size,
    memory: parts.memory,
    finalHeight: () => outcomes.finalHeight,
  });
  const notify = () => {
    const final = recent.newest;
    if (final) for (const to of fetcher.peers([])) peers.notice(to, final.block.header, final.certificate);
  };
  const timers = [
    setInterval(() => maker.resend(), tuning.batchResendMs),
    setInterval(() => accuser.resend(), tuning.batchResendMs),
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
    trail: observer.trail,
    figures,
    finality,
    waiting,
    mempool,
    accuser,
    heard: () => heard.lately(clock.now()).length,
    async stop() {
      for (const timer of timers) clearInterval(timer);
      maker.stop();
      host.stop();
      await inbox.stop();
    },
  };
}
