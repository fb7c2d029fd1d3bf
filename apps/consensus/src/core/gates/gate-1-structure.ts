/** Gate 1, structure (C5): an envelope of this version, at most 10 KiB, whose parts agree with their digests, of a time that may be. */
import { checkForm } from '@bursar/pbft';
import { type Envelope, unpackMessage } from '../envelope.ts';
import { type Wrong, wrong } from './refusal.ts';

declare const passed: unique symbol;
export type Structured = Envelope & { readonly [passed]: 'structure' };

/** The clock window: milliseconds that a message may be old, and ahead of us. */
const PAST_MS = 3_600_000;
const FUTURE_MS = 60_000;

export interface Now {
  /** Milliseconds since 1970. */
  readonly ms: number;
  /** The open height and its view. */
  readonly height: number;
  readonly view: number;
}

/** @returns MalformedMessage, MessageExpired, or the message. */
export function structureGate(bytes: Uint8Array, receivedMs: number, now: Now): Structured | Wrong {
  const envelope = unpackMessage(bytes, receivedMs);
  if (!envelope) return wrong('MalformedMessage', 'the bytes are no consensus message');
  const { message, timestampMs } = envelope;
  if (checkForm(message) !== undefined) return wrong('MalformedMessage', `the parts of the ${message.kind} do not belong together`);
  const ageMs = now.ms - timestampMs;
  if (isPast(envelope, now) && (ageMs > PAST_MS || ageMs < -FUTURE_MS))
    return wrong('MessageExpired', `its time is ${Math.round(ageMs / 1_000)} s off`);
  return envelope as Structured;
}

/** The sender's clock is a hint, and outside the signature: what is still to be decided never expires. */
function isPast({ message }: Envelope, { height, view }: Now): boolean {
  const { vote } = message.vote;
  return vote.height < height || (vote.height === height && vote.view < view);
}
