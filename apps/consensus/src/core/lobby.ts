/**
 * Where messages wait for gate 2 (C6): for each sender a bounded queue in two ranks. They are taken in turns, so that a flood of one
 * sender delays nobody else's; when a sender's room is full, its own less urgent messages go first.
 */
export type Rank = 'urgent' | 'background';

export interface LobbyLimits {
  /** Messages, and their bytes, that may wait for one sender. */
  readonly messages: number;
  readonly bytes: number;
}
interface Waiting<T> {
  readonly item: T;
  readonly bytes: number;
}
interface Room<T> {
  readonly urgent: Waiting<T>[];
  readonly background: Waiting<T>[];
  bytes: number;
}

export class Lobby<T> {
  readonly #limits: LobbyLimits;
  readonly #rooms: readonly Room<T>[];
  #size = 0;
  #turn = 0;

  constructor(senders: number, limits: LobbyLimits) {
    this.#limits = limits;
    this.#rooms = Array.from({ length: senders }, () => ({ urgent: [], background: [], bytes: 0 }));
  }
  get size(): number {
    return this.#size;
  }

  /** @returns what found no room: the item itself, or less urgent ones that gave way to it. Total: an unknown sender has no room. */
  put(sender: number, rank: Rank, bytes: number, item: T): readonly T[] {
    const room = this.#rooms[sender];
    if (!room || bytes > this.#limits.bytes) return [item];
    const gone: T[] = [];
    while (this.#isFull(room, bytes)) {
      const loser = rank === 'urgent' ? room.background.shift() : undefined;
      if (!loser) return [...gone, item];
      room.bytes -= loser.bytes;
      this.#size--;
      gone.push(loser.item);
    }
    room[rank].push({ item, bytes });
    room.bytes += bytes;
    this.#size++;
    return gone;
  }

  /** Up to `max`, the urgent ones of all senders first, one of each sender in turn. */
  take(max: number): T[] {
    const taken: T[] = [];
    for (const rank of ['urgent', 'background'] as const) {
      for (let found = true; found && taken.length < max; ) {
        found = false;
        for (let i = 0; i < this.#rooms.length && taken.length < max; i++) {
          const room = this.#rooms[(this.#turn + i) % this.#rooms.length] as Room<T>;
          const next = room[rank].shift();
          if (!next) continue;
          found = true;
          room.bytes -= next.bytes;
          taken.push(next.item);
        }
      }
    }
    this.#turn = (this.#turn + 1) % Math.max(1, this.#rooms.length);
    this.#size -= taken.length;
    return taken;
  }

  #isFull(room: Room<T>, bytes: number): boolean {
    return room.urgent.length + room.background.length >= this.#limits.messages || room.bytes + bytes > this.#limits.bytes;
  }
}
