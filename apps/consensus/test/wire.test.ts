import { create, toBinary } from '@bufbuild/protobuf';
import {
  type BatchRef,
  type Block,
  block as blockCodec,
  type Certificate,
  certificate as certificateCodec,
  encode,
  type Header,
  limits,
  type Message,
  message as messageCodec,
  ZERO_DIGEST,
} from '@bursar/protocol';
import { wire } from '@bursar/protocol/rpc';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { packMessage, unpackMessage } from '../src/core/envelope.ts';
import { Assembly, MAX_BYTES, PIECE_BYTES, packPiece, packRequest, unpackRequest, type Want } from '../src/core/fetch-pieces.ts';
import { packFinalBlocks, packNotice, unpackFinalBlocks, unpackNotice } from '../src/core/final-blocks.ts';
import { unpackBatch } from '../src/core/obtain.ts';
import { senderOf, subjects } from '../src/core/subjects.ts';
import { verifyBatch, verifyTransaction } from '../src/core/verify-job.ts';
import { testGenesis } from './support/genesis.ts';

const d = (n: number): string => n.toString(16).padStart(64, '0');
const vote = (phase: 'prepare' | 'commit' | 'view-change' | 'new-view') => ({
  vote: { chain: d(1), epoch: 0, height: 5, view: 2, phase, digest: d(2) },
  validator: 3,
  signature: new Uint8Array(64).fill(7),
});
const certificate: Certificate = {
  kind: 'commit',
  chain: d(1),
  epoch: 0,
  height: 4,
  view: 0,
  digest: d(3),
  signers: new Uint8Array([7]),
  signatures: [1, 2, 3].map((n) => new Uint8Array(64).fill(n)),
};
const header: Header = {
  version: 1,
  chain: d(1),
  epoch: 0,
  height: 5,
  view: 0,
  proposer: 1,
  time: 99,
  parent: d(3),
  certificate: ZERO_DIGEST,
  stateRoot: d(4),
  resultsRoot: d(5),
  beacon: d(6),
  proofVersion: 0,
  proof: new Uint8Array(),
  skipped: new Uint8Array([0]),
  nextValidators: d(7),
  batches: d(8),
};
const block: Block = { header, batches: [{ origin: 1, number: 1, digest: d(9), bytes: 10, transactions: 1, expiresAt: 100 }] };
const messages: Message[] = [
  { kind: 'pre-prepare', vote: vote('prepare'), block, certificate },
  { kind: 'prepare', vote: vote('prepare') },
  { kind: 'commit', vote: vote('commit') },
  {
    kind: 'view-change',
    vote: vote('view-change'),
    content: { lastVote: { view: 1, digest: d(2) }, prepared: { ...certificate, kind: 'prepared' } },
  },
  { kind: 'new-view', vote: vote('new-view'), content: { viewChanges: [{ validator: 0, digest: d(5) }] } },
];
const id = new Uint8Array(16).fill(1);
const pack = (m: Message): Uint8Array => packMessage(m, id, 1_234) ?? new Uint8Array();

