import { type Message, type SignedVote, type ViewChange, viewChangeDigest } from '@bursar/protocol';
import { describe, expect, it } from '@jest/globals';
import { type Effect, type Input, type LogRecord, recover, startAfter, status, step } from '../src/index.ts';
import { Bench, digestOf, signedVote } from './support/bench.ts';

/** The same validator after a restart with this much of its log and these rows of its signer. */
function restart(b: Bench, log: readonly LogRecord[], rows: readonly SignedVote[]) {
  const from = recover(b.params, b.world.start, log, rows);
  if ('type' in from) return { halt: from, state: undefined as never, effects: [], asked: [], sent: [] };
  const asked = from.effects.flatMap((e) => (e.type === 'sign' ? [`${e.message.vote.phase}@${e.message.vote.view}`] : []));
  const sent = from.effects.flatMap((e) => (e.type === 'broadcast' ? [e.message.kind] : []));
  return { halt: undefined, state: from.state, effects: from.effects, asked, sent };
}
const firstOf = <K extends Effect['type']>(effects: readonly Effect[], type: K) =>
  effects.find((e): e is Extract<Effect, { type: K }> => e.type === type);
const nothing: ViewChange = { lastVote: undefined, prepared: undefined };
const rowsOf = (messages: readonly Message[]): SignedVote[] => messages.map((m) => m.vote);
/** A replica that voted to the end of view 0, and then left it. */
function voted() {
  const b = new Bench(3);
  const block = b.block();
  b.hear(b.prePrepare(0, block));
  const prepare = b.sign();
  b.hear(b.prepare(b.peers[1] as number, 0, digestOf(block)));
  const commit = b.sign();
  return { b, block, prepare, commit };
}
function leaveView(b: Bench): Message[] {
  b.now = b.state.deadline;
  b.feed({ type: 'tick' });
  return b.sign();
}
const upTo = (log: readonly LogRecord[], kind: LogRecord['kind'], phase?: string) =>
  log.slice(0, log.findIndex((r) => r.kind === kind && (phase === undefined || ('vote' in r && r.vote.phase === phase))) + 1);

