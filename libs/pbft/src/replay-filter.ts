import type { Message } from '@bursar/protocol';
import { messageKey } from './message-key.ts';

/**
 * The memory of gate 4, replay (C5): what was accepted a short time ago goes no further. The key holds sender, phase, height, view and
 * digest, so that the second half of an equivocation passes. Only what was accepted is remembered, and after `windowMs` a repeat passes
 * again, for the engine may have dropped the first since: a redelivered message never costs an honest validator anything.
 */
export class ReplayFilter {
  readonly #windowMs: number;
  readonly #max: number;
  readonly #accepted = new Map<string, number>();
  /** The message that was asked about last, and its key: what passes is accepted next. */
  #last: { readonly message: Message; readonly key: string } | undefined;

  constructor({ windowMs, max }: { readonly windowMs: number; readonly max: number }) {
    this.#windowMs = windowMs;
    this.#max = max;
  }
  get size(): number {
    return this.#accepted.size;
  }

  /**
   * Whether a message stops here; nothing is remembered. What asks for an answer never does: whoever has finalised the height
   * answers a repeated ViewChange, too, and whoever votes at a height that is over is told so.
   */
  isRepeat(message: Message, openHeight: number, nowMs: number): boolean {
    if (message.kind === 'view-change' || message.vote.vote.height < openHeight) return false;
    const acceptedMs = this.#accepted.get(this.#keyOf(message));
    return acceptedMs !== undefined && this.#isRecent(acceptedMs, nowMs);
  }

  /** The engine took it. */
  accepted(message: Message, nowMs: number): void {
    const key = this.#keyOf(message);
    this.#accepted.delete(key);
    this.#accepted.set(key, nowMs);
    for (const [oldest, acceptedMs] of this.#accepted) {
      if (this.#accepted.size <= this.#max && this.#isRecent(acceptedMs, nowMs)) break;
      this.#accepted.delete(oldest);
    }
  }

  #keyOf(message: Message): string {
    if (this.#last?.message !== message) this.#last = { message, key: messageKey(message) };
    return this.#last.key;
  }
  /** A clock that was set back ends the window. */
  #isRecent(acceptedMs: number, nowMs: number): boolean {
    return nowMs >= acceptedMs && nowMs - acceptedMs < this.#windowMs;
  }
}
