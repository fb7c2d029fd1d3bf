/** What validators ask of one another and answer: packing that takes any bytes and yields a verdict (docs/protocol.md, "Messages on NATS"). */
import { create, toBinary } from '@bufbuild/protobuf';
import { type AnswerParts, answerFetch } from '../../../apps/consensus/src/core/answer-fetch.ts';
import { BodyStore } from '../../../apps/consensus/src/core/body-store.ts';
import { packMessage, unpackMessage } from '../../../apps/consensus/src/core/envelope.ts';
import {
  Assembly,
  MAX_BYTES,
  PIECE_BYTES,
  packPiece,
  packRequest,
  unpackRequest,
  type Want,
} from '../../../apps/consensus/src/core/fetch-pieces.ts';
import { proposalOf, viewChangeOf } from '../../../apps/consensus/src/core/fetched.ts';
import { bodiesOf, packFinalBlocks, packNotice, unpackFinalBlocks, unpackNotice } from '../../../apps/consensus/src/core/final-blocks.ts';
import { unpackBatch } from '../../../apps/consensus/src/core/obtain.ts';
import { RecentBlocks } from '../../../apps/consensus/src/core/recent-blocks.ts';
import { packSignatures, verifySignatures } from '../../../apps/consensus/src/core/signature-job.ts';
import { TokenBucket } from '../../../apps/consensus/src/core/token-bucket.ts';
import { verifyBatch, verifyTransaction } from '../../../apps/consensus/src/core/verify-job.ts';
import { ed25519 } from '../../../libs/crypto/src/index.ts';
import { type Params, proposalCodec } from '../../../libs/pbft/src/index.ts';
import * as p from '../../../libs/protocol/src/index.ts';
import { wire } from '../../../libs/protocol/src/rpc.ts';
import * as s from '../samples.ts';
import { must, type Target } from '../target.ts';

const ID = new Uint8Array(16).fill(1);
const pack = (m: p.Message): Uint8Array => packMessage(m, ID, s.START_MS) ?? new Uint8Array();

const envelope: Target = {
  name: 'consensus envelope',
  corpus: s.messages.map(pack),
  maxBytes: 12_288,
  share: 4,
  open: () => (bytes) => {
    const found = unpackMessage(bytes, 0);
    if (found === undefined) return false;
    const again = packMessage(found.message, Buffer.from(found.msgId, 'hex'), found.timestampMs);
    must(again !== undefined, 'what was taken can be sent');
    const second = unpackMessage(again, 0);
    must(
      second !== undefined && p.equalBytes(p.encode(p.message, second.message), p.encode(p.message, found.message)),
      'it is the same again',
    );
    return true;
  },
};

const wants: Want[] = [
  { kind: 'final-blocks', from: 2, to: 3 },
  { kind: 'block', digest: p.headerDigest(s.second.header) },
  { kind: 'batch', digest: s.ref.digest },
  { kind: 'view-change', height: 2, view: 1, validator: 2, digest: s.hex(1) },
];
const finals = packFinalBlocks(
  [{ block: p.encode(p.block, s.second), certificate: p.encode(p.certificate, s.secondCertificate), batches: [s.encodedBatch] }],
  2,
);
const body = { ref: s.ref, encoded: s.encodedBatch, signature: s.batchSignature, ids: new Uint8Array(64), traceparents: [] };
const request: Target = {
  name: 'fetch request',
  corpus: wants.map((w) => packRequest(w, 0)),
  maxBytes: 512,
  share: 4,
  open: () => {
    const store = new BodyStore([1, 1, 1, 1], 0, { window: 8, bytesPerOrigin: 1e6, pinnedBlocks: 4 });
    store.hold(body);
    const final = { block: s.second, certificate: s.secondCertificate };
    const parts: AnswerParts = {
      store,
      recent: new RecentBlocks(4, final),
      proposal: () => ({ block: s.second, certificate: s.firstCertificate }),
      viewChange: () => s.messages[3],
      loadFinals: async (from) => (from === 2 ? finals : undefined),
      budget: new TokenBucket({ perSecond: 1e12, burst: 1e12 }, 0),
      now: () => 0,
    };
    return async (bytes) => {
      const asked = unpackRequest(bytes);
      const answer = await answerFetch(bytes, parts);
      must(answer.length <= PIECE_BYTES + 64, 'an answer is a piece');
      const kept = new Assembly(MAX_BYTES[asked?.want.kind ?? 'batch']).add(answer);
      must(asked !== undefined || kept === 'missing', 'what is no request is not answered');
      return asked !== undefined;
    };
  },
};

