import type { Message } from '@bursar/protocol';
import type { Liar } from './liar.ts';

/** How a faulty validator misbehaves; everything it leaves alone happens as in an honest one. */
export interface Actor {
  /** Its own driver broadcasts. True: the actor has seen to it, nothing else leaves. */
  says(liar: Liar, message: Message): boolean;
  /** A message of somebody else arrives. */
  heard?(liar: Liar, message: Message): void;
}
