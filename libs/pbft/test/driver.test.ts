import { decode } from '@bursar/protocol';
import { describe, expect, it } from '@jest/globals';
import { Driver, type Effect, type Input, initialState, logRecord, type Ports } from '../src/index.ts';
import { Bench, digestOf } from './support/bench.ts';
import { fakeSignature } from './support/network.ts';

/** A driver on ports that write down every call; the test answers what it wants, when it wants. */
function recorded(place: number) {
  const bench = new Bench(place);
  const calls: string[] = [];
  const syncs: (() => void)[] = [];
  const signs: ((signature?: Uint8Array) => void)[] = [];
  const wanted: (() => boolean)[] = [];
  const bodies: (() => void)[] = [];
  let now = bench.now;
  const ports: Ports = {
    now: () => now,
    wake: () => {},
    log: {
      append: (bytes) => void calls.push(`write ${decode(logRecord, bytes).kind}`),
      sync: (done) => {
        calls.push('fsync begins');
        syncs.push(() => {
          calls.push('fsync');
          done();
        });
      },
      compact: (kept) => void calls.push(`compact to ${kept.map((k) => decode(logRecord, k).kind)}`),
    },
    sign: (vote, done, isWanted) => {
      calls.push(`sign ${vote.phase}`);
      wanted.push(isWanted);
      signs.push((signature = fakeSignature(bench.self, vote)) => done(signature));
    },
    network: {
      broadcast: (m) => void calls.push(`send ${m.kind}`),
      notify: (to) => void calls.push(`notify ${to}`),
    },
    obtain: (_block, _from, done) => {
      calls.push('obtain');
      bodies.push(done);
    },
    fetchBlock: () => void calls.push('fetch block'),
    fetchViewChange: () => void calls.push('fetch view-change'),
    catchUp: () => void calls.push('catch up'),
    commit: (_block, _certificate, done) => {
      calls.push('commit');
      bodies.push(() => done('c'.repeat(64), 'd'.repeat(64)));
    },
    accuse: (_evidence, kind) => void calls.push(`accuse ${kind}`),
    observe: { reject: (e) => void calls.push(`reject ${e.name}`), transition: (e) => void calls.push(`phase ${e.to}`) },
    halt: (name) => void calls.push(`halt ${name}`),
  };
  const driver = new Driver(bench.params, { state: initialState(bench.params, bench.world.start), effects: [] }, ports);
  driver.start();
  syncs.shift()?.();
  const take = () => calls.splice(0);
  take();
  const sync = () => syncs.shift()?.();
  const sign = () => signs.shift()?.();
  const hear = (...messages: Extract<Input, { type: 'message' }>['message'][]) => {
    for (const message of messages) driver.handle({ type: 'message', message });
  };
  /** Everybody else commits to it. */
  const decide = (block: ReturnType<typeof bench.block>) => {
    for (const i of bench.peers) hear(bench.commit(i, 0, digestOf(block)));
    driver.handle({ type: 'block', block, certificate: undefined });
  };
  return { bench, driver, take, sync, sign, hear, decide, bodies, signs, wanted, later: (ms: number) => (now += ms) };
}

describe('docs/protocol.md "Durability": write → fsync → sign → send', () => {
  it('a Prepare: the proposal and the intent are on disk before the signer hears of it', () => {
    const { bench, take, sync, sign, hear } = recorded(3);
    hear(bench.prePrepare(0, bench.block()));
    expect(take()).toEqual(['write proposal', 'write intent', 'phase WaitingForPrepares', 'fsync begins']);
    sync();
    expect(take()).toEqual(['fsync', 'sign prepare']);
    sign();
    expect(take()).toEqual(['write signed', 'send prepare']);
  });

  it('a Commit: the PreparedCert is on disk first', () => {
    const { bench, take, sync, hear } = recorded(3);
    const block = bench.block();
    hear(bench.prePrepare(0, block));
    sync();
    take();
    hear(bench.prepare(bench.peers[1] as number, 0, digestOf(block)), bench.prepare(bench.peers[2] as number, 0, digestOf(block)));
    expect(take()).toEqual(['write prepared', 'write intent', 'fsync begins']);
    sync();
    expect(take()).toEqual(['fsync', 'phase Prepared', 'sign commit']);
  });

  it('final: block and certificate are on disk before storage gets them; its answer opens the next height', () => {
    const { bench, driver, take, sync, bodies, decide } = recorded(3);
    decide(bench.block());
    expect(take()).toEqual(['fetch block', 'write final', 'fsync begins']);
    sync();
    expect(take()).toEqual(['fsync', 'phase Committed', 'commit']);
    bodies.shift()?.();
    expect(take()).toEqual(['write floor', 'compact to floor', 'phase Idle']);
    expect(driver.status()).toMatchObject({ height: 2, finalHeight: 1, phase: 'Idle' });
  });

  it('inputs go on during a sync, and the next one covers all that came meanwhile', () => {
    const { bench, take, sync, hear } = recorded(3);
    const block = bench.block();
    const [, second, third] = bench.peers as [number, number, number];
    hear(bench.prePrepare(0, block));
    take();
    hear(bench.prepare(second, 0, digestOf(block)), bench.prepare(third, 0, digestOf(block)));
    expect(take()).toEqual(['write prepared', 'write intent']); // no second sync beside the first
    sync();
    expect(take()).toEqual(['fsync', 'sign prepare', 'fsync begins']);
    sync();
    expect(take()).toEqual(['fsync', 'phase Prepared', 'sign commit']);
  });

  it('what was read from the log is made durable before it is acted on', () => {
    const { bench, take } = recorded(3);
    take();
    const calls: string[] = [];
    const effects: Effect[] = [{ type: 'notify', to: 1 }];
    let done = () => {};
    const ports = {
      now: () => bench.now,
      wake: () => {},
      log: { append: () => {}, sync: (d: () => void) => (done = d), compact: () => {} },
      network: { notify: (to: number) => void calls.push(`notify ${to}`) },
    } as unknown as Ports;
    new Driver(bench.params, { state: bench.state, effects }, ports).start();
    expect(calls).toEqual([]);
    done();
    expect(calls).toEqual(['notify 1']);
  });
});