describe('envelopes', () => {
  it.each(messages.map((m) => [m.kind, m] as const))('a %s comes out as it went in, with all fields of C2', (_, m) => {
    const found = unpackMessage(pack(m));
    expect(found?.timestampMs).toBe(1_234);
    expect(found?.msgId).toBe('01'.repeat(16));
    expect(found && encode(messageCodec, found.message)).toEqual(encode(messageCodec, m));
  });
  it('one above 10 KiB is neither sent nor taken', () => {
    const signatures = Array.from({ length: limits.validators }, () => new Uint8Array(64));
    const large: Message = {
      kind: 'pre-prepare',
      vote: vote('prepare'),
      block: { header, batches: Array.from({ length: limits.batchesPerBlock }, () => block.batches[0] as BatchRef) },
      certificate: { ...certificate, signatures },
    };
    expect(packMessage(large, id, 0)).toBeUndefined();
    expect(unpackMessage(new Uint8Array(limits.consensusMessage + 1))).toBeUndefined();
  });
  const wrong: [sentence: string, change: Record<string, unknown>][] = [
    ['another version', { version: 2 }],
    ['no phase', { phase: 0 }],
    ['a phase of the future', { phase: 9 }],
    ['a signature that is too short', { signature: new Uint8Array(63) }],
    ['a digest that is too short', { blockHash: new Uint8Array(31) }],
    ['a sender beyond every set', { sender: 200 }],
    ['a height that no number holds', { sequence: 2n ** 63n }],
    ['content beside a bare vote', { content: new Uint8Array(1) }],
    ['an id of another length', { msgId: new Uint8Array(15) }],
  ];
  it.each(wrong)('refused: %s', (_, change) => {
    const right = {
      msgId: id,
      version: 1,
      sender: 3,
      timestamp: 1n,
      signature: new Uint8Array(64),
      phase: wire.Phase.PREPARE,
      blockHash: new Uint8Array(32),
      chain: new Uint8Array(32),
      view: 0n,
      sequence: 1n,
    };
    const bytes = (m: object) => toBinary(wire.ConsensusMessageSchema, create(wire.ConsensusMessageSchema, m));
    expect(unpackMessage(bytes(right))).toBeDefined();
    expect(unpackMessage(bytes({ ...right, ...change }))).toBeUndefined();
  });
});

describe('fetching in pieces', () => {
  const wants: Want[] = [
    { kind: 'final-blocks', from: 7, to: 134 },
    { kind: 'block', digest: d(1) },
    { kind: 'batch', digest: d(2) },
    { kind: 'view-change', height: 3, view: 1, validator: 2, digest: d(3) },
  ];
  it.each(wants.map((w) => [w.kind, w] as const))('a request for a %s comes out as it went in', (_, want) => {
    expect(unpackRequest(packRequest(want, 512))).toEqual({ want, offset: 512 });
  });
  it('whatever the length, the pieces make the whole again', () => {
    for (const length of [1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES + 5]) {
      const whole = new Uint8Array(length).map((_, i) => i % 251);
      const assembly = new Assembly(MAX_BYTES['final-blocks']);
      let pieces = 0;
      for (;;) {
        const answer = assembly.add(packPiece(whole, assembly.offset));
        pieces++;
        if (answer === 'more') continue;
        expect(Buffer.compare(answer as Uint8Array, whole)).toBe(0);
        break;
      }
      expect(pieces).toBe(Math.ceil(length / PIECE_BYTES));
    }
  });
  const response = (found: boolean, total: number, piece: number) =>
    toBinary(wire.FetchResponseSchema, create(wire.FetchResponseSchema, { found, total, piece: new Uint8Array(piece) }));
  const bad: [sentence: string, answers: Uint8Array[]][] = [
    ['longer than such a thing may be', [response(true, PIECE_BYTES * 2 + 1, PIECE_BYTES)]],
    ['an empty piece, for ever', [response(true, 10, 0)]],
    ['a piece shorter than it should be', [response(true, 100, 10)]],
    ['a total that changes', [response(true, PIECE_BYTES + 9, PIECE_BYTES), response(true, PIECE_BYTES + 8, 8)]],
    ['more than the total', [response(true, 10, 11)]],
    ['a piece above its bound', [new Uint8Array(PIECE_BYTES + 100)]],
  ];
  it.each(bad)('a peer is given up: %s', (_, answers) => {
    const assembly = new Assembly(PIECE_BYTES * 2);
    expect(answers.map((a) => assembly.add(a)).at(-1)).toBe('wrong');
  });
  it('not to have it is an honest answer, unless a piece of it came before', () => {
    const assembly = new Assembly(PIECE_BYTES * 3);
    expect(new Assembly(9).add(packPiece(undefined, 0))).toBe('missing');
    expect(assembly.add(response(true, PIECE_BYTES * 2, PIECE_BYTES))).toBe('more');
    expect(assembly.add(packPiece(undefined, 0))).toBe('wrong');
  });
});