describe('docs/protocol.md "Durability": recovery', () => {
  it('an empty log: the height is open as if new', () => {
    const b = new Bench(3);
    const r = restart(b, [], []);
    expect([r.state.height, r.state.view, r.asked, r.sent]).toEqual([1, 0, [], []]);
  });

  it('a proposal without an intent: nothing was voted', () => {
    const { b } = voted();
    const r = restart(b, upTo(b.log, 'proposal'), []);
    expect([r.state.lastVote, r.asked]).toEqual([undefined, []]);
  });

  it('an intent to prepare counts as the last vote, and is signed again', () => {
    const { b, block } = voted();
    const r = restart(b, upTo(b.log, 'intent'), []);
    expect([r.state.lastVote, r.asked]).toEqual([{ view: 0, digest: digestOf(block) }, ['prepare@0']]);
  });

  it('a Prepare that the signer holds is sent again with its signature', () => {
    const { b, prepare } = voted();
    const r = restart(b, upTo(b.log, 'intent'), rowsOf(prepare));
    expect([r.asked, r.sent]).toEqual([[], ['prepare']]);
    expect(firstOf(r.effects, 'broadcast')?.message).toEqual(prepare[0]);
  });

  it('lastVote = max(log, signer’s rows): a row without its log entry is the last vote, and no other vote follows in its view', () => {
    const { b, prepare } = voted();
    const r = restart(b, [], rowsOf(prepare));
    expect(r.state.lastVote?.digest).toBe(prepare[0]?.vote.vote.digest);
    const other = b.block(0, { time: b.now + 1 });
    const { effects } = step(b.params, r.state, { type: 'message', message: b.prePrepare(0, other) }, b.now);
    expect(effects.filter((e) => e.type === 'sign')).toEqual([]);
  });

  it('a PreparedCert: the Commit is asked for (again)', () => {
    const { b, prepare, commit } = voted();
    expect(restart(b, upTo(b.log, 'prepared'), rowsOf(prepare)).asked).toEqual(['commit@0']);
    expect(restart(b, b.log, rowsOf(prepare)).sent).toEqual(['prepare', 'commit']);
    const lost = restart(b, upTo(b.log, 'prepared'), rowsOf([...prepare, ...commit])); // its intent: it is written first
    expect([lost.asked, lost.sent]).toEqual([['commit@0'], ['prepare']]);
  });

  it('a signed Commit without its PreparedCert: we listen and say nothing at this height, for a ViewChange would hide the Commit', () => {
    const { b, block, prepare, commit } = voted();
    const r = restart(b, upTo(b.log, 'intent'), rowsOf([...prepare, ...commit]));
    expect(firstOf(r.effects, 'reject')).toMatchObject({ name: 'LogBehind', height: 1, view: 0 });
    let { state } = step(b.params, r.state, { type: 'tick' }, b.now);
    const told: string[] = [];
    const go = (input: Input) => {
      const made = step(b.params, state, input, b.now);
      ({ state } = made);
      for (const e of made.effects) if (['sign', 'broadcast', 'reject', 'commit'].includes(e.type)) told.push(e.type);
    };
    b.now = state.deadline;
    go({ type: 'tick' });
    go({ type: 'message', message: commit[0] as Message });
    expect([state.view, told]).toEqual([1, []]);
    for (const i of b.peers) go({ type: 'message', message: b.commit(i, 0, digestOf(block)) });
    expect([state.decided?.digest, told]).toEqual([digestOf(block), ['commit']]);
    go({ type: 'executed', height: 1, stateRoot: 'c'.repeat(64), resultsRoot: 'd'.repeat(64) });
    expect(status(state)).toMatchObject({ height: 2, mute: false });
  });

  it('its PreparedCert come back since, and written down: nothing is hidden any more, and the Commit is written down and asked for again', () => {
    const { b, block, prepare, commit } = voted();
    const back = b.log.filter((l) => l.kind === 'prepared');
    const r = restart(b, back, rowsOf([...prepare, ...commit]));
    expect([firstOf(r.effects, 'reject'), r.state.prepared?.digest, r.asked, r.sent]).toEqual([
      undefined,
      digestOf(block),
      ['commit@0'],
      [],
    ]);
  });

  it('a signed Prepare whose intent is lost, and with it the bodies, is not sent again, though its block is back', () => {
    const { b, prepare } = voted();
    const back = b.log.filter((l) => l.kind === 'proposal');
    const r = restart(b, back, rowsOf(prepare));
    expect([r.state.lastVote?.view, r.asked, r.sent]).toEqual([0, [], []]);
  });

  it('a ViewChange of ours whose content is lost comes back, and a NewView that rests on it is followed', () => {
    const b = new Bench(3);
    const own = b.viewChange(b.self, 1);
    const set = [own, ...b.peers.slice(0, 2).map((i) => b.viewChange(i, 1))];
    let { state } = restart(b, [], rowsOf([own]));
    const rejected: string[] = [];
    for (const message of [...set.slice(1), b.newView(1, set), own, own]) {
      const made = step(b.params, state, { type: 'message', message }, b.now);
      ({ state } = made);
      for (const e of made.effects) if (e.type === 'reject') rejected.push(e.name);
    }
    expect([rejected, state.view, state.standing, state.justification.length]).toEqual([[], 1, 'active', 3]);
  });

  it('storage and log are lost: below the height of the last signature nothing is signed, how we voted there is not all told', () => {
    const b = new Bench(3);
    const r = restart(b, [], [signedVote(b.self, b.vote('prepare', 0, 'a'.repeat(64), 9))]);
    expect([r.state.height, r.state.muteBelow, status(r.state).mute]).toEqual([1, 9, true]);
    for (const height of [1, 8, 9]) {
      const echo: Message = { kind: 'prepare', vote: signedVote(b.self, b.vote('prepare', 0, 'a'.repeat(64), height)) };
      const { state, effects } = step(b.params, r.state, { type: 'message', message: echo }, b.now);
      expect([effects.filter((e) => e.type === 'reject'), state.muteBelow]).toEqual([[], 9]); // no news: an earlier run may have said it
    }
  });

  it('a log without a floor: what it holds of the next height is not dropped when the first one is executed', () => {
    const { b, block } = voted();
    for (const i of b.peers) b.hear(b.commit(i, 0, digestOf(block)));
    const next: LogRecord = {
      kind: 'intent',
      vote: b.vote('view-change', 3, viewChangeDigest(nothing), 2),
      viewChange: nothing,
      newView: undefined,
    };
    const r = restart(b, [...b.log.filter((l) => l.kind === 'final'), next], []);
    const executed = { type: 'executed' as const, height: 1, stateRoot: 'c'.repeat(64), resultsRoot: 'd'.repeat(64) };
    const { state, effects } = step(b.params, r.state, executed, b.now);
    expect([state.height, state.view]).toEqual([2, 3]);
    // A floor drops every record before it, and the promise not to vote below view 3 is one of them.
    expect(effects.flatMap((e) => (e.type === 'record' ? [e.record.kind] : []))).not.toContain('floor');
  });

  it('an intent to leave: the view is left, the same ViewChange is signed, and no vote below it', () => {
    const { b, block } = voted();
    b.now = b.state.deadline;
    b.feed({ type: 'tick' });
    const r = restart(b, b.log, []);
    expect([r.state.view, r.state.standing, r.asked]).toEqual([1, 'changing', ['view-change@1']]);
    expect(firstOf(r.effects, 'sign')?.message).toEqual(b.of('sign')[0]?.message);
    for (const message of [b.prePrepare(0, block), ...b.peers.map((i) => b.prepare(i, 0, digestOf(block)))]) {
      const after = step(b.params, r.state, { type: 'message', message }, b.now);
      expect(after.effects.filter((e) => e.type === 'sign')).toEqual([]);
    }
  });

  it('a ViewChange found signed is adopted: sent again, not made anew', () => {
    const { b } = voted();
    b.now = b.state.deadline;
    b.feed({ type: 'tick' });
    const [viewChange] = b.sign();
    const r = restart(b, b.log, rowsOf([viewChange as Message]));
    expect(firstOf(r.effects, 'broadcast')?.message).toEqual(viewChange);
    expect(r.asked).toEqual([]);
  });

  it('a ViewChange that only the signer knows: the view is left all the same', () => {
    const b = new Bench(3);
    const r = restart(b, [], [signedVote(b.self, b.vote('view-change', 4, 'a'.repeat(64)))]);
    expect([r.state.view, r.state.standing, r.asked, r.sent]).toEqual([4, 'changing', [], []]);
  });

  it('a leader’s NewView comes out the same, with the same choice, and its PrePrepare with it', () => {
    const b = new Bench(1);
    b.now = b.state.deadline;
    b.feed({ type: 'tick' });
    const made = b.sign();
    for (const i of b.peers.slice(0, 2)) b.hear(b.viewChange(i, 1));
    made.push(...b.sign());
    expect(made.map((m) => m.kind)).toEqual(['view-change', 'new-view', 'pre-prepare']);
    const r = restart(b, b.log, rowsOf(made));
    expect(r.effects.flatMap((e) => (e.type === 'broadcast' ? [e.message] : []))).toEqual([made[1], made[2]]);
    expect(r.state.justification).toEqual(b.state.justification); // our own ViewChange can still be fetched
    expect([r.state.view, r.state.standing, r.state.accepted]).toEqual([1, 'active', b.state.accepted]);
  });

  it('a NewView whose set is lost is not made a second time', () => {
    const b = new Bench(1);
    const rows = [signedVote(b.self, b.vote('new-view', 1, 'a'.repeat(64)))];
    const r = restart(b, [], rows);
    let state = r.state;
    for (const i of b.peers) ({ state } = step(b.params, state, { type: 'message', message: b.viewChange(i, 1) }, b.now));
    expect([state.view, state.standing]).toEqual([1, 'changing']);
  });

  it('a certified block that storage lacks is given to it again', () => {
    const { b, block } = voted();
    for (const i of b.peers) b.hear(b.commit(i, 0, digestOf(block)));
    const r = restart(b, b.log, []);
    expect(r.effects.flatMap((e) => (e.type === 'commit' ? [e.block] : []))).toEqual([block]);
    expect([r.state.phase, r.asked]).toEqual(['Committed', []]);
  });

  it('storage put back below the log’s floor: it catches up and signs nothing there', () => {
    const { b, block, commit } = voted();
    const floor: LogRecord = { kind: 'floor', height: 3, block: 'a'.repeat(64) };
    const r = restart(b, [floor], rowsOf(commit));
    expect(r.halt).toBeUndefined();
    const { effects } = step(b.params, r.state, { type: 'message', message: b.prePrepare(0, block) }, b.now);
    expect(effects.filter((e) => e.type === 'sign')).toEqual([]);
    expect(r.state.muteBelow).toBe(4);
  });

  it('rows of later heights wait until those heights open', () => {
    const b = new Bench(3);
    const later = signedVote(b.self, b.vote('prepare', 2, 'a'.repeat(64), 2));
    const r = restart(b, [], [later]);
    expect(r.state.lastVote).toBeUndefined();
    const block = b.block();
    const certificate = b.certificate('commit', 0, digestOf(block), b.peers);
    const start = startAfter(b.world.start, [block], certificate, 'c'.repeat(64), 'd'.repeat(64));
    const { state } = step(b.params, r.state, { type: 'caught-up', certificates: [certificate], start }, b.now);
    expect([state.height, state.view, state.lastVote]).toEqual([2, 2, { view: 2, digest: 'a'.repeat(64) }]);
  });

  it('rows of others and of other chains are not ours', () => {
    const b = new Bench(3);
    const vote = b.vote('prepare', 3, 'a'.repeat(64));
    const rows = [signedVote(b.peers[0] as number, vote), signedVote(b.self, { ...vote, chain: 'e'.repeat(64) })];
    expect(restart(b, [], rows).state.view).toBe(0);
  });
});

