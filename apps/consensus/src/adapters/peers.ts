/** Other validators over NATS: lossy, and nothing here waits (docs/protocol.md, "Messages on NATS"). */
import { randomBytes } from 'node:crypto';
import { create, toBinary } from '@bufbuild/protobuf';
import type { Message } from '@bursar/protocol';
import { wire } from '@bursar/protocol/rpc';
import type { Bus, Logger } from '@bursar/shared-core';
import { packMessage } from '../core/envelope.ts';
import { packNotice } from '../core/final-blocks.ts';
import type { EventName, Subjects } from '../core/subjects.ts';
import type { Clock, PeersPort } from '../ports.ts';

/** Ids of messages sent that are remembered. */
const SENT_KEPT = 4_096;

export interface PeersOptions {
  readonly bus: Bus;
  readonly subjects: Subjects;
  readonly self: number;
  readonly clock: Clock;
  readonly log: Logger;
  readonly onTooLarge: () => void;
}

export function createPeers({ bus, subjects, self, clock, log, onTooLarge }: PeersOptions) {
  const publish = (subject: string, bytes: Uint8Array) => {
    try {
      bus.publish(subject, bytes);
    } catch (error) {
      log.error({ err: error, subject }, 'a message could not be sent');
    }
  };
  const sent = new Set<string>();
  const pack = (message: Message): Uint8Array | undefined => {
    const msgId = randomBytes(16);
    const packed = packMessage(message, msgId, clock.now());
    if (packed) {
      sent.add(msgId.toString('hex'));
      for (const oldest of sent) {
        if (sent.size <= SENT_KEPT) break;
        sent.delete(oldest);
      }
      return packed;
    }
    onTooLarge();
    log.error({ kind: message.kind, height: message.vote.vote.height }, 'a message of ours exceeds 10 KiB and is not sent');
    return undefined;
  };
  const peers: PeersPort = {
    broadcast(message) {
      const packed = pack(message);
      if (packed) publish(subjects.vote(self), packed);
    },
    notice: (to, header, certificate) => publish(subjects.final(to), packNotice(header, certificate)),
    batch: (batch, signature) =>
      publish(subjects.batch(self), toBinary(wire.BatchMessageSchema, create(wire.BatchMessageSchema, { batch, signature }))),
  };
  return {
    ...peers,
    /** Request and reply. @throws PeerUnreachable, ProcessingTimeout */
    ask: async (peer: number, request: Uint8Array, timeoutMs: number) =>
      (await bus.request(subjects.fetch(peer, self), request, { timeoutMs })).data,
    /** Whether this process sent it: NATS brings our own messages back. */
    isOurs: (msgId: string): boolean => sent.has(msgId),
    event: (name: EventName, bytes: Uint8Array) => publish(subjects.event(name, self), bytes),
  };
}
export type Peers = ReturnType<typeof createPeers>;
