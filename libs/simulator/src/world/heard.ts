/** Gate 4, replay, of one life of a validator: the filter that ships, and a memory of its own that says whether it is right. */
import { ReplayFilter } from '@bursar/pbft';
import type { Message } from '@bursar/protocol';

/** As the process has it (apps/consensus/src/tuning.ts). */
const REPLAY = { windowMs: 1_000, max: 16_384 };

export class Heard {
  readonly #replay = new ReplayFilter(REPLAY);
  /** Height that is not over → messages, told apart by everything that makes them different. */
  readonly #byHeight = new Map<number, Set<string>>();

  /** `falsely`: it is stopped as a repetition and never came before. */
  judge(message: Message, openHeight: number, nowMs: number): 'passes' | 'repeated' | 'falsely' {
    const isNew = this.#add(message, openHeight);
    if (!this.#replay.isRepeat(message, openHeight, nowMs)) return 'passes';
    return isNew ? 'falsely' : 'repeated';
  }
  /** The engine took it. */
  accepted(message: Message, nowMs: number): void {
    this.#replay.accepted(message, nowMs);
  }
  #add({ kind, vote: { validator, vote } }: Message, openHeight: number): boolean {
    const { height, view, digest } = vote;
    for (const over of this.#byHeight.keys()) if (over < openHeight) this.#byHeight.delete(over);
    const at = this.#byHeight.get(height) ?? new Set<string>();
    this.#byHeight.set(height, at);
    const before = at.size;
    at.add(`${kind} ${validator} ${view} ${digest}`);
    return at.size > before;
  }
}
