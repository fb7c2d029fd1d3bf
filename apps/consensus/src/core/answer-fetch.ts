/** Answers what peers ask for by name, within a budget (docs/protocol.md, "Messages on NATS"). */
import { create, toBinary } from '@bufbuild/protobuf';
import { type Proposal, proposalCodec } from '@bursar/pbft';
import { encode, type Message, message as messageCodec } from '@bursar/protocol';
import { wire } from '@bursar/protocol/rpc';
import type { Body, BodyStore } from './body-store.ts';
import { PIECE_BYTES, packPiece, unpackRequest, type Want } from './fetch-pieces.ts';
import type { RecentBlocks } from './recent-blocks.ts';
import type { TokenBucket } from './token-bucket.ts';

export interface AnswerParts {
  readonly store: BodyStore;
  readonly recent: RecentBlocks;
  readonly proposal: (digest: string) => Proposal | undefined;
  readonly viewChange: (want: Extract<Want, { kind: 'view-change' }>) => Message | undefined;
  /** As they travel, out of storage: as many as fit into a piece, at least one. */
  readonly loadFinals: (from: number, to: number) => Promise<Uint8Array | undefined>;
  /** Bytes that may be answered to whoever asks. */
  readonly budget: TokenBucket;
  readonly now: () => number;
}

/** Total: nonsense and what is not here answer "not found". */
export async function answerFetch(request: Uint8Array, parts: AnswerParts): Promise<Uint8Array> {
  const asked = unpackRequest(request);
  if (!asked || !parts.budget.take(parts.now(), PIECE_BYTES)) return packPiece(undefined, 0);
  return packPiece(await find(asked.want, parts), asked.offset);
}

async function find(want: Want, parts: AnswerParts): Promise<Uint8Array | undefined> {
  const { store, recent, proposal, viewChange } = parts;
  switch (want.kind) {
    case 'final-blocks':
      return await recent.packed(want.from, want.to, () => load(want.from, want.to, parts));
    case 'batch': {
      const body = store.find(want.digest) ?? recent.findBody(want.digest);
      return body && packBatch(body);
    }
    case 'block': {
      const found = proposal(want.digest);
      return found && encode(proposalCodec, found);
    }
    case 'view-change': {
      const found = viewChange(want);
      return found && encode(messageCodec, found);
    }
  }
}

/** Storage reads the whole for one piece: it is paid for as a whole. */
async function load(from: number, to: number, { loadFinals, budget, now }: AnswerParts): Promise<Uint8Array | undefined> {
  const loaded = await loadFinals(from, to);
  if (loaded) budget.charge(now(), Math.max(0, loaded.length - PIECE_BYTES));
  return loaded;
}

/** Without signature when the body came with a final block: good for a final block only. */
const packBatch = (body: Body): Uint8Array =>
  toBinary(
    wire.BatchMessageSchema,
    create(wire.BatchMessageSchema, { batch: body.encoded, signature: body.signature ?? new Uint8Array() }),
  );
