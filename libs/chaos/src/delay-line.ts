/** One direction of one connection: what was pushed leaves after its delay, in order unless held back. Bounded by back-pressure. */
import type { Socket } from 'node:net';

/** Waiting bytes above which the source is no longer read, and below which it is again. */
const FULL_BYTES = 8 * 1024 * 1024;
const LOW_BYTES = FULL_BYTES / 2;

interface Waiting {
  readonly dueMs: number;
  readonly bytes: Buffer;
}

export class DelayLine {
  readonly #from: Socket;
  readonly #to: Socket;
  /** Ascending by due time. */
  #waiting: Waiting[] = [];
  #bytes = 0;
  /** Due time of the last one that was not held back: none may leave before it. */
  #floorMs = 0;
  #timer: NodeJS.Timeout | undefined;
  #ending = false;

  constructor(from: Socket, to: Socket) {
    this.#from = from;
    this.#to = to;
    to.on('drain', () => this.release());
  }

  /** @param heldMs for this one alone: later ones may overtake it */
  push(bytes: Buffer, delayMs: number, heldMs: number): void {
    if (this.#to.destroyed) return;
    this.#floorMs = Math.max(this.#floorMs, performance.now() + delayMs);
    const dueMs = this.#floorMs + heldMs;
    let place = this.#waiting.length;
    while (place > 0 && (this.#waiting[place - 1] as Waiting).dueMs > dueMs) place--;
    this.#waiting.splice(place, 0, { dueMs, bytes });
    this.#bytes += bytes.length;
    if (this.#bytes > FULL_BYTES) this.#from.pause();
  }

  /** What waits leaves in its time, then the connection ends. */
  end(): void {
    this.#ending = true;
    this.release();
  }
  /** What waits is lost. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#waiting = [];
    this.#bytes = 0;
    this.#from.resume(); // a paused socket never tells that it was closed
  }

  /** Writes what is due. Call it after the pushes of one chunk. */
  release(): void {
    clearTimeout(this.#timer);
    if (this.#to.destroyed) {
      this.stop();
      return;
    }
    const now = performance.now();
    let count = 0;
    this.#to.cork();
    while (!this.#to.writableNeedDrain && (this.#waiting[count]?.dueMs ?? Infinity) <= now) {
      const { bytes } = this.#waiting[count++] as Waiting;
      this.#bytes -= bytes.length;
      this.#to.write(bytes);
    }
    this.#to.uncork();
    if (count > 0) this.#waiting.splice(0, count);
    if (this.#from.isPaused() && this.#bytes < LOW_BYTES) this.#from.resume();
    const next = this.#waiting[0];
    if (next && !this.#to.writableNeedDrain) this.#timer = setTimeout(() => this.release(), Math.max(1, next.dueMs - now));
    if (!next && this.#ending) this.#to.end();
  }
}
