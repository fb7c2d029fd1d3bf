/** A validator as the process builds it, gates and driver, on a world without time or loss: what it asks for is done when `run` is called. */
import { randomBytes } from 'node:crypto';
import { ed25519, sign } from '@bursar/crypto';
import { advanceSchedule, genesisSet, startSchedule } from '@bursar/membership';
import { Driver, initialState, type Ports, ReplayFilter, type Start } from '@bursar/pbft';
import { type Block, type Certificate, type Digest, digest, fromHex, headerDigest, type Message, voteHash } from '@bursar/protocol';
import { packMessage } from '../../src/core/envelope.ts';
import type { Refused } from '../../src/core/gates/refusal.ts';
import { memoVerifier } from '../../src/core/memo-verifier.ts';
import { Pipeline } from '../../src/core/pipeline.ts';
import { Shedder } from '../../src/core/shedder.ts';
import type { Clock, SignaturePort } from '../../src/ports.ts';
import { tuning } from '../../src/tuning.ts';
import type { testGenesis } from './genesis.ts';

/** What a test may put in the place of the real thing (C14). */
export interface Injected {
  readonly skewMs?: number;
  readonly memory?: () => number;
  readonly signatures?: SignaturePort;
}

export class Peer {
  readonly index: number;
  readonly driver: Driver;
  readonly pipeline: Pipeline;
  /** Digests of the blocks that storage was given, by height − 1, and who proposed them. */
  readonly blocks: Digest[] = [];
  readonly proposers: number[] = [];
  /** The blocks with what made them final, for peers that ask. */
  readonly finals: { readonly block: Block; readonly certificate: Certificate }[] = [];
  /** Who answers when it asks: nobody, unless the test says so. */
  others: readonly Peer[] = [];
  readonly sent: Message[] = [];
  readonly refused: Refused[] = [];
  readonly clock: Clock;
  #tasks: (() => void)[] = [];

  constructor(
    index: number,
    { genesis, chain, keys }: ReturnType<typeof testGenesis>,
    time: { readonly ms: number },
    injected: Injected = {},
  ) {
    const { skewMs = 0, memory = () => 0, signatures } = injected;
    const set = genesisSet(genesis);
    this.index = index;
    const clock = { now: () => time.ms + skewMs };
    this.clock = clock;
    const later = (run: () => void) => void this.#tasks.push(run);
    const params = { chain, set, self: index, blockIntervalMs: 1_000, viewTimeoutMs: 2_000, resendMs: 500, clockToleranceMs: 60_000 };
    const root = digest('test/state');
    const start: Start = {
      height: 0,
      header: undefined,
      certificate: undefined,
      stateRoot: root,
      resultsRoot: root,
      time: genesis.time,
      nextBatch: [1, 1, 1, 1],
      schedule: startSchedule(chain),
    };
    const state = initialState(params, start);
    const ports: Ports = {
      now: clock.now,
      wake: () => {},
      log: { append: () => {}, sync: later, compact: () => {} },
      sign: (vote, done) => later(() => done(sign(keys[index]?.secretKey ?? new Uint8Array(64), voteHash(vote)))),
      network: { broadcast: (message) => void this.sent.push(message), notify: (to) => this.#notify(to) },
      obtain: (_block, _from, done) => later(done),
      fetchBlock: () => {},
      fetchViewChange: () => {},
      catchUp: (height, from, done) =>
        later(() => {
          const ahead = this.others.find((p) => from.includes(p.index) && p.finals.length >= height);
          const news = ahead?.finals.slice(this.finals.length) ?? [];
          for (const final of news) this.#store(final);
          const certificates = news.map((f) => f.certificate);
          if (news.length > 0) done(certificates, this.#stored(start));
        }),
      commit: (block, certificate, done) =>
        later(() => {
          if (block.header.height !== this.finals.length + 1) return; // catch-up brought it
          this.#store({ block, certificate });
          const { stateRoot, resultsRoot } = this.#stored(start);
          done(stateRoot, resultsRoot);
        }),
      accuse: (evidence, kind) => {
        throw new Error(`validator ${evidence.validator} is accused of ${kind}`);
      },
      observe: { reject: (effect) => this.pipeline.engineRefused(effect), transition: () => {} },
      halt: (name, reason) => {
        throw new Error(`${name}: ${reason}`);
      },
    };
    this.driver = new Driver(params, { state, effects: [] }, ports);
    this.pipeline = new Pipeline({
      set,
      chain,
      self: index,
      clock,
      position: () => this.driver.state,
      memo: memoVerifier(ed25519, tuning.memoSignatures),
      signatures: signatures ?? { verify: async () => Promise.reject(new Error('no worker was expected')) },
      inPlaceMax: signatures ? 0 : Number.POSITIVE_INFINITY,
      replay: new ReplayFilter(tuning.replay),
      shedder: new Shedder(memory, clock.now),
      rate: tuning.rates.messages,
      room: { messages: tuning.lobby.messages / 4, bytes: tuning.lobby.bytes / 4 },
      isOurs: () => false,
      engine: (message) => this.driver.handle({ type: 'message', message }),
      onFarAhead: () => {},
      onReceived: () => {},
      onAccepted: () => {},
      onRefused: (r) => this.refused.push(r),
      onDefect: (error) => {
        throw error;
      },
    });
    this.driver.start();
  }

  #store(final: Peer['finals'][number]): void {
    const { header } = final.block;
    this.finals.push(final);
    this.blocks.push(headerDigest(header));
    this.proposers.push(header.proposer);
  }
  /** Where its storage stands. */
  #stored(genesis: Start): Start {
    const headers = this.finals.map((f) => f.block.header);
    const schedule = headers.reduce(advanceSchedule, genesis.schedule);
    const header = headers.at(-1);
    if (!header) return genesis;
    const stateRoot = digest('test/state', fromHex(headerDigest(header)));
    return {
      ...genesis,
      height: header.height,
      header,
      certificate: this.finals.at(-1)?.certificate,
      stateRoot,
      time: header.time,
      schedule,
    };
  }
  #notify(to: number): void {
    const final = this.finals.at(-1);
    const other = this.others.find((p) => p.index === to);
    if (!final || !other) return;
    const { certificate } = final;
    other.#tasks.push(() => other.driver.handle({ type: 'notice', from: this.index, height: certificate.height, certificate }));
  }
  receive(message: Message): void {
    this.pipeline.onMessage(packMessage(message, randomBytes(16), this.clock.now()) ?? new Uint8Array(), message.vote.validator);
  }
  /** Everything that is under way, until nothing is. */
  async run(): Promise<void> {
    do {
      for (let task = this.#tasks.shift(); task; task = this.#tasks.shift()) task();
      await new Promise((done) => setImmediate(done));
    } while (this.#tasks.length > 0 || this.pipeline.isAtWork);
  }
}

/** Half a second after the other for all of them, until `isDone`: each hears what `hears` lets through. @returns the seconds it took */
export async function play(
  peers: readonly Peer[],
  time: { ms: number },
  isDone: () => boolean,
  hears: (to: Peer, message: Message) => void,
): Promise<number> {
  const began = time.ms;
  while (!isDone() && time.ms - began < 120_000) {
    time.ms += 500;
    for (const p of peers) p.driver.handle({ type: 'tick' });
    for (let isBusy = true; isBusy; ) {
      isBusy = false;
      for (const p of peers) await p.run();
      for (const p of peers) {
        for (const message of p.sent.splice(0)) {
          isBusy = true;
          for (const other of peers) if (other !== p) hears(other, message);
        }
      }
    }
  }
  return (time.ms - began) / 1_000;
}
