import { create, toBinary } from '@bufbuild/protobuf';
import { rejections as all, type RejectionName, toHex } from '@bursar/protocol';
import { wire } from '@bursar/protocol/rpc';
import { createHealth, createLatencyWindow, createMemoryBus } from '@bursar/shared-core';
import { describe, expect, it } from '@jest/globals';
import { createPeers } from '../src/adapters/peers.ts';
import { SignatureWorker } from '../src/adapters/signature-worker.ts';
import { BodyStore } from '../src/core/body-store.ts';
import { InVerification } from '../src/core/in-verification.ts';
import { Ingress } from '../src/core/ingress.ts';
import type { PipelineParts } from '../src/core/pipeline.ts';
import { Shedder } from '../src/core/shedder.ts';
import { subjects } from '../src/core/subjects.ts';
import { watchHealth } from '../src/watch-health.ts';
import { A, B, NOW, Rig, type RigOptions } from './support/rig.ts';
import { telling } from './support/telling.ts';
import { mute } from './support/threads.ts';

type Told = ReturnType<typeof telling>;
interface Row {
  readonly name: RejectionName;
  readonly why: string;
  /** Index of the sender, as the event names it; undefined: nobody. */
  readonly sender?: number;
  /** The event bears the id of the message. */
  readonly hasId: boolean;
  readonly trigger: (told: Told) => Promise<unknown>;
}
const MESSAGE = { hasId: true, sender: 1 };
const clock = { now: () => NOW };

/** The pipeline hears what the row says; validator 1 says it unless the row does otherwise. */
const heard =
  (send: (r: Rig) => unknown, options: Omit<RigOptions, 'parts'> & { readonly parts?: Partial<PipelineParts> } = {}) =>
  async ({ told }: Told) => {
    const r = new Rig({ height: 5, ...options, parts: { ...options.parts, onRefused: told.onRefused } });
    await send(r);
    await r.settled();
  };
/** Final at the open height: storage is at work on a block. */
function decide(r: Rig): void {
  const certificate = {
    kind: 'commit' as const,
    chain: r.chain,
    epoch: 0,
    height: 5,
    view: 0,
    digest: B,
    signers: new Uint8Array([7]),
    signatures: [],
  };
  r.state = { ...r.state, decided: { digest: B, block: { header: undefined as never, batches: [] }, certificate, askers: [] } };
}
const ask = async ({ told, log }: Told, answers: boolean) => {
  const bus = createMemoryBus();
  const names = subjects(A);
  if (answers) bus.respond(names.fetch(1, 0), () => new Promise(() => {}), { queueLimit: 9 });
  const peers = createPeers({ bus, subjects: names, self: 0, clock, log, onTooLarge: () => {} });
  await expect(told.asking(peers.ask)(1, new Uint8Array(), 10)).rejects.toThrow();
  await bus.close();
};

const rows: Row[] = [
  { name: 'InvalidSignature', why: 'a forged vote', ...MESSAGE, trigger: heard((r) => r.send(r.vote('prepare', 1), { forged: true })) },
  {
    name: 'UnknownValidator',
    why: 'the subject of nobody',
    hasId: false,
    trigger: heard((r) => r.pipeline.onMessage(r.pack(r.vote('prepare', 1)), undefined)),
  },
  {
    name: 'SignatureVerificationTimeout',
    why: 'a thread that does not answer',
    ...MESSAGE,
    trigger: async (told) => {
      const worker = new SignatureWorker({
        timeoutMs: 10,
        onCrash: () => {},
        program: mute,
      });
      await worker.start();
      await heard((r) => r.send(r.vote('prepare', 1)), { parts: { inPlaceMax: 0, signatures: worker } })(told);
      await worker.close();
    },
  },
  {
    name: 'MalformedMessage',
    why: 'bytes that are no message',
    sender: 1,
    hasId: false,
    trigger: heard((r) => r.pipeline.onMessage(new Uint8Array(9), 1)),
  },
  { name: 'OutOfSequence', why: 'a height that is over', ...MESSAGE, trigger: heard((r) => r.send(r.vote('prepare', 1, 0, A, 2))) },
  {
    name: 'DuplicateMessage',
    why: 'the same vote twice',
    ...MESSAGE,
    trigger: heard((r) => [r.send(r.vote('prepare', 1)), r.send(r.vote('prepare', 1))]),
  },
  {
    name: 'MessageExpired',
    why: 'an old one of a height that is over',
    sender: 1,
    hasId: false,
    trigger: heard((r) => r.send(r.vote('prepare', 1, 0, A, 2), { ageMs: 3_601_000 })),
  },
  {
    name: 'SequenceGap',
    why: 'a thousand and one heights ahead',
    ...MESSAGE,
    trigger: heard((r) => r.send(r.vote('prepare', 1, 0, A, 1_006))),
  },
  {
    name: 'InvalidPhase',
    why: 'another block above the view in which one is final',
    ...MESSAGE,
    trigger: heard((r) => [decide(r), r.send(r.prePrepare(1, r.order.indexOf(1) + 4))]),
  },
  {
    name: 'InvalidView',
    why: 'a vote of a view that was left',
    ...MESSAGE,
    trigger: heard((r) => [r.leaveView(), r.send(r.vote('prepare', 1))]),
  },
  {
    name: 'WrongValidator',
    why: 'a NewView of somebody else',
    ...MESSAGE,
    trigger: heard((r) => r.send(r.newView(1, r.order[1] === 1 ? 2 : 1, [0, 1, 2]))),
  },
  {
    name: 'QuorumNotReached',
    why: 'a NewView of two',
    ...MESSAGE,
    trigger: heard((r) => r.send(r.newView(1, r.order.indexOf(1) + 4, [0, 1]))),
  },
  { name: 'ConflictingVotes', why: 'another batch of the same number', sender: 1, hasId: false, trigger: batchConflict },
  {
    name: 'EquivocationDetected',
    why: 'two digests in one view',
    ...MESSAGE,
    trigger: heard((r) => [r.send(r.vote('commit', 1)), r.send(r.vote('commit', 1, 0, B))]),
  },
  {
    name: 'QueueFull',
    why: 'more than may wait',
    ...MESSAGE,
    trigger: heard((r) => [r.send(r.vote('commit', 1)), r.send(r.vote('prepare', 1))], { parts: { room: { messages: 1, bytes: 9_999 } } }),
  },
  {
    name: 'RateLimited',
    why: 'more than one in a second',
    sender: 1,
    hasId: false,
    trigger: heard((r) => [r.send(r.vote('commit', 1)), r.send(r.vote('prepare', 1))], { parts: { rate: { perSecond: 1, burst: 1 } } }),
  },
  { name: 'ProcessingTimeout', why: 'a peer that keeps us waiting', sender: 1, hasId: false, trigger: (told) => ask(told, true) },
  {
    name: 'InsufficientResources',
    why: 'no memory for what is not urgent',
    ...MESSAGE,
    trigger: heard((r) => r.send(r.vote('commit', 1, 0, A, 99)), { memory: () => 0.96 }),
  },
  { name: 'PeerUnreachable', why: 'a peer that is not there', sender: 1, hasId: false, trigger: (told) => ask(told, false) },
  { name: 'NetworkPartitionDetected', why: 'no quorum for five seconds', hasId: false, trigger: apart },
];

