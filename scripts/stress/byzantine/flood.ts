/** What no engine would ever send: malformed, oversized, badly signed, borrowed and repeated messages. Every gate has something to refuse (C5, C6). */
import { randomBytes } from 'node:crypto';
import { create, toBinary } from '@bufbuild/protobuf';
import { packMessage } from '../../../apps/consensus/src/core/envelope.ts';
import type { Subjects } from '../../../apps/consensus/src/core/subjects.ts';
import type { Message, Phase } from '../../../libs/protocol/src/index.ts';
import { wire } from '../../../libs/protocol/src/rpc.ts';
import type { Bus } from '../../../libs/shared-core/src/index.ts';
import type { Liar } from '../../../libs/simulator/src/index.ts';

interface Sent {
  readonly subject: string;
  readonly bytes: Uint8Array;
}
type Trick = (liar: Liar, subjects: Subjects) => Sent | undefined;

const packed = (subject: string, message: Message | undefined): Sent | undefined => {
  const bytes = message && packMessage(message, randomBytes(16), Date.now());
  return bytes && { subject, bytes };
};
const ours = (liar: Liar, subjects: Subjects, message: Message | undefined) => packed(subjects.vote(liar.index), message);
const newest = ({ seen }: Liar): Message | undefined => seen.recent.at(-1);
const anyone = (liar: Liar): number => liar.random.pick(liar.peers);
const PHASES: readonly ('prepare' | 'commit')[] = ['prepare', 'commit'];

/** A vote of ours near what was heard last. */
function voteAt(liar: Liar, ahead: number): Message | undefined {
  const place = newest(liar)?.vote.vote;
  const phase: Phase & ('prepare' | 'commit') = liar.random.pick(PHASES);
  return place && { kind: phase, vote: liar.vote(phase, Math.max(1, place.height + ahead), place.view, place.digest) };
}
function forged(message: Message | undefined): Message | undefined {
  return message && { ...message, vote: { ...message.vote, signature: randomBytes(64) } };
}

export const tricks: Readonly<Record<string, Trick>> = {
  'random bytes': (liar, s) => ({ subject: s.vote(liar.index), bytes: randomBytes(liar.random.between(0, 2_000)) }),
  'an oversized message': (liar, s) => ({ subject: s.vote(liar.index), bytes: randomBytes(liar.random.pick([11_000, 200_000])) }),
  'a forged signature': (liar, s) => ours(liar, s, forged(voteAt(liar, 0))),
  'a vote of another height': (liar, s) => ours(liar, s, voteAt(liar, liar.random.pick([-2_000, -3, 5, 5_000]))),
  'the vote of another validator': (liar, s) => ours(liar, s, liar.random.pick(liar.seen.recent)),
  'a forged vote on the subject of another': (liar, s) => packed(s.vote(anyone(liar)), forged(newest(liar))),
  'the same again': (liar, s) =>
    ours(
      liar,
      s,
      liar.seen.recent.findLast((m) => m.vote.validator === liar.index),
    ),
  'a batch of random bytes': (liar, s) => ({
    subject: s.batch(liar.index),
    bytes: toBinary(
      wire.BatchMessageSchema,
      create(wire.BatchMessageSchema, { batch: randomBytes(liar.random.between(0, 60_000)), signature: randomBytes(64) }),
    ),
  }),
  'a notice that is none': (liar, s) => ({ subject: s.final(anyone(liar)), bytes: randomBytes(300) }),
  'a request that is none': (liar, s) => ({ subject: s.fetch(anyone(liar), liar.index), bytes: randomBytes(100) }),
};

/** Sends `perSecond` of them until stopped. */
export function startFlood(liar: Liar, bus: Bus, subjects: Subjects, perSecond: number): { stop(): void } {
  const names = Object.keys(tricks);
  const TICK_MS = 50;
  const timer = setInterval(() => {
    if (liar.seen.recent.length === 0) return;
    for (let i = 0; i < (perSecond * TICK_MS) / 1_000; i++) {
      const name = liar.random.pick(names);
      const sent = (tricks[name] as Trick)(liar, subjects);
      if (!sent) continue;
      bus.publish(sent.subject, sent.bytes);
      liar.did(name);
    }
  }, TICK_MS);
  return { stop: () => clearInterval(timer) };
}