const packedBlock = { block: encode(blockCodec, block), certificate: encode(certificateCodec, certificate), batches: [] };
const at = (height: number) => ({ ...packedBlock, block: encode(blockCodec, { ...block, header: { ...header, height } }) });

describe('a run of final blocks', () => {
  it('comes out as it went in', () => {
    const found = unpackFinalBlocks(packFinalBlocks([at(5), at(6)], 80), 5, 9);
    expect([found?.newest, found?.blocks.map((b) => b.decoded.header.height)]).toEqual([80, [5, 6]]);
  });
  it.each([
    ['nothing', packFinalBlocks([], 9)],
    ['it begins at another height', packFinalBlocks([at(6)], 9)],
    ['a height is left out', packFinalBlocks([at(5), at(7)], 9)],
    ['more than was asked for', packFinalBlocks([5, 6, 7, 8, 9, 10].map(at), 10)],
    ['bytes that are no block', packFinalBlocks([{ ...at(5), block: new Uint8Array(50) }], 9)],
    ['a height that no number holds', packFinalBlocks([at(5)], 2 ** 60)],
  ])('is none: %s', (_, bytes) => {
    expect(unpackFinalBlocks(bytes, 5, 9)).toBeUndefined();
  });
});

it('subjects carry the index of their sender', () => {
  const s = subjects('ab'.repeat(32));
  expect(s.vote(12)).toBe('bursar.abababababababab.consensus.v1.vote.12');
  expect(senderOf(s.vote(12))).toBe(12);
  expect(senderOf('bursar.x.vote.')).toBeUndefined();
});

describe('decoders take any bytes without throwing', () => {
  const { chain } = testGenesis(4);
  const samples = [
    ...messages.map(pack),
    packRequest({ kind: 'batch', digest: d(1) }, 0),
    packPiece(new Uint8Array(40), 0),
    packNotice(header, certificate),
    packFinalBlocks([{ ...packedBlock, batches: [new Uint8Array(10)] }], 9),
    toBinary(wire.BatchMessageSchema, create(wire.BatchMessageSchema, { batch: new Uint8Array(80), signature: new Uint8Array(64) })),
  ];
  /** Random bytes, and genuine ones with some of their bytes changed or cut off. */
  const mutated = fc
    .tuple(fc.constantFrom(...samples), fc.array(fc.tuple(fc.nat(600), fc.integer({ min: 0, max: 255 })), { maxLength: 6 }), fc.nat(600))
    .map(([sample, edits, cut]) => {
      const bytes = new Uint8Array(sample);
      for (const [at, v] of edits) bytes[at % bytes.length] = v;
      return cut < 300 ? bytes : bytes.subarray(0, cut % bytes.length);
    });
  const decoders: [name: string, decode: (bytes: Uint8Array) => unknown][] = [
    ['consensus message', unpackMessage],
    ['fetch request', unpackRequest],
    ['fetch response', (b) => new Assembly(1_000_000).add(b)],
    ['final blocks', (b) => unpackFinalBlocks(b, 5, 9)],
    ['final notice', unpackNotice],
    ['batch message', unpackBatch],
    ['transaction', (b) => verifyTransaction(chain, b)],
    ['batch', (b) => verifyBatch(chain, b, { publicKey: new Uint8Array(32), signature: new Uint8Array(64) })],
  ];
  it.each(decoders)('%s', (_, decode) => {
    let cases = 0;
    const property = fc.property(fc.oneof(fc.uint8Array({ maxLength: 400 }), mutated), (bytes) => {
      cases++;
      decode(bytes);
    });
    fc.assert(property, { numRuns: 4_000 });
    expect(cases).toBeGreaterThanOrEqual(4_000); // eight decoders: 32,000 cases in all
  });
});
