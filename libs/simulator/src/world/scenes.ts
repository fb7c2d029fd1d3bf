/**
 * One view as the enemy of view changes stages it: who sees the proposal, who hears the Prepares, whose ViewChange is not
 * heard. Nobody hears Commits. Forks need a few such views in a row; drawn independently they hardly ever follow one another.
 */
import type { Message } from '@bursar/protocol';
import type { Random } from './random.ts';

export interface Scene {
  /** Receivers. */
  readonly proposal: ReadonlySet<number>;
  readonly prepares: ReadonlySet<number>;
  /** The sender whose ViewChange is late; none: −1. */
  readonly absent: number;
}

const scenes = {
  /** A quorum prepares with the help of the faulty, and nobody else knows. */
  hidden: (core: readonly number[]) => ({ proposal: core, prepares: [] }),
  /** A quorum commits with their help, and nobody else knows. */
  'half committed': (core: readonly number[]) => ({ proposal: core, prepares: core }),
  /** All prepare: final, and nobody knows. */
  'open vote': (_: readonly number[], all: readonly number[]) => ({ proposal: all, prepares: [] }),
  /** All prepare, and one knows that a quorum did. */
  'one prepared': (core: readonly number[], all: readonly number[]) => ({ proposal: all, prepares: core.slice(0, 1) }),
};

/** @param quorum of `validators`, by number */
export function drawScene(random: Random, validators: number, faulty: ReadonlySet<number>, quorum: number): Scene {
  const honest = random.shuffled(Array.from({ length: validators }, (_, i) => i).filter((i) => !faulty.has(i)));
  const core = honest.slice(0, Math.max(1, quorum - faulty.size));
  const { proposal, prepares } = random.pick(Object.values(scenes))(core, honest);
  const absent = random.chance(0.7) ? random.pick(honest) : -1;
  return { proposal: new Set(proposal), prepares: new Set(prepares), absent };
}

/** Whether a message of the staged view arrives at an honest validator. */
export function arrives({ proposal, prepares, absent }: Scene, kind: Message['kind'], from: number, to: number): boolean {
  return {
    'pre-prepare': () => proposal.has(to),
    prepare: () => prepares.has(to),
    commit: () => false,
    'view-change': () => from !== absent,
    'new-view': () => true,
  }[kind]();
}
