/** What may befall a message between a process and NATS (C14: message_delay, message_drop, network_partition). Pure. */
import type { Random } from '@bursar/simulator';
import { isActive, type Window } from './window.ts';

/** `out`: what the process publishes; `in`: what is delivered to it. */
export type Direction = 'out' | 'in';

/** Probabilities are 0 … 1, for each message and each process. Faults that match one message add up. */
export interface Fault {
  /** Default: both. */
  readonly direction?: Direction;
  /**
   * NATS patterns, `*` and `>` included. Default: delays befall everything; the rest befalls what consensus sends (LOSSY), because nothing
   * promises that it arrives, while a JetStream client takes a lost acknowledgement for a broken server. An answer counts as a message on the subject that was asked.
   */
  readonly subjects?: readonly string[];
  readonly window?: Window;
  /** Added to every message; order is kept. */
  readonly delayMs?: number;
  /** At most this is added on top, uniformly; order is kept. */
  readonly jitterMs?: number;
  readonly drop?: number;
  readonly double?: number;
  /** Held back by up to `reorderMs` (default 20) while later ones pass. */
  readonly reorder?: number;
  readonly reorderMs?: number;
}

export const LOSSY: readonly string[] = ['bursar.*.consensus.v1.>'];
const REORDER_MS = 20;

/** Whether a NATS pattern covers a subject. */
export function covers(pattern: string, subject: string): boolean {
  const words = subject.split('.');
  const wanted = pattern.split('.');
  for (const [i, w] of wanted.entries()) {
    if (w === '>') return words.length > i;
    if (words[i] === undefined || (w !== '*' && w !== words[i])) return false;
  }
  return words.length === wanted.length;
}

/** Cuts a process off from these validators' consensus: votes and batches from them, notices and requests to them. To be set on both sides. */
export const partition = (peers: readonly number[], window?: Window): Fault => ({
  subjects: peers.flatMap((p) => [`bursar.*.consensus.v1.*.${p}`, `bursar.*.consensus.v1.*.*.${p}`, `bursar.*.consensus.v1.fetch.${p}.*`]),
  drop: 1,
  ...(window ? { window } : {}),
});

export interface Fate {
  /** 0: dropped; 2: doubled. */
  readonly copies: 0 | 1 | 2;
  /** Those behind it wait as well. */
  readonly delayMs: number;
  /** On top, for this one alone. */
  readonly heldMs: number;
}

/** @param subject of the message, or for an answer the one that was asked */
export function fateOf(faults: readonly Fault[], direction: Direction, subject: string, sinceMs: number, random: Random): Fate {
  let copies: Fate['copies'] = 1;
  let delayMs = 0;
  let heldMs = 0;
  for (const f of faults) {
    if ((f.direction ?? direction) !== direction || !isActive(f.window, sinceMs)) continue;
    const isNamed = f.subjects?.some((p) => covers(p, subject));
    if (isNamed ?? true) delayMs += (f.delayMs ?? 0) + (f.jitterMs ?? 0) * random.unit();
    if (!(isNamed ?? LOSSY.some((p) => covers(p, subject)))) continue;
    if (random.chance(f.drop ?? 0)) copies = 0;
    if (random.chance(f.double ?? 0) && copies === 1) copies = 2;
    if (random.chance(f.reorder ?? 0)) heldMs += (f.reorderMs ?? REORDER_MS) * random.unit();
  }
  return { copies, delayMs, heldMs };
}
