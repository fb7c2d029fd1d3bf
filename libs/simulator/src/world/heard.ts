/** Which messages one life of a validator has heard of heights that are not over, told apart by everything that makes them different. */
import type { Message } from '@bursar/protocol';

export class Heard {
  readonly #byHeight = new Map<number, Set<string>>();

  /** @returns whether it is heard for the first time. */
  add({ kind, vote: { validator, vote } }: Message, openHeight: number): boolean {
    const { height, view, digest } = vote;
    for (const over of this.#byHeight.keys()) if (over < openHeight) this.#byHeight.delete(over);
    const at = this.#byHeight.get(height) ?? new Set<string>();
    this.#byHeight.set(height, at);
    const before = at.size;
    at.add(`${kind} ${validator} ${view} ${digest}`);
    return at.size > before;
  }
  clear(): void {
    this.#byHeight.clear();
  }
}
