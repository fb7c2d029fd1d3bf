/** K6 end to end in real processes: a validator contradicts itself on the wire, and the proof stands in a block of everybody else. */
import { randomBytes } from 'node:crypto';
import { fromBinary } from '@bufbuild/protobuf';
import { sign, verify } from '@bursar/crypto';
import { checkEvidence, decode, evidence as evidenceCodec, evidenceTransaction, fromHex, toHex, transactionHash } from '@bursar/protocol';
import { consensusEvents } from '@bursar/protocol/rpc';
import type { NatsBus } from '@bursar/shared-core';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { packMessage } from '../src/core/envelope.ts';
import { subjects } from '../src/core/subjects.ts';
import { keysOf } from './support/cell.ts';
import { CLIENT } from './support/genesis.ts';
import { Network, until } from './support/network.ts';
import { A, B, doublePrepare, prepare } from './support/offence.ts';

const LIAR = 3;
const HONEST = [0, 1, 2];
const network = new Network(4);
const { chain } = network;
const name = subjects(chain);
const rejected: consensusEvents.ValidationRejected[] = [];
let bus: NatsBus;

beforeAll(async () => {
  await network.start();
  await network.kill(LIAR); // from here on its key is ours
  bus = await network.connect();
  const take = (data: Uint8Array) => void rejected.push(fromBinary(consensusEvents.ValidationRejectedSchema, data));
  for (const i of HONEST) bus.subscribe(name.event('message.rejected', i), ({ data }) => take(data), { queueLimit: 1_000 });
}, 90_000);
afterAll(async () => {
  await bus?.close();
  await network.stop();
}, 30_000);

/** Two Prepares of one view, for a height that opens in a moment. @returns the height */
async function contradict(): Promise<number> {
  const height = Math.max(...HONEST.map((i) => network.cells[i]?.height ?? 0)) + 3;
  for (const digest of [A, B]) {
    const bytes = packMessage(prepare(chain, LIAR, height, digest), randomBytes(16), Date.now());
    bus.publish(name.vote(LIAR), bytes ?? new Uint8Array());
  }
  await bus.flush();
  return height;
}
const recorded = (i: number, height: number) => network.cells[i]?.evidence.filter((e) => e.validator === LIAR && e.height === height) ?? [];
const inAllBlocks = (height: number) =>
  until(`the offence of height ${height} is in a block`, () => HONEST.every((i) => recorded(i, height).length > 0) || undefined);
async function found(i: number) {
  const client = network.consensus(i);
  const { evidence } = await client.listEvidence({});
  client.close();
  return evidence;
}

describe('an equivocating validator', () => {
  it('is convicted by a block, once, and everybody honest shows the proof', async () => {
    const height = await contradict();
    await inAllBlocks(height);
    for (const i of HONEST) expect(recorded(i, height)).toEqual([doublePrepare(chain, LIAR, height)]);
    for (const i of HONEST) {
      const settled = () => found(i).then((all) => all.find((e) => e.state === 'recorded'));
      const one = await until(`validator ${i} says that it is recorded`, settled);
      expect(one).toMatchObject({ validator: LIAR, height: BigInt(height), kind: 'double-prepare', canonical: new Uint8Array() });
      const client = network.consensus(i);
      const { evidence } = await client.getEvidence({ digest: one.digest });
      client.close();
      const keys = network.cells[0]?.genesis.validators.map((v) => fromHex(v.publicKey)) ?? [];
      const context = { chain, epoch: 0, publicKey: (v: number) => keys[v], verify };
      expect(checkEvidence(decode(evidenceCodec, evidence?.canonical ?? new Uint8Array()), context)).toBe('double-prepare');
      expect(await network.metrics(i)).toMatch(/\nconsensus_byzantine_detections_total 1\n/);
      expect(network.output(i)).toMatch(/"event":"ByzantineDetected".*double-prepare/);
    }
    expect(network.agrees()).toBe(true);
    const convicting = await until('4003 is published', () => rejected.find((r) => r.rejection?.code === 4003));
    expect(convicting).toMatchObject({ sender: LIAR, rejection: { name: 'EquivocationDetected' } });
  }, 120_000);

  it('is convicted after a restart of its witnesses: the log keeps what no block has recorded', async () => {
    for (const cell of network.cells) cell.refusesEvidence = true;
    const height = await contradict();
    for (const i of HONEST)
      await until(`validator ${i} has found it`, async () => (await found(i)).some((e) => e.height === BigInt(height)) || undefined);
    await network.reach(height + 1, HONEST);
    await Promise.all(HONEST.map((i) => network.kill(i)));
    for (const i of HONEST) expect(recorded(i, height)).toEqual([]);
    for (const cell of network.cells) cell.refusesEvidence = false;
    for (const i of HONEST) network.launch(i);
    await Promise.all(HONEST.map((i) => network.ready(i)));
    await inAllBlocks(height);
    expect(network.agrees()).toBe(true);
  }, 120_000);
});

describe('a client', () => {
  const { publicKey, secretKey } = keysOf(CLIENT);
  const given = (evidence: Parameters<typeof evidenceTransaction>[2]) => {
    const body = evidenceTransaction(chain, toHex(publicKey), evidence);
    return { body, signature: sign(secretKey, transactionHash(body)) };
  };
  it('may hand in what it found', async () => {
    const client = network.transactions(1);
    const { transactionId } = await client.submit(given(doublePrepare(chain, LIAR, 1)));
    const { result } = await client.wait({ transactionId }, { timeoutMs: 30_000 });
    expect(result?.rejection).toBeUndefined();
    client.close();
    await inAllBlocks(1);
  }, 60_000);
  it('is refused at once when it proves nothing', async () => {
    const client = network.transactions(1);
    await expect(client.submit(given({ ...doublePrepare(chain, LIAR, 1), validator: 0 }))).rejects.toMatchObject({
      reason: 'EVIDENCE_INVALID',
      code: 7301,
    });
    client.close();
  }, 60_000);
  it('asks for evidence that nobody found', async () => {
    const client = network.consensus(0);
    await expect(client.getEvidence({ digest: new Uint8Array(32) })).rejects.toMatchObject({ reason: 'NOT_FOUND' });
    client.close();
  }, 60_000);
});
