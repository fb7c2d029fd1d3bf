/** Names on NATS (docs/protocol.md, "Messages on NATS"). `c` is the beginning of the chain id: two networks may share a server. */
import type { Digest } from '@bursar/protocol';

export const EVENTS = ['progress.changed', 'block.finalized', 'message.rejected', 'view.changed', 'health.changed'] as const;
export type EventName = (typeof EVENTS)[number];

export function subjects(chain: Digest) {
  const base = `bursar.${chain.slice(0, 16)}.consensus.v1`;
  return {
    vote: (i: number | '*') => `${base}.vote.${i}`,
    batch: (i: number | '*') => `${base}.batch.${i}`,
    /** Inbox of validator `i`. */
    final: (i: number) => `${base}.final.${i}`,
    /** What `asker` asks of validator `i`. */
    fetch: (i: number, asker: number) => `${base}.fetch.${i}.${asker}`,
    event: (name: EventName, i: number) => `${base}.${name}.${i}`,
  };
}
export type Subjects = ReturnType<typeof subjects>;

/** The index at the end of a subject. */
export function senderOf(subject: string): number | undefined {
  const found = /\.(\d{1,3})$/.exec(subject);
  return found ? Number(found[1]) : undefined;
}
