/** Broken variants of the choice rule of the view change: each lets two blocks become final at one height. */
import { stakeOf, type ValidatorSet } from '@bursar/membership';
import type { Choice, Claim } from '@bursar/pbft';
import type { Mutant } from './mutant.ts';

interface Variant {
  /** Whether a lastVote of this view counts beside a PreparedCert of `slowView`. */
  readonly counts: (view: number, slowView: number) => boolean;
  /** Stake that makes a digest mandatory. */
  readonly threshold: (inSet: bigint, set: ValidatorSet) => bigint;
  /** What votes must have in common. */
  readonly group: (vote: { view: number; digest: string }) => string;
  /** The PreparedCert wins whatever the votes say. */
  readonly slowFirst: boolean;
  /** The PreparedCert of which view counts. */
  readonly slow: 'highest' | 'lowest' | 'none';
}
const sound: Variant = {
  counts: (view, slowView) => view > slowView,
  threshold: (inSet, set) => inSet - set.faulty,
  group: ({ digest }) => digest,
  slowFirst: false,
  slow: 'highest',
};

/** The choice rule, written a second time with its parts exchangeable. */
function chooseBy(variant: Variant): (set: ValidatorSet, claims: readonly Claim[]) => Choice | undefined {
  return (set, claims) => {
    const prepared = claims.flatMap((c) => (c.prepared === undefined ? [] : [c.prepared])).sort((a, b) => b.view - a.view);
    const slow = variant.slow === 'none' ? undefined : variant.slow === 'highest' ? prepared[0] : prepared.at(-1);
    const slowView = slow?.view ?? -1;
    const mandatory = (digest: string): Choice => ({
      digest,
      claimants: claims.filter((c) => c.lastVote?.digest === digest || c.prepared?.digest === digest).map((c) => c.validator),
    });
    if (slow !== undefined && variant.slowFirst) return mandatory(slow.digest);
    const groups = new Map<string, { digest: string; stake: bigint }>();
    for (const { validator, lastVote } of claims) {
      if (lastVote === undefined || !variant.counts(lastVote.view, slowView)) continue;
      const key = variant.group(lastVote);
      const before = groups.get(key)?.stake ?? 0n;
      groups.set(key, { digest: lastVote.digest, stake: before + stakeOf(set, [validator]) });
    }
    const inSet = stakeOf(
      set,
      claims.map((c) => c.validator),
    );
    const most = [...groups.values()].sort((a, b) => Number(b.stake - a.stake))[0];
    if (most !== undefined && most.stake >= variant.threshold(inSet, set)) return mandatory(most.digest);
    return slow === undefined ? undefined : mandatory(slow.digest);
  };
}
/** The sound rule in this second writing: the control of the experiment. */
export const soundChoice = chooseBy(sound);

const mutant = (name: string, hint: number, bug: string, change: Partial<Variant>): Mutant => ({
  name,
  bug,
  sabotage: { rules: { choose: chooseBy({ ...sound, ...change }) } },
  validators: 4,
  blocks: 6,
  hint,
  intensity: 'view changes',
});

export const choiceMutants: readonly Mutant[] = [
  mutant('ties prefer votes', 193, 'A lastVote of slowView itself outweighs the PreparedCert.', { counts: (view, slow) => view >= slow }),
  mutant('votes ignore slowView', 193, 'Votes older than the PreparedCert outweigh it.', { counts: () => true }),
  mutant('any PreparedCert wins', 1745, 'A PreparedCert beats newer votes of everybody.', { slowFirst: true }),
  mutant('votes must share one view', 55, 'Votes for one digest of different views are not added up.', {
    group: ({ view, digest }) => `${view}/${digest}`,
  }),
  mutant('threshold too low', 195, 'stake(S) − 2f makes a digest mandatory.', { threshold: (inSet, set) => inSet - 2n * set.faulty }),
  mutant('threshold too high', 27, 'A digest needs more than stake(S) − f.', { threshold: (inSet, set) => inSet - set.faulty + 1n }),
  mutant('lowest PreparedCert', 437, 'The PreparedCert of the lowest view counts.', { slow: 'lowest' }),
  mutant("PBFT's own view change", 2, 'Votes that were never prepared are not looked at: what all prepared is lost.', {
    counts: () => false,
  }),
  mutant('votes only', 36, 'PreparedCerts are not looked at.', { slow: 'none' }),
];
