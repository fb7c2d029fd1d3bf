import { describe, expect, it } from '@jest/globals';
import { ref } from './support/bench.ts';
import { Cluster } from './support/cluster.ts';
import { equalStakes, worldOf } from './support/network.ts';

const heights = (c: Cluster) => c.nodes.map((n) => n.blocks.length);
const halts = (c: Cluster) => c.nodes.flatMap((n) => n.halts);
/** K6: at each height all that have a block have the same one. */
function agree(c: Cluster): void {
  for (let h = 0; h < Math.max(...heights(c)); h++) {
    expect(new Set(c.nodes.flatMap((n) => n.blocks[h]?.certificate.digest ?? [])).size).toBe(1);
  }
  expect(halts(c)).toEqual([]);
}

describe('K6 agreement always, progress when the network heals', () => {
  it.each([{ stakes: equalStakes(4) }, { stakes: equalStakes(5) }, { stakes: equalStakes(7) }, { stakes: [34n, 34n, 31n, 1n] }])(
    'stakes $stakes: a healthy network makes a block each interval, in view 0, and nothing is refused but double votes',
    ({ stakes }) => {
      const c = new Cluster(worldOf(stakes));
      c.run(10_500);
      expect(Math.min(...heights(c))).toBeGreaterThanOrEqual(9);
      expect(c.nodes.flatMap((n) => n.rejects)).toEqual([]);
      expect(c.nodes.every((n) => n.blocks.every((b) => b.block.header.view === 0))).toBe(true);
      agree(c);
    },
  );

  it('batches are ordered once, and the receipt block follows at once', () => {
    const c = new Cluster(worldOf(equalStakes(4)));
    c.run(100);
    for (const i of [0, 1, 2, 3]) c.feed(i, { type: 'offer', batches: [ref(2), ref(2, 2)] });
    c.run(200);
    const blocks = c.node(0).blocks.map((b) => b.block.batches.length);
    expect(blocks).toEqual([2, 0]);
    agree(c);
  });

  it('a dead validator costs a view change when it leads, and then its turns are passed over', () => {
    const c = new Cluster(worldOf(equalStakes(4)));
    c.crash(1);
    c.run(60_000);
    const skipped = c.node(0).blocks.filter((b) => b.block.header.view > 0).length;
    expect([skipped, (heights(c)[0] as number) > 50]).toEqual([1, true]);
    c.restart(1);
    c.run(3_000);
    expect(Math.max(...heights(c)) - Math.min(...heights(c))).toBeLessThanOrEqual(1);
    agree(c);
  });

  it('no quorum, no progress; after the partition heals, all go on', () => {
    const c = new Cluster(worldOf(equalStakes(4)));
    c.run(2_500);
    const before = Math.max(...heights(c));
    c.filter = (from, to) => from < 2 === to < 2;
    c.run(30_000);
    expect(Math.max(...heights(c))).toBeLessThanOrEqual(before + 1);
    c.filter = () => true;
    c.run(15_000);
    expect(Math.min(...heights(c))).toBeGreaterThan(before + 4);
    agree(c);
  });

  it('all crash at once at any moment and come back: nobody contradicts itself', () => {
    const c = new Cluster(worldOf(equalStakes(4)));
    for (let k = 0; k < 40; k++) {
      c.run(997 + 7 * k);
      for (const i of [0, 1, 2, 3]) c.crash(i);
      for (const i of [0, 1, 2, 3]) c.restart(i);
    }
    c.run(20_000);
    expect(Math.min(...heights(c))).toBeGreaterThan(10);
    agree(c);
  });

  it('lost messages are made good by resending', () => {
    const c = new Cluster(worldOf(equalStakes(4)));
    let n = 0;
    c.filter = () => {
      n = (n * 1103515245 + 12345) % 2147483648;
      return n % 10 < 7;
    };
    c.run(120_000);
    expect(Math.min(...heights(c))).toBeGreaterThan(10);
    agree(c);
  });

  it('a validator that was away catches up from certificates, and storage may be far behind', () => {
    const c = new Cluster(worldOf(equalStakes(4)));
    c.crash(3);
    c.run(100_000);
    c.restart(3);
    c.run(10_000);
    expect(Math.max(...heights(c)) - (heights(c)[3] as number)).toBeLessThanOrEqual(1);
    agree(c);
  });
});