/** Answers of one peer, one after the other: u16 length, then the answer. */
const answersOf = (bytes: Uint8Array): Uint8Array[] => {
  const found: Uint8Array[] = [];
  for (let at = 0; at + 2 <= bytes.length && found.length < 16; ) {
    const length = ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
    found.push(bytes.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  return found;
};
const joined = (...answers: readonly Uint8Array[]): Uint8Array =>
  new Uint8Array(Buffer.concat(answers.flatMap((a) => [Uint8Array.of(a.length >> 8, a.length & 255), a])));
const answers: Target = {
  name: 'fetch answers',
  corpus: [
    joined(packPiece(s.encodedBatch, 0)),
    joined(packPiece(undefined, 0)),
    joined(
      toBinary(
        wire.FetchResponseSchema,
        create(wire.FetchResponseSchema, { found: true, total: PIECE_BYTES + 1, piece: new Uint8Array(9) }),
      ),
    ),
  ],
  maxBytes: 8_192,
  share: 3,
  open: () => (bytes) => {
    const assembly = new Assembly(MAX_BYTES['view-change']);
    for (const answer of answersOf(bytes)) {
      const verdict = assembly.add(answer);
      if (verdict === 'more') continue;
      if (verdict === 'wrong' || verdict === 'missing') return false;
      must(verdict.length <= MAX_BYTES['view-change'], 'the whole is within its bound');
      return true;
    }
    return false;
  },
};

/** Something that was fetched: undefined, or what was asked for. */
const fetched = (name: string, corpus: readonly Uint8Array[], share: number, read: (bytes: Uint8Array) => object | undefined): Target => ({
  name: `fetched ${name}`,
  corpus,
  maxBytes: 32_768,
  share,
  open: () => (bytes) => read(bytes) !== undefined,
});
const params: Params = { chain: s.chain, set: s.set, self: 0, blockIntervalMs: 1, viewTimeoutMs: 1, resendMs: 1, clockToleranceMs: 1 };
const asked = s.messages[8] as p.MessageOf<'view-change'>;
const { height, view, digest } = asked.vote.vote;
const viewChangeWanted = { type: 'fetch-view-change' as const, height, view, validator: asked.vote.validator, digest, from: [1] };
const things: Target[] = [
  fetched('final blocks', [finals], 3, (bytes) => {
    const found = unpackFinalBlocks(bytes, 2, 4);
    if (!found) return undefined;
    must(
      found.blocks.every((f, i) => f.decoded.header.height === 2 + i),
      'the heights are those that were asked for',
    );
    for (const one of found.blocks) {
      const bodies = bodiesOf(s.second, one);
      must(!bodies || bodies.every((b, i) => p.batchDigest(b) === s.second.batches[i]?.digest), 'bodies are those of the block');
    }
    return found;
  }),
  fetched('notice', [packNotice(s.second.header, s.secondCertificate)], 3, unpackNotice),
  fetched('proposal', [p.encode(proposalCodec, { block: s.second, certificate: s.firstCertificate })], 3, (bytes) => {
    const wanted = p.headerDigest(s.second.header);
    const found = proposalOf(bytes, wanted);
    if (found)
      must(
        p.equalBytes(p.encode(proposalCodec, found), p.encode(proposalCodec, { block: s.second, certificate: s.firstCertificate })),
        'a digest names one proposal',
      );
    return found;
  }),
  fetched('ViewChange', [p.encode(p.message, asked)], 3, (bytes) => viewChangeOf(bytes, viewChangeWanted, params, s.coin)),
  fetched('batch', [s.batchMessage], 2, unpackBatch),
];

/** As the workers do it, with real signatures. */
const publicKey = Buffer.from(s.validators[1]?.publicKey ?? '', 'hex');
const jobs: Target[] = [
  {
    name: 'batch to the workers',
    corpus: [s.encodedBatch],
    maxBytes: 16_384,
    share: 1,
    open: () => (bytes) => {
      const verdict = verifyBatch(s.chain, bytes, { publicKey, signature: s.batchSignature });
      must(!verdict.ok || p.equalBytes(bytes, s.encodedBatch), 'the origin signed one batch only');
      verifyBatch(s.chain, bytes, undefined);
      return verdict.ok;
    },
  },
  {
    name: 'transaction to the workers',
    corpus: s.transactions.map((t) => p.encode(p.signedTransaction, t)),
    maxBytes: 8_192,
    share: 1,
    open: () => (bytes) => {
      const verdict = verifyTransaction(s.chain, bytes);
      must(!verdict.ok || s.transactions.some((t) => p.transactionId(t.body) === verdict.id), 'only what was signed is taken');
      return verdict.ok;
    },
  },
  {
    name: 'signatures to the workers',
    corpus: [new Uint8Array(128)],
    maxBytes: 128,
    share: 0.5,
    open: () => (bytes) => {
      const row = new Uint8Array(128);
      row.set(bytes);
      const one = { publicKey: row.subarray(0, 32), message: row.subarray(32, 64), signature: row.subarray(64) };
      const [verdict] = verifySignatures(packSignatures([[one]]));
      must((verdict === 1) === ed25519.verify(one.publicKey, one.message, one.signature), 'a worker says what the verifier says');
      return verdict === 0;
    },
  },
];

export const wires: readonly Target[] = [envelope, request, answers, ...things, ...jobs];
