import type { Message } from '@bursar/protocol';
import { rejection } from '@bursar/shared-core';
import { describe, expect, it } from '@jest/globals';
import { packSignatures, verifySignatures } from '../src/core/signature-job.ts';
import type { SignaturePort } from '../src/ports.ts';
import { testGenesis } from './support/genesis.ts';
import { type Injected, Peer, play } from './support/peer.ts';

const world = testGenesis(4);
const HEIGHTS = 5;
/** True for every `nth` call. */
const every = (nth: number) => {
  let count = 0;
  return () => ++count % nth === 0;
};
const failing = (): SignaturePort => {
  const fails = every(3);
  return {
    async verify(groups) {
      if (fails()) throw rejection('SignatureVerificationTimeout');
      return [...verifySignatures(packSignatures(groups))].map((v) => v === 1);
    },
  };
};

interface Row {
  readonly point: string;
  readonly what: string;
  readonly injected?: (i: number) => Injected;
  /** What becomes of a message on its way. */
  readonly on?: () => (to: Peer, message: Message) => void;
  /** Validators that must come to the end; default: all. */
  readonly who?: readonly number[];
}
const deliver = (to: Peer, message: Message) => to.receive(message);
const rows: Row[] = [
  {
    point: 'message_delay',
    what: 'messages arrive after the next twenty of their receiver',
    on: () => {
      const held = new Map<Peer, Message[]>();
      return (to, message) => {
        const queue = held.get(to) ?? [];
        held.set(to, queue);
        queue.push(message);
        if (queue.length > 20 || message.kind === 'view-change') for (const m of queue.splice(0)) to.receive(m);
      };
    },
  },
  {
    point: 'message_drop',
    what: 'every fourth message is lost',
    on: () => {
      const isLost = every(4);
      return (to, message) => void (isLost() || to.receive(message));
    },
  },
  { point: 'signature_failure', what: 'every third job of the verifying thread fails', injected: () => ({ signatures: failing() }) },
  {
    point: 'network_partition',
    what: 'one of four is cut off',
    on: () => (to, message) => void (to.index === 3 || message.vote.validator === 3 || to.receive(message)),
    who: [0, 1, 2],
  },
  {
    point: 'clock_skew',
    what: 'one clock is four seconds late, another four ahead',
    injected: (i) => ({ skewMs: [-4_000, 4_000, 0, 0][i] ?? 0 }),
  },
  {
    point: 'memory_pressure',
    what: 'almost no memory is left: votes of the open height still pass',
    injected: () => ({ memory: () => 0.99 }),
  },
  {
    point: 'cpu_overload',
    what: 'the loop is late: everything comes in one turn, and again',
    on: () => (to, message) => {
      for (let i = 0; i < 20; i++) to.receive(message);
    },
  },
];

describe('C14 chaos points of the ingress: each can be injected, and blocks become final all the same', () => {
  it.each(rows.map((row) => [`${row.point}: ${row.what}`, row] as const))('%s', async (_, { injected, on, who = [0, 1, 2, 3] }) => {
    const time = { ms: world.genesis.time + 10_000 };
    const peers = [0, 1, 2, 3].map((i) => new Peer(i, world, time, injected?.(i)));
    for (const p of peers) p.others = peers;
    const some = peers.filter((p) => who.includes(p.index));
    const final = () => Math.min(...some.map((p) => p.blocks.length));
    await play(peers, time, () => final() >= HEIGHTS, on?.() ?? deliver);
    expect(final()).toBeGreaterThanOrEqual(HEIGHTS);
    const [first] = some as [Peer];
    for (const p of some) expect(p.blocks.slice(0, HEIGHTS)).toEqual(first.blocks.slice(0, HEIGHTS));
  });
});
