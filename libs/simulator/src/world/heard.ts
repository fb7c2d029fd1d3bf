/** Gate 4, replay, of one life of a validator: the filter that ships, and a memory of its own that says whether it is right. */
import { ReplayFilter } from '@bursar/pbft';
import { type Digest, limits, type Message } from '@bursar/protocol';

/** As the process has it (apps/consensus/src/tuning.ts). */
const REPLAY = { windowMs: 1_000, max: 16_384 };
const kinds: readonly Message['kind'][] = ['pre-prepare', 'prepare', 'commit', 'view-change', 'new-view'];

export class Heard {
  readonly #replay = new ReplayFilter(REPLAY);
  /** Height that is not over → digest → messages, told apart by everything else that makes them different. */
  readonly #byHeight = new Map<number, Map<Digest, Set<number>>>();

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
    const at = this.#byHeight.get(height) ?? new Map<Digest, Set<number>>();
    const of = at.get(digest) ?? new Set<number>();
    this.#byHeight.set(height, at.set(digest, of));
    const before = of.size;
    of.add((view * limits.validators + validator) * kinds.length + kinds.indexOf(kind));
    return of.size > before;
  }
}
