import type { Message } from '@bursar/protocol';
import { messageKey } from './message-key.ts';

/**
 * Gate 4, replay: the same message within a short time goes no further (C5). The key holds sender, phase, height, view and
 * digest, so that the second half of an equivocation passes. After `windowMs` a repeat passes again, for the engine may have
 * refused or dropped the first: a redelivered message never costs an honest validator anything.
 */
export class ReplayFilter {
  readonly #windowMs: number;
  readonly #max: number;
  readonly #seen = new Map<string, number>();

  constructor({ windowMs, max }: { readonly windowMs: number; readonly max: number }) {
    this.#windowMs = windowMs;
    this.#max = max;
  }
  get size(): number {
    return this.#seen.size;
  }

  /**
   * Whether a message stops here. What asks for an answer never does: whoever has finalised the height answers a repeated ViewChange,
   * too, and whoever votes at a height that is over is told so.
   */
  refuses(message: Message, openHeight: number, nowMs: number): boolean {
    const isAnswered = message.kind === 'view-change' || message.vote.vote.height < openHeight;
    return !isAnswered && this.isRepeat(messageKey(message), nowMs);
  }
  /** @returns true when the key was seen within the window. */
  isRepeat(key: string, nowMs: number): boolean {
    const at = this.#seen.get(key);
    if (at !== undefined && nowMs - at < this.#windowMs) return true;
    this.#seen.delete(key);
    this.#seen.set(key, nowMs);
    for (const [oldest, seenMs] of this.#seen) {
      if (this.#seen.size <= this.#max && nowMs - seenMs < this.#windowMs) break;
      this.#seen.delete(oldest);
    }
    return false;
  }
}
