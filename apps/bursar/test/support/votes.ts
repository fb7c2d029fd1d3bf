/** Listens to every vote on NATS: what a validator has said, it said to somebody. */
import { readFileSync } from 'node:fs';
import { fromBinary } from '@bufbuild/protobuf';
import { type Phase, toHex } from '@bursar/protocol';
import { signing, wire } from '@bursar/protocol/rpc';
import { connectNats, createRpcClient } from '@bursar/shared-core';
import type { Devnet } from '../../src/devnet/devnet.ts';
import { natsUrl } from '../../src/devnet/nats-server.ts';
import { addressOf } from '../../src/devnet/network-file.ts';

/** By phase on the wire; a PrePrepare carries its leader's Prepare. */
const PHASES: Readonly<Partial<Record<wire.Phase, Phase>>> = {
  [wire.Phase.PRE_PREPARE]: 'prepare',
  [wire.Phase.PREPARE]: 'prepare',
  [wire.Phase.COMMIT]: 'commit',
  [wire.Phase.VIEW_CHANGE]: 'view-change',
  [wire.Phase.NEW_VIEW]: 'new-view',
};

export interface VoteRecorder {
  /** Votes seen, each once. */
  readonly count: number;
  /** Longest message, bytes. */
  readonly longest: number;
  /** Resolves at the next vote of a validator in a phase, or after `atMostMs`. */
  next(validator: number, phase: string, atMostMs: number): Promise<void>;
  /** Slots in which one validator signed two things. */
  conflicts(): string[];
  /** Conflicts, and votes on the network that their validator's crypto-signing does not know, of those that its answer reaches. */
  wrong(net: Devnet): Promise<string[]>;
  close(): Promise<void>;
}

export async function recordVotes(net: Devnet): Promise<VoteRecorder> {
  const bus = await connectNats({ url: natsUrl(net.at, net.network.natsPort), name: 'vote recorder' });
  /** Slot → digest → signature. */
  const seen = new Map<string, Map<string, string>>();
  const waiting = new Set<(validator: number, phase: string) => void>();
  let longest = 0;
  bus.subscribe(
    `bursar.${net.network.chain.slice(0, 16)}.consensus.v1.vote.*`,
    ({ data }) => {
      longest = Math.max(longest, data.byteLength);
      const { sender, sequence, view, phase: kind, blockHash, signature } = fromBinary(wire.ConsensusMessageSchema, data);
      const phase = PHASES[kind];
      if (phase === undefined) throw new RangeError(`a message of phase ${kind}`);
      const slot = `${sender}/${sequence}/${view}/${phase}`;
      const digests = seen.get(slot) ?? new Map<string, string>();
      seen.set(slot, digests.set(toHex(blockHash), toHex(signature)));
      for (const told of waiting) told(sender, phase);
    },
    { queueLimit: 100_000 },
  );
  await bus.flush();
  const conflicts = () => [...seen].filter(([, digests]) => digests.size > 1).map(([slot, d]) => `${slot}: ${[...d.keys()].join(' and ')}`);
  /** The slots. */
  async function unknownTo(of: Devnet, validator: number): Promise<string[]> {
    const cell = of.network.validators[validator];
    if (!cell) throw new RangeError(`no validator ${validator}`);
    const bearer = readFileSync(of.at.token(validator), 'utf8').trim();
    const client = createRpcClient(signing.Signing, addressOf(cell['crypto-signing']), { bearer });
    // First what was said, then what is on record: others are under way meanwhile.
    const said = [...seen].flatMap(([slot, digests]) => [...digests.values()].map((signature) => ({ slot, signature })));
    try {
      const { rows } = await client.listSigned({ fromHeight: 1n });
      const known = new Set(rows.map((r) => `${r.ballot?.height}/${r.ballot?.view}/${r.phase} ${toHex(r.signature)}`));
      const oldest = rows.length < 1_000 ? 0 : Number(rows[0]?.ballot?.height ?? 0); // it tells the newest thousand
      return said.flatMap(({ slot, signature }) => {
        const [sender, height, ...rest] = slot.split('/');
        if (Number(sender) !== validator || Number(height) <= oldest) return [];
        return known.has(`${height}/${rest.join('/')} ${signature}`) ? [] : [slot];
      });
    } finally {
      client.close();
    }
  }
  return {
    get count() {
      return seen.size;
    },
    get longest() {
      return longest;
    },
    next: (validator, phase, atMostMs) =>
      new Promise((resolve) => {
        const done = () => {
          clearTimeout(timer);
          waiting.delete(told);
          resolve();
        };
        const told = (v: number, p: string) => v === validator && p === phase && done();
        const timer = setTimeout(done, atMostMs);
        waiting.add(told);
      }),
    conflicts,
    async wrong(of) {
      const unknown = await Promise.all(of.network.validators.map((_, v) => unknownTo(of, v)));
      return [...conflicts().map((c) => `signed twice: ${c}`), ...unknown.flat().map((slot) => `not on record: ${slot}`)];
    },
    close: () => bus.close(),
  };
}
