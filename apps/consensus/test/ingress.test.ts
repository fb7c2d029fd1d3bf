import { create, toBinary } from '@bufbuild/protobuf';
import { ed25519 } from '@bursar/crypto';
import { genesisSet } from '@bursar/membership';
import { wire } from '@bursar/protocol/rpc';
import { describe, expect, it } from '@jest/globals';
import { BodyStore } from '../src/core/body-store.ts';
import { packNotice } from '../src/core/final-blocks.ts';
import type { Refused } from '../src/core/gates/refusal.ts';
import { InVerification } from '../src/core/in-verification.ts';
import { Ingress } from '../src/core/ingress.ts';
import { Shedder } from '../src/core/shedder.ts';
import { testGenesis } from './support/genesis.ts';
import { headerOf } from './support/header.ts';

const { genesis, chain } = testGenesis(4);
const set = genesisSet(genesis);
const NOW = 1_800_000_000_000;

function setUp() {
  let memory = 0;
  const refused: Refused[] = [];
  let verified = 0;
  const atWorkers: number[] = [];
  const store = new BodyStore([1, 1, 1, 1], 0, { window: 8, bytesPerOrigin: 1e6, pinnedBlocks: 4 });
  const clock = { ms: NOW };
  const ingress = new Ingress({
    set,
    chain,
    self: 0,
    shedder: new Shedder(
      () => memory,
      () => clock.ms,
    ),
    verifier: {
      verify(key, message, signature) {
        verified++;
        return ed25519.verify(key, message, signature);
      },
    },
    clock: { now: () => clock.ms },
    verify: {
      // The last byte of a batch says what is wrong with it: its origin's signature, or what is in it.
      batch: async (encoded) => {
        atWorkers.push(encoded.at(-1) as number);
        if (encoded.at(-1) === 1) return { ok: false, name: 'MalformedMessage', why: 'a transaction in it' };
        return { ok: false, name: 'InvalidSignature', why: 'forged', ofOrigin: true };
      },
      transaction: async () => ({ ok: false, id: undefined, name: 'MalformedMessage', why: '' }),
      transactions: async () => [],
    },
    store,
    obtainer: { arrived() {} },
    inVerification: new InVerification(),
    journal: undefined as never,
    rates: {
      batchBytes: { perSecond: 1_000, burst: 1_000 },
      notices: { perSecond: 10, burst: 10 },
    },
    openHeight: () => 5,
    onNotice: () => {},
    onHeld: () => {},
    onReceived: () => {},
    onAccepted: () => {},
    onRefused: (r) => refused.push(r),
  });
  return { ingress, refused, atWorkers, store, clock, verified: () => verified, fill: (share: number) => (memory = share) };
}
/** A batch of that many bytes, number and last byte, under a signature of such bytes. */
function batch(bytes: number, number = 1, last = 0, signed = 0): Uint8Array {
  const body = new Uint8Array(bytes);
  new DataView(body.buffer).setBigUint64(34, BigInt(number));
  body[bytes - 1] = last;
  return toBinary(wire.BatchMessageSchema, create(wire.BatchMessageSchema, { batch: body, signature: new Uint8Array(64).fill(signed) }));
}

describe('C6: what one sender can take from another', () => {
  it('batches are counted by their bytes', async () => {
    const { ingress, refused } = setUp();
    await ingress.onBatch(batch(600), 1);
    await ingress.onBatch(batch(600), 1);
    await ingress.onBatch(batch(600), 2);
    expect(refused.map((r) => r.name)).toEqual(['InvalidSignature', 'RateLimited', 'InvalidSignature']);
  });
  it('batches that could not be kept do not reach the workers', async () => {
    const { ingress, refused, atWorkers, store } = setUp();
    const ref = { origin: 1, number: 1, digest: 'd'.repeat(64), bytes: 1, transactions: 1, expiresAt: NOW };
    store.hold({ ref, encoded: new Uint8Array(1), signature: undefined, ids: new Uint8Array(), traceparents: [] });
    await ingress.onBatch(batch(60, 1), 1);
    await ingress.onBatch(batch(60, 9), 1);
    await ingress.onBatch(batch(60, Number.MAX_SAFE_INTEGER * 8), 1);
    expect([refused.map((r) => r.name), atWorkers]).toEqual([['ConflictingVotes', 'SequenceGap', 'SequenceGap'], []]);
  });
  it('who signs an invalid batch is not looked at for a minute; a forger cannot bring that about', async () => {
    const { ingress, refused, atWorkers, clock } = setUp();
    await ingress.onBatch(batch(60, 2, 0), 1);
    await ingress.onBatch(batch(60, 2, 1), 1);
    await ingress.onBatch(batch(60, 3, 1), 1);
    clock.ms += 60_000;
    await ingress.onBatch(batch(60, 3, 1), 1);
    expect(refused.map((r) => r.name)).toEqual(['InvalidSignature', 'MalformedMessage', 'RateLimited', 'MalformedMessage']);
    expect(atWorkers).toEqual([0, 1, 1]);
  });
  it('a batch that is sent again while it is being verified is not verified again; under another signature it is another claim', async () => {
    const { ingress, atWorkers } = setUp();
    await Promise.all([batch(60, 2), batch(60, 2), batch(60, 2, 0, 7)].map((bytes) => ingress.onBatch(bytes, 1)));
    expect(atWorkers.length).toBe(2);
    await ingress.onBatch(batch(60, 2), 1);
    expect(atWorkers.length).toBe(3);
  });
  it("who sends a copy of another validator's batch, signature and all, does not keep out the original", async () => {
    const { ingress, atWorkers } = setUp();
    await Promise.all([2, 1].map((sender) => ingress.onBatch(batch(60, 2), sender)));
    expect(atWorkers.length).toBe(2);
  });
  it('when memory is short, batches are refused before they reach the workers (InsufficientResources)', async () => {
    const { ingress, refused, atWorkers, fill } = setUp();
    fill(0.91);
    await ingress.onBatch(batch(60), 1);
    expect([refused.map((r) => r.name), atWorkers]).toEqual([['InsufficientResources'], []]);
  });
  it('notices that prove nothing cost a bounded number of verifications', () => {
    const { ingress, refused, verified } = setUp();
    const header = headerOf(chain, { height: 9 });
    const signatures = [new Uint8Array(64), new Uint8Array(64), new Uint8Array(64)];
    for (let i = 0; i < 100; i++) {
      const certificate = { kind: 'commit' as const, chain, epoch: 0, height: 9, view: i, digest: 'a'.repeat(64) };
      ingress.onFinal(packNotice(header, { ...certificate, signers: new Uint8Array([7]), signatures }));
    }
    expect(verified()).toBeLessThanOrEqual(10);
    expect(refused.filter((r) => r.name === 'RateLimited').length).toBe(90);
  });
});

it('a batch on a subject without a validator is refused, not an error', async () => {
  const { ingress, refused } = setUp();
  await ingress.onBatch(batch(60), undefined);
  expect(refused).toMatchObject([{ name: 'UnknownValidator', sender: undefined }]);
});