it('evidence waits for no disk: nothing that the log holds is its cause', () => {
  const { bench, take, hear } = recorded(3);
  const liar = bench.peers[1] as number;
  hear(bench.prePrepare(0, bench.block()), bench.prepare(liar, 0, 'a'.repeat(64)));
  take();
  hear(bench.prepare(liar, 0, 'b'.repeat(64)));
  expect(take()).toEqual(['accuse double-prepare', 'reject EquivocationDetected']);
});

describe('answers that come too late are dropped', () => {
  it('a signature for a view that was left', () => {
    const { bench, driver, take, sync, sign, hear, later } = recorded(3);
    hear(bench.prePrepare(0, bench.block()));
    sync();
    later(60_000);
    driver.handle({ type: 'tick' });
    sync();
    take();
    sign();
    expect(take()).toEqual([]);
    sign();
    expect(take()).toEqual(['write signed', 'send view-change']);
  });

  it('a vote of a view that was left while the disk was slow is not even asked for', () => {
    const { bench, driver, take, sync, hear, later } = recorded(3);
    hear(bench.prePrepare(0, bench.block()));
    later(60_000);
    driver.handle({ type: 'tick' });
    take();
    sync();
    sync();
    expect(take().filter((c) => c.startsWith('sign'))).toEqual(['sign view-change']);
  });

  it('whoever asks a signer that does not answer learns when the vote is not wanted any more', () => {
    const { bench, sync, hear, decide, wanted, bodies } = recorded(3);
    const block = bench.block();
    hear(bench.prePrepare(0, block));
    sync();
    expect(wanted.map((is) => is())).toEqual([true]);
    decide(block);
    sync();
    expect(wanted.map((is) => is())).toEqual([true]); // others may still lack it
    bodies.shift()?.();
    expect(wanted.map((is) => is())).toEqual([false]);
  });

  it('a refusal silences the height, the connection stays', () => {
    const { bench, driver, take, sync, hear, signs } = recorded(3);
    hear(bench.prePrepare(0, bench.block()));
    sync();
    take();
    signs.shift()?.(undefined as never); // answered with the default: a signature
    expect(take()).toEqual(['write signed', 'send prepare']);
    const vote = bench.vote('commit', 0, 'a'.repeat(64));
    driver.handle({ type: 'refused', vote });
    expect(take()).toEqual(['reject DoubleSignRefused']);
    expect(driver.status().mute).toBe(true);
  });
});

it('tells one validator that is behind at most twice a resend interval', () => {
  const { bench, take, hear, later } = recorded(3);
  const from = bench.peers[0] as number;
  const old = {
    kind: 'commit' as const,
    vote: { ...bench.commit(from, 0, 'a'.repeat(64)).vote, vote: bench.vote('commit', 0, 'a'.repeat(64), 0) },
  };
  later(10_000);
  hear(old, old, old);
  expect(take()).toEqual(['reject OutOfSequence', `notify ${from}`, 'reject OutOfSequence', 'reject OutOfSequence']);
  later(250);
  hear(old);
  expect(take()).toEqual(['reject OutOfSequence', `notify ${from}`]);
});

it('serves the proposed block and the ViewChanges of the open height', () => {
  const { bench, driver, hear } = recorded(3);
  const block = bench.block();
  const viewChange = bench.viewChange(bench.peers[0] as number, 1);
  hear(bench.prePrepare(0, block), viewChange);
  expect(driver.proposal(digestOf(block))).toEqual({ block, certificate: undefined });
  expect(driver.proposal('a'.repeat(64))).toBeUndefined();
  expect(driver.viewChange(1, 1, bench.peers[0] as number, viewChange.vote.vote.digest)).toBe(viewChange);
  expect(driver.viewChange(1, 2, bench.peers[0] as number, viewChange.vote.vote.digest)).toBeUndefined();
});
