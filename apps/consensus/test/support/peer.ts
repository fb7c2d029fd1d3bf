/** A validator as the process builds it, gates and driver, on a world without time or loss: what it asks for is done when `run` is called. */
import { randomBytes } from 'node:crypto';
import { ed25519, sign } from '@bursar/crypto';
import { genesisSet, startSchedule } from '@bursar/membership';
import { Driver, initialState, type Ports, ReplayFilter } from '@bursar/pbft';
import { type Digest, digest, fromHex, headerDigest, type Message, voteHash } from '@bursar/protocol';
import { packMessage } from '../../src/core/envelope.ts';
import type { Refused } from '../../src/core/gates/refusal.ts';
import { memoVerifier } from '../../src/core/memo-verifier.ts';
import { Pipeline } from '../../src/core/pipeline.ts';
import { Shedder } from '../../src/core/shedder.ts';
import { tuning } from '../../src/tuning.ts';
import type { testGenesis } from './genesis.ts';

export class Peer {
  readonly index: number;
  readonly driver: Driver;
  readonly pipeline: Pipeline;
  /** Digests of the blocks that storage was given, by height − 1, and who proposed them. */
  readonly blocks: Digest[] = [];
  readonly proposers: number[] = [];
  readonly sent: Message[] = [];
  readonly refused: Refused[] = [];
  readonly clock: { ms: number };
  #tasks: (() => void)[] = [];

  constructor(index: number, { genesis, chain, keys }: ReturnType<typeof testGenesis>, clock: { ms: number }) {
    const set = genesisSet(genesis);
    this.index = index;
    this.clock = clock;
    const later = (run: () => void) => void this.#tasks.push(run);
    const params = { chain, set, self: index, blockIntervalMs: 1_000, viewTimeoutMs: 2_000, resendMs: 500, clockToleranceMs: 60_000 };
    const root = digest('test/state');
    const start = { height: 0, header: undefined, certificate: undefined, stateRoot: root, resultsRoot: root, time: genesis.time };
    const state = initialState(params, { ...start, nextBatch: [1, 1, 1, 1], schedule: startSchedule(chain) });
    const ports: Ports = {
      now: () => clock.ms,
      wake: () => {},
      log: { append: () => {}, sync: later, compact: () => {} },
      sign: (vote, done) => later(() => done(sign(keys[index]?.secretKey ?? new Uint8Array(64), voteHash(vote)))),
      network: { broadcast: (message) => void this.sent.push(message), notify: () => {} },
      obtain: (_block, _from, done) => later(done),
      fetchBlock: () => {},
      fetchViewChange: () => {},
      catchUp: () => {},
      commit: ({ header }, _certificate, done) =>
        later(() => {
          this.blocks.push(headerDigest(header));
          this.proposers.push(header.proposer);
          done(digest('test/state', fromHex(headerDigest(header))), root);
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
      clock: { now: () => clock.ms },
      position: () => this.driver.state,
      memo: memoVerifier(ed25519, tuning.memoSignatures),
      signatures: { verify: async () => Promise.reject(new Error('no worker was expected')) },
      inPlaceMax: Number.POSITIVE_INFINITY,
      replay: new ReplayFilter(tuning.replay),
      shedder: new Shedder(
        () => 0,
        () => clock.ms,
      ),
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

  receive(message: Message): void {
    this.pipeline.onMessage(packMessage(message, randomBytes(16), this.clock.ms) ?? new Uint8Array(), message.vote.validator);
  }
  /** Everything that is under way, until nothing is. */
  async run(): Promise<void> {
    do {
      for (let task = this.#tasks.shift(); task; task = this.#tasks.shift()) task();
      await new Promise((done) => setImmediate(done));
    } while (this.#tasks.length > 0 || this.pipeline.isAtWork);
  }
}
