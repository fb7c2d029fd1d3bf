/**
 * Gate 3, sequence (C5): the open height and a thousand above it. What is above the open one waits in the engine, a bounded number for
 * each sender. What is below passes as well: it is a question, which the engine answers with the certificate, or testimony.
 */
import { bounds } from '@bursar/pbft';
import type { Envelope } from '../envelope.ts';
import type { Authentic } from './gate-2-signature.ts';
import { type Wrong, wrong } from './refusal.ts';

declare const passed: unique symbol;
export type Sequenced = Envelope & { readonly [passed]: 'sequence' };

/** @returns SequenceGap or the message. */
export function sequenceGate(m: Authentic, openHeight: number): Sequenced | Wrong {
  const { height } = m.message.vote.vote;
  if (height > openHeight + bounds.heightsAhead) return wrong('SequenceGap', `height ${height} is too far above ${openHeight}`);
  return m as Envelope as Sequenced;
}
