/**
 * Consensus ingress with the engine behind it (C5): any bytes from any subject end in the engine or in a code, nothing throws, and
 * what is kept stays within its bounds. Every other signature holds, so that hostile messages of good form go all the way.
 */
import { BodyStore } from '../../../apps/consensus/src/core/body-store.ts';
import { packMessage } from '../../../apps/consensus/src/core/envelope.ts';
import { packNotice } from '../../../apps/consensus/src/core/final-blocks.ts';
import { InVerification } from '../../../apps/consensus/src/core/in-verification.ts';
import { Ingress } from '../../../apps/consensus/src/core/ingress.ts';
import { Journal } from '../../../apps/consensus/src/core/journal.ts';
import { memoVerifier } from '../../../apps/consensus/src/core/memo-verifier.ts';
import { Pipeline } from '../../../apps/consensus/src/core/pipeline.ts';
import { Shedder } from '../../../apps/consensus/src/core/shedder.ts';
import { verifyBatch } from '../../../apps/consensus/src/core/verify-job.ts';
import { startSchedule } from '../../../libs/membership/src/index.ts';
import { Driver, initialState, type Ports, ReplayFilter } from '../../../libs/pbft/src/index.ts';
import { type Message, rejections } from '../../../libs/protocol/src/index.ts';
import { tooLarge } from '../../../libs/simulator/src/oracle/state-bounds.ts';
import * as s from '../samples.ts';
import { BrokenRule, must, type Target } from '../target.ts';

const SELF = 0;
const REPLAY_MAX = 200;
const ROOM = { messages: 32, bytes: 262_144 };
const ID = new Uint8Array(16).fill(1);
const turn = () => new Promise<void>((resolve) => void setImmediate(resolve));

/** One validator: gates, engine and driver as the process has them, and a cell that does at once what it is asked. */
class Validator {
  readonly clock = { ms: s.START_MS };
  readonly driver: Driver;
  readonly pipeline: Pipeline;
  readonly ingress: Ingress;
  readonly store = new BodyStore([1, 1, 1, 1], 0, { window: 8, bytesPerOrigin: 65_536, pinnedBlocks: 4 });
  readonly replay = new ReplayFilter({ windowMs: 1_000, max: REPLAY_MAX });
  verdicts = 0;
  accepted = 0;
  defect: unknown;
  #tasks: (() => void)[] = [];

  constructor() {
    const params = {
      chain: s.chain,
      set: s.set,
      self: SELF,
      blockIntervalMs: 1_000,
      viewTimeoutMs: 2_000,
      resendMs: 500,
      clockToleranceMs: 5_000,
    };
    const { stateRoot, resultsRoot } = s.first.header;
    const start = {
      height: 0,
      header: undefined,
      certificate: undefined,
      stateRoot,
      resultsRoot,
      time: s.genesis.time,
      nextBatch: [1, 1, 1, 1],
    };
    const later = (run: () => void): void => void this.#tasks.push(run);
    const ports: Ports = {
      now: () => this.clock.ms,
      wake: () => {},
      log: { append: () => {}, sync: later, compact: () => {} },
      sign: (_vote, done) => later(() => done(s.signatureOf(SELF))),
      network: { broadcast: () => {}, notify: () => {} },
      obtain: (_block, _from, done) => later(done),
      fetchBlock: () => {},
      fetchViewChange: () => {},
      catchUp: () => {},
      commit: (_block, _certificate, done) => later(() => done(stateRoot, resultsRoot)),
      accuse: () => {},
      observe: { reject: (effect) => this.pipeline.engineRefused(effect), transition: () => {} },
      // Half of the signatures are lies here: certificates of two blocks, which halt it rightly, do come about.
      halt: () => {},
    };
    this.driver = new Driver(params, { state: initialState(params, { ...start, schedule: startSchedule(s.chain) }), effects: [] }, ports);
    const shedder = new Shedder(
      () => 0,
      () => this.clock.ms,
    );
    const heard = {
      onReceived: () => {},
      onAccepted: () => {
        this.verdicts++;
        this.accepted++;
      },
      onRefused: ({ name, why }: { readonly name: keyof typeof rejections; readonly why: string }) => {
        this.verdicts++;
        if (rejections[name] === undefined || why === '') this.defect ??= new BrokenRule('a refusal has a code and says why');
      },
      clock: { now: () => this.clock.ms },
      set: s.set,
      chain: s.chain,
      self: SELF,
      shedder,
    };
    this.pipeline = new Pipeline({
      ...heard,
      position: () => this.driver.state,
      memo: memoVerifier(s.coin, 100),
      signatures: { verify: async () => Promise.reject(new Error('no worker was expected')) },
      inPlaceMax: Number.POSITIVE_INFINITY,
      replay: this.replay,
      rate: { perSecond: 1e6, burst: 1e6 },
      room: ROOM,
      isOurs: () => false,
      engine: (message) => this.driver.handle({ type: 'message', message }),
      onFarAhead: () => {},
      onDefect: (error) => {
        this.defect ??= error;
      },
    });
    this.ingress = new Ingress({
      ...heard,
      verifier: s.coin,
      verify: {
        batch: async (encoded) => verifyBatch(s.chain, encoded, undefined),
        transaction: () => Promise.reject(new Error('no client here')),
        transactions: () => Promise.reject(new Error('no client here')),
      },
      store: this.store,
      inVerification: new InVerification(),
      obtainer: { arrived: () => {} } as never,
      journal: new Journal(nowhere, { compactBytes: 1e9, onFailure: (e) => (this.defect ??= e) }),
      openHeight: () => this.driver.state.height,
      onNotice: (from, certificate) => this.driver.handle({ type: 'notice', from, height: certificate.height, certificate }),
      onHeld: () => {},
      rates: { batchBytes: { perSecond: 1e9, burst: 1e9 }, notices: { perSecond: 1e6, burst: 1e6 } },
    });
    this.driver.start();
    this.#work();
  }