async function batchConflict({ told }: Told): Promise<void> {
  const r = new Rig();
  const store = new BodyStore([1, 1, 1, 1], 0, { window: 8, bytesPerOrigin: 1e6, pinnedBlocks: 4 });
  const ref = { origin: 1, number: 1, digest: B, bytes: 1, transactions: 1, expiresAt: NOW };
  store.hold({ ref, encoded: new Uint8Array(1), signature: undefined, ids: new Uint8Array(), traceparents: [] });
  const rate = { perSecond: 1e6, burst: 1e6 };
  const { set, chain } = r;
  const shedder = new Shedder(() => 0, clock.now);
  const parts = { set, chain, self: 0, clock, store, shedder, rates: { batchBytes: rate, notices: rate }, ...told };
  const never = undefined as never; // nothing that conflicts reaches them
  const ingress = new Ingress({
    ...parts,
    verifier: never,
    verify: never,
    inVerification: new InVerification(),
    obtainer: never,
    journal: never,
    openHeight: () => 1,
    onNotice: never,
    onHeld: never,
  });
  const batch = new Uint8Array(60);
  new DataView(batch.buffer).setBigUint64(34, 1n);
  await ingress.onBatch(toBinary(wire.BatchMessageSchema, create(wire.BatchMessageSchema, { batch, signature: new Uint8Array(64) })), 1);
}
async function apart({ told, log, events, metrics, heard: who }: Told): Promise<void> {
  let ms = NOW;
  const bus = createMemoryBus();
  const assess = watchHealth({
    health: createHealth(() => ms),
    heard: who,
    latency: createLatencyWindow(),
    clock: { now: () => ms },
    log,
    metrics,
    events,
    bus,
    signal: new AbortController().signal,
    onRefused: told.onRefused,
    peers: 3,
    queue: () => 0,
    memory: () => 0,
    finalHeight: () => 1,
  });
  for (let second = 0; second < 60; second++) {
    ms += 1_000;
    assess();
  }
  await bus.close();
}

describe('C4: every rejection of the ingress is reached, and its event says all that an operator needs', () => {
  it.each(rows.map((row) => [`${all[row.name].code} ${row.name}: ${row.why}`, row] as const))(
    '%s',
    async (_, { name, sender, hasId, trigger }) => {
      const caught = telling(clock);
      await trigger(caught);
      const events = caught.rejections();
      expect(events.map((e) => e.rejection?.name)).toEqual([name]);
      const { code, severity, reason, remedy } = all[name];
      const [event] = events;
      expect(event).toMatchObject({ timeMs: BigInt(NOW), rejection: { code, name, reason, correctiveAction: remedy } });
      expect(event?.sender).toBe(sender);
      expect(toHex(event?.msgId ?? new Uint8Array())).toMatch(hasId ? /^[0-9a-f]{32}$/ : /^$/);
      expect(['low', 'medium', 'high', 'critical'][(event?.rejection?.severity ?? 0) - 1]).toBe(severity);
      const line = caught.lines.find((l) => l['name'] === name);
      expect(line).toMatchObject({ timestamp: NOW, code, name, severity, reason, correctiveAction: remedy, event: expect.any(String) });
      expect(caught.figures.rejected.get(name)).toBe(1);
      expect(await caught.registry.render()).toContain(`consensus_messages_rejected_total{reason="${name}"} 1\n`);
    },
  );
  it('the table has every code from 1001 to 6002', () => {
    const ofIngress = Object.values(all)
      .filter((r) => r.code < 7_000)
      .map((r) => r.name);
    expect(rows.map((r) => r.name).sort()).toEqual(ofIngress.sort());
  });
});
