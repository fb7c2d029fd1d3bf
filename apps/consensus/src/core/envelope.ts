/** Consensus messages on the wire (C2) and in memory. The signature covers the vote; the envelope is packing. */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { proposalCodec } from '@bursar/pbft';
import { decode, encode, fromHex, limits, type Message, newView, type Phase, toHex, viewChange } from '@bursar/protocol';
import { wire } from '@bursar/protocol/rpc';
import { type Context, context } from '@opentelemetry/api';

const { Phase: WirePhase } = wire;
const WIRE: Readonly<Record<Message['kind'], wire.Phase>> = {
  'pre-prepare': WirePhase.PRE_PREPARE,
  prepare: WirePhase.PREPARE,
  commit: WirePhase.COMMIT,
  'view-change': WirePhase.VIEW_CHANGE,
  'new-view': WirePhase.NEW_VIEW,
};
const KIND = new Map<wire.Phase, Message['kind']>(Object.entries(WIRE).map(([kind, phase]) => [phase, kind as Message['kind']]));
/** A PrePrepare carries the leader's Prepare. */
const votePhase = (kind: Message['kind']): Phase => (kind === 'pre-prepare' ? 'prepare' : kind);

/** What came in, before its signature was checked. */
export interface Envelope {
  readonly message: Message;
  /** For logs and events: 32 hexadecimal digits. */
  readonly msgId: string;
  /** Milliseconds since 1970, as the sender says. */
  readonly timestampMs: number;
  /** Local only (C2): when it came, by a monotonic clock, and the trace in which it came. */
  readonly receivedMs: number;
  readonly trace: Context;
}

function content(message: Message): Uint8Array {
  switch (message.kind) {
    case 'pre-prepare':
      return encode(proposalCodec, { block: message.block, certificate: message.certificate });
    case 'view-change':
      return encode(viewChange, message.content);
    case 'new-view':
      return encode(newView, message.content);
    default:
      return new Uint8Array();
  }
}

/** @returns undefined when it would exceed what a peer takes (C2: 10 KiB) */
export function packMessage(message: Message, msgId: Uint8Array, nowMs: number): Uint8Array | undefined {
  const { vote, validator, signature } = message.vote;
  const bytes = toBinary(
    wire.ConsensusMessageSchema,
    create(wire.ConsensusMessageSchema, {
      msgId,
      version: 1,
      sender: validator,
      timestamp: BigInt(nowMs),
      signature,
      phase: WIRE[message.kind],
      blockHash: fromHex(vote.digest),
      view: BigInt(vote.view),
      sequence: BigInt(vote.height),
      epoch: vote.epoch,
      chain: fromHex(vote.chain),
      content: content(message),
    }),
  );
  return bytes.length > limits.consensusMessage ? undefined : bytes;
}

/** Total; undefined for whatever is no envelope of this version. */
export function unpackMessage(bytes: Uint8Array, receivedMs = 0): Envelope | undefined {
  if (bytes.length > limits.consensusMessage) return undefined;
  try {
    const m = fromBinary(wire.ConsensusMessageSchema, bytes);
    const kind = KIND.get(m.phase);
    if (kind === undefined || m.version !== 1 || m.msgId.length !== 16 || m.sender >= limits.validators) return undefined;
    if (m.signature.length !== 64 || m.blockHash.length !== 32 || m.chain.length !== 32) return undefined;
    const vote = {
      vote: {
        chain: toHex(m.chain),
        epoch: m.epoch,
        height: safe(m.sequence),
        view: safe(m.view),
        phase: votePhase(kind),
        digest: toHex(m.blockHash),
      },
      validator: m.sender,
      signature: m.signature,
    };
    const message = assemble(kind, vote, m.content);
    return { message, msgId: toHex(m.msgId), timestampMs: safe(m.timestamp), receivedMs, trace: context.active() };
  } catch {
    return undefined; // protobuf, canonical decoding and safe() throw on what does not fit
  }
}

function assemble(kind: Message['kind'], vote: Message['vote'], bytes: Uint8Array): Message {
  switch (kind) {
    case 'pre-prepare':
      return { kind, vote, ...decode(proposalCodec, bytes) };
    case 'view-change':
      return { kind, vote, content: decode(viewChange, bytes) };
    case 'new-view':
      return { kind, vote, content: decode(newView, bytes) };
    default:
      if (bytes.length > 0) throw new RangeError('a vote has no content');
      return { kind, vote };
  }
}

function safe(n: bigint): number {
  if (n > BigInt(Number.MAX_SAFE_INTEGER)) throw new RangeError('integer above 2^53 - 1');
  return Number(n);
}
