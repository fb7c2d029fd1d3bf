import type { Block, Message, SignedVote, Vote } from '@bursar/protocol';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  type Effect,
  type Input,
  type LogRecord,
  type Rules,
  recover,
  type State,
  standardRules,
  step,
  type Unsigned,
} from '../src/index.ts';
import { Bench, digestOf, signedBy, signedVote } from './support/bench.ts';

/** What the signer was ever asked for, over all lives of one validator; throws on what no honest validator may say. */
class Signer {
  readonly rows: SignedVote[] = [];
  readonly asked: string[] = [];
  readonly #asked = new Map<string, string>();
  readonly #prepares: Vote[] = [];
  readonly #commits: Vote[] = [];
  #left = 0;

  ask(message: Unsigned): void {
    const { vote } = message;
    this.asked.push(vote.phase);
    const key = `${vote.height}/${vote.view}/${vote.phase}`;
    const before = this.#asked.get(key);
    if (before !== undefined && before !== vote.digest) throw new Error(`two digests for ${key}`);
    this.#asked.set(key, vote.digest);
    if (vote.phase === 'prepare' || vote.phase === 'commit') {
      if (vote.view < this.#left) throw new Error(`${key} after the view ${this.#left} was asked for`);
      (vote.phase === 'prepare' ? this.#prepares : this.#commits).push(vote);
    }
    if (message.kind !== 'view-change') return;
    this.#left = Math.max(this.#left, vote.view);
    const { lastVote, prepared } = message.content;
    if (this.#prepares.some((v) => v.view < vote.view && v.view > (lastVote?.view ?? -1))) throw new Error('a Prepare was forgotten');
    if (this.#commits.some((v) => v.view < vote.view && v.view > (prepared?.view ?? -1))) throw new Error('a Commit was forgotten');
  }
  sign(self: number, message: Unsigned): Message {
    const signed = signedBy(self, message);
    this.rows.push(signedVote(self, message.vote));
    return signed;
  }
}

type Draw = readonly [what: number, a: number, b: number, c: number];

/** One validator at one height in a hostile world, with crashes between any two effects. */
function live(place: number, draws: readonly Draw[], rules: Rules): Signer {
  const bench = new Bench(place, undefined, { rules });
  const { params, world } = bench;
  const signer = new Signer();
  const blocks: Block[] = [0, 1, 2, 3, 4, 5].flatMap((view) => [bench.block(view), bench.block(view, { time: bench.now + 1 })]);
  const seen: Message[] = [];
  let state: State = bench.state;
  let log: LogRecord[] = [];
  let durable = 0;
  let pending: Unsigned[] = [];
  let now = bench.now;

  const carryOut = (effects: readonly Effect[], upTo: number): void => {
    let urgent = durable;
    for (const e of effects.slice(0, upTo)) {
      if (e.type === 'record') {
        log.push(e.record);
        if (e.urgent) urgent = log.length;
      } else {
        durable = urgent; // an effect is carried out: all urgent records before it are on disk
        if (e.type === 'sign') {
          signer.ask(e.message);
          pending.push(e.message);
        }
      }
    }
  };
  const crash = (kept: number): void => {
    log = log.slice(0, durable + (kept % (log.length - durable + 1)));
    durable = log.length; // the driver makes it durable before it acts
    pending = [];
    const from = recover(params, world.start, log, signer.rows);
    if ('type' in from) throw new Error(from.reason);
    state = from.state;
    carryOut(from.effects, Infinity);
  };
  const feed = (input: Input, crashAt: number | undefined): void => {
    const after = step(params, state, input, now);
    if (crashAt === undefined) {
      ({ state } = after);
      carryOut(after.effects, Infinity);
    } else {
      carryOut(after.effects, crashAt % (after.effects.length + 1));
      crash(crashAt);
    }
  };
  const peer = (n: number): number => bench.peers[n % bench.peers.length] as number;
  // Mostly what fits the moment, so that votes come about; else anything.
  const digest = (n: number): string =>
    (n % 8 < 4 ? state.accepted : n % 8 < 6 ? state.lastVote?.digest : undefined) ?? digestOf(blocks[n % blocks.length] as Block);
  const proposed = (view: number, n: number): Block => {
    const wanted = n % 8 < 6 ? state.mandatory?.digest : undefined;
    const fits = blocks.filter((b) => (wanted === undefined ? b.header.view === view : digestOf(b) === wanted));
    return fits[n % Math.max(1, fits.length)] ?? (blocks[n % blocks.length] as Block);
  };
  for (const [what, a, b, c] of draws) {
    const view = Math.min(5, a % 8 < 5 ? state.view : a % 8 < 7 ? state.view + 1 : a % 4);
    const crashAt = c % 16 === 15 ? c : undefined;
    const hear = (message: Message): void => {
      seen.push(message);
      feed({ type: 'message', message }, crashAt);
    };
    switch (what % 12) {
      case 0: {
        const block = proposed(view, b);
        if (block.header.view <= view && bench.leader(view) !== bench.self) hear(bench.prePrepare(view, block));
        break;
      }
      case 1:
      case 2:
        hear(bench.prepare(peer(b), view, digest(c)));
        break;
      case 3:
        hear(bench.commit(peer(b), view, digest(c)));
        break;
      case 4: {
        const lastVote = view > 0 && c % 3 > 0 ? { view: c % view, digest: digest(b) } : undefined;
        const prepared = view > 0 && c % 5 === 0 ? bench.certificate('prepared', b % view, digest(c), bench.peers) : undefined;
        hear(bench.viewChange(peer(b), view, { lastVote, prepared }));
        break;
      }
      case 5: {
        const set = new Map(
          seen.flatMap((m) => (m.kind === 'view-change' && m.vote.vote.view === view ? [[m.vote.validator, m] as const] : [])),
        );
        if (set.size >= 3 && bench.leader(view) !== bench.self) hear(bench.newView(view, [...set.values()]));
        break;
      }
      case 6:
      case 7:
      case 8: {
        const message = pending[b % Math.max(1, pending.length)];
        if (message !== undefined) feed({ type: 'signed', message: signer.sign(bench.self, message) }, crashAt);
        break;
      }
      case 9:
        now += [1, 100, 1000, 5000][b % 4] as number;
        feed({ type: 'tick' }, crashAt);
        break;
      case 10: {
        const block = blocks.find((known) => state.fetching.has(digestOf(known))) ?? (blocks[b % blocks.length] as Block);
        feed({ type: 'block', block, certificate: undefined }, crashAt);
        break;
      }
      case 11:
        if (c % 4 === 0) crash(b);
        break;
    }
    if (state.decided !== undefined || state.halted) return signer;
  }
  return signer;
}

const draw = fc.tuple(fc.nat(11), fc.nat(999), fc.nat(999), fc.nat(999));
const histories = fc.tuple(fc.nat(3), fc.array(draw, { minLength: 20, maxLength: 150, size: 'max' }));

describe('no honest validator contradicts itself, in any world and across any crashes', () => {
  it('one digest a view and phase, no vote in a view that was left, no vote forgotten', () => {
    const asked: Record<string, number> = {};
    fc.assert(
      fc.property(histories, ([place, draws]) => {
        for (const phase of live(place, draws, standardRules).asked) asked[phase] = (asked[phase] ?? 0) + 1;
      }),
      { numRuns: 400 },
    );
    for (const phase of ['prepare', 'commit', 'view-change', 'new-view']) expect(asked[phase]).toBeGreaterThan(10); // it really voted
  });

  it('the test has teeth: an engine that forgets its last vote is caught', () => {
    const forgetful: Rules = { ...standardRules, reportVotes: ({ prepared }) => ({ lastVote: undefined, prepared }) };
    const outcome = fc.check(
      fc.property(histories, ([place, draws]) => void live(place, draws, forgetful)),
      { numRuns: 400 },
    );
    expect(outcome.failed).toBe(true);
  });
});