  /** @param channel what kind of subject it came on; @param from the index at its end @returns whether it was accepted */
  async take(channel: number, from: number | undefined, bytes: Uint8Array, ms: number): Promise<boolean> {
    const [verdicts, accepted] = [this.verdicts, this.accepted];
    this.clock.ms += ms;
    if (ms > 0) this.driver.handle({ type: 'tick' });
    if (channel === 0) this.pipeline.onMessage(bytes, from);
    else if (channel === 1) await this.ingress.onBatch(bytes, from);
    else this.ingress.onFinal(bytes);
    this.#work();
    while (this.pipeline.isAtWork) {
      await turn();
      this.#work();
    }
    if (this.defect !== undefined) throw this.defect;
    must(channel !== 0 || this.verdicts > verdicts, 'a message ends in the engine or in a code');
    this.#isBounded();
    return this.accepted > accepted;
  }

  #work(): void {
    for (let left = 1_000; this.#tasks.length > 0; left--) {
      must(left > 0, 'one message makes a bounded amount of work');
      this.#tasks.shift()?.();
    }
  }
  #isBounded(): void {
    const large = tooLarge(this.driver.state, s.set.validators.length);
    must(large === undefined, `the engine keeps too much: ${large}`);
    must(this.pipeline.waiting === 0 && this.ingress.atWork === 0, 'nothing waits when all is done');
    must(this.replay.size <= REPLAY_MAX, 'the replay filter is bounded');
    must(this.store.size <= 4 * 8 + 4 * 64, 'the body store is bounded');
  }
}
const nowhere = { append: () => {}, sync: async () => {}, rotate: () => 1, dropBefore: async () => {}, bytes: 0 };

/** Three bytes say how it comes: the subject's kind, the index at its end (255: none), and how much time went by, in 8 ms. */
const sent = (channel: number, from: number, bytes: Uint8Array): Uint8Array =>
  new Uint8Array(Buffer.concat([Uint8Array.of(channel, from, 0), bytes]));
const pack = (m: Message): Uint8Array => packMessage(m, ID, s.START_MS) ?? new Uint8Array();

const target = (name: string, share: number, corpus: readonly Uint8Array[]): Target => ({
  name: `ingress ${name}`,
  corpus,
  maxBytes: 16_384,
  share,
  episode: 400,
  open: () => {
    const validator = new Validator();
    return ([channel = 0, from = 0, time = 0, ...rest]) =>
      validator.take(channel % 3, from === 255 ? undefined : from, Uint8Array.from(rest), time * 8);
  },
});

const messages = s.everyMessage.map((m) => sent(0, m.vote.validator, pack(m)));
const batches = [sent(1, s.batch.origin, s.batchMessage)];
const notices = [sent(2, 1, packNotice(s.second.header, s.secondCertificate)), sent(2, 1, packNotice(s.first.header, s.firstCertificate))];
export const ingress: readonly Target[] = [
  target('messages', 8, messages),
  target('batches', 2, batches),
  target('notices', 2, notices),
  target('of all kinds', 4, [...messages, ...batches, ...notices]),
];
