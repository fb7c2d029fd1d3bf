import { leaderOf } from '@bursar/membership';
import type { Digest } from '@bursar/protocol';
import type { PhaseName } from './phase-name.ts';
import type { State } from './state.ts';

/** One view of the open height, as an operator sees it. */
export interface Round {
  readonly view: number;
  readonly leader: number;
  /** Of the proposal: what was accepted, or what its leader signed; undefined if neither. */
  readonly digest: Digest | undefined;
  /** Validators whose vote for any digest was counted. */
  readonly prepares: readonly number[];
  readonly commits: readonly number[];
  readonly viewChanges: readonly number[];
}

export interface EngineStatus {
  /** The open height. */
  readonly height: number;
  readonly view: number;
  readonly phase: PhaseName;
  readonly leader: number;
  readonly finalHeight: number;
  readonly standing: State['standing'];
  /** It signs nothing at this height. */
  readonly mute: boolean;
  /** Ascending by view. */
  readonly rounds: readonly Round[];
}

export function status(s: State): EngineStatus {
  const views = new Set([s.view, ...s.tallies.keys(), ...s.viewChanges.flatMap((of) => of.map((m) => m.vote.vote.view))]);
  return {
    height: s.height,
    view: s.view,
    phase: s.phase,
    leader: leaderOf(s.order, s.view),
    finalHeight: s.tip.height,
    standing: s.standing,
    mute: s.height < s.muteBelow,
    rounds: [...views].sort((a, b) => a - b).map((view) => roundOf(s, view)),
  };
}

function roundOf(s: State, view: number): Round {
  const leader = leaderOf(s.order, view);
  const tally = s.tallies.get(view);
  const voted = (votes: readonly unknown[] | undefined): number[] => (votes ?? []).flatMap((v, i) => (v === undefined ? [] : [i]));
  return {
    view,
    leader,
    digest: (view === s.view ? s.accepted : undefined) ?? tally?.prepares.votes[leader]?.vote.digest,
    prepares: voted(tally?.prepares.votes),
    commits: voted(tally?.commits.votes),
    viewChanges: s.viewChanges.flatMap((of, i) => (of.some((m) => m.vote.vote.view === view) ? [i] : [])),
  };
}
