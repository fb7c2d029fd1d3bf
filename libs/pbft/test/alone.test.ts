import { describe, expect, it } from '@jest/globals';
import { Bench } from './support/bench.ts';

describe('C13 a validator that hears nobody', () => {
  it('signs one ViewChange and nothing more, however long it lasts, repeats it for ever, and goes on with the quorum', () => {
    const b = new Bench(3);
    b.tick(60_000); // its time is over
    b.sign();
    const signed = b.ever('sign').map((e) => e.message.vote.phase);
    const sent = () => b.ever('broadcast').length;
    expect(signed).toEqual(['view-change']);
    for (let minute = 0; minute < 120; minute++) {
      const before = sent();
      for (let i = 0; i < 120; i++) b.tick(500);
      expect(sent() - before).toBe(120);
    }
    expect([b.ever('sign').length, b.state.view]).toEqual([1, 1]);
    const set = b.peers.map((i) => b.viewChange(i, 1));
    const block = b.block(1);
    b.hear(...set, b.newView(1, set), b.prePrepare(1, block));
    expect(b.asked).toEqual(['prepare@1']);
  });
});
