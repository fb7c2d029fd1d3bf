import type { Message } from '@bursar/protocol';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { testGenesis } from './support/genesis.ts';
import { Peer, play } from './support/peer.ts';

const world = testGenesis(4);
const MS = world.genesis.time + 10_000;

/** What four honest validators say until a height is final; `silent` says nothing. */
async function history(heights: number, silent?: number) {
  const clock = { ms: MS };
  const peers = [0, 1, 2, 3].filter((i) => i !== silent).map((i) => new Peer(i, world, clock));
  const messages = new Set<Message>();
  await play(
    peers,
    clock,
    () => peers.every((p) => p.blocks.length >= heights),
    (to, message) => {
      messages.add(message);
      to.receive(message);
    },
  );
  const [first] = peers as [Peer];
  const blocks = first.blocks.slice(0, heights);
  expect(blocks.length).toBe(heights);
  return { blocks, proposers: first.proposers, messages: [...messages], clock };
}

/** A late comer hears the same, in any order, each as often as may be, in turns of any length. */
function property({ blocks, messages, proposers, clock }: Awaited<ReturnType<typeof history>>, silent?: number) {
  const self = [0, 1, 2, 3].find((i) => i !== silent && !proposers.includes(i)) as number;
  const heard = messages.filter((m) => m.vote.validator !== self);
  const order = fc
    .array(fc.nat(heard.length - 1), { maxLength: heard.length * 2 })
    .chain((again) => fc.shuffledSubarray([...heard.keys(), ...again], { minLength: heard.length + again.length }));
  return fc.asyncProperty(order, fc.array(fc.boolean(), { maxLength: 200 }), async (indexes, pauses) => {
    const peer = new Peer(self, world, { ms: clock.ms });
    await peer.run();
    for (const [i, index] of indexes.entries()) {
      peer.receive(heard[index] as Message);
      if (pauses[i]) await peer.run();
    }
    await peer.run();
    expect(peer.blocks.slice(0, blocks.length)).toEqual(blocks);
    const costly = peer.refused.filter((r) => !['DuplicateMessage', 'InvalidView', 'OutOfSequence'].includes(r.name));
    expect(costly).toEqual([]);
    return true;
  });
}

describe('C5: redelivered, reordered and early messages cost an honest validator nothing', () => {
  it('three heights at once: the same blocks, nobody limited, nobody suspected', async () => {
    await fc.assert(property(await history(3)), { numRuns: 60 });
  }, 120_000);
  it('a view change: the same block', async () => {
    const first = await history(1);
    const silent = first.proposers[0] as number;
    await fc.assert(property(await history(1, silent), silent), { numRuns: 60 });
  }, 120_000);
});