describe('somebody else signs with our key', () => {
  it('the signer refuses a vote of the current view: nothing more is said at this height', () => {
    const b = new Bench(3);
    b.hear(b.prePrepare(0, b.block()));
    const vote = b.of('sign')[0]?.message.vote;
    if (vote === undefined) throw new Error('no Prepare asked');
    b.feed({ type: 'refused', vote });
    expect(b.rejected).toEqual(['DoubleSignRefused']);
    b.tick(10_000);
    expect([b.asked, b.state.view]).toEqual([[], 1]);
  });

  it('a refusal for a view that was left is the ViewChange’s doing', () => {
    const b = new Bench(3);
    b.hear(b.prePrepare(0, b.block()));
    const vote = b.of('sign')[0]?.message.vote;
    b.now = b.state.deadline;
    b.feed({ type: 'tick' });
    if (vote !== undefined) b.feed({ type: 'refused', vote });
    expect([b.last, b.state.muteBelow]).toEqual([[], 0]);
  });

  it.each([
    { show: (b: Bench) => b.prepare(b.self, 0, 'a'.repeat(64)), mute: 4, why: 'a Prepare that we did not make' },
    { show: (b: Bench) => b.viewChange(b.self, 5), mute: 4, why: 'a ViewChange for a view where we never were' },
  ])('a peer shows $why: we sign nothing for two more heights', ({ show, mute }) => {
    const b = new Bench(3);
    b.hear(show(b));
    expect([b.rejected, b.state.muteBelow]).toEqual([['SignerBehind'], mute]);
    b.hear(b.prePrepare(0, b.block()));
    expect(b.asked).toEqual([]);
  });

  it('nor after a restart, while storage is still at work on the block that they made final', () => {
    const b = new Bench(3);
    leaveView(b);
    for (const i of b.peers) b.hear(b.viewChange(i, 1));
    b.hear(
      b.newView(
        1,
        b.peers.map((i) => b.viewChange(i, 1)),
      ),
    );
    const block = b.block(1);
    b.hear(b.prePrepare(1, block));
    const prepare = b.sign();
    for (const i of b.peers) b.hear(b.commit(i, 1, digestOf(block)));
    const r = restart(b, b.log, rowsOf(prepare));
    expect(r.state.decided?.digest).toBe(digestOf(block));
    const { state, effects } = step(b.params, r.state, { type: 'message', message: prepare[0] as Message }, b.now);
    expect([state.muteBelow, effects.filter((e) => e.type === 'reject')]).toEqual([1, []]);
  });

  it('our own messages coming back are nothing new', () => {
    const { b, prepare, commit } = voted();
    b.hear(...prepare, ...commit);
    expect([b.rejected, b.state.muteBelow]).toEqual([[], 0]);
  });
});
