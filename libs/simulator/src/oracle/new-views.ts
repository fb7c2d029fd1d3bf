/**
 * The choice of a view change, stated a second time: what a NewView must propose follows from its ViewChanges alone, so everyone
 * who enters the view on the ground of the same ones must come to the same.
 */
import type { MessageOf } from '@bursar/protocol';
import type { Quorum } from './quorum-table.ts';
import { Violation } from './violation.ts';

type ViewChange = MessageOf<'view-change'>;

export class NewViews {
  readonly #stakes: readonly number[];
  readonly #quorum: Quorum;
  /** height/view/the ViewChanges → what was chosen. */
  readonly #chosen = new Map<string, string | undefined>();

  constructor(stakes: readonly number[], quorum: Quorum) {
    this.#stakes = stakes;
    this.#quorum = quorum;
  }
  /** An honest validator entered a view on the ground of `set`. @throws Violation */
  entered(who: number, height: number, view: number, set: readonly ViewChange[], mandatory: string | undefined): void {
    const bad = (why: string): never => {
      throw new Violation('new view', `Validator ${who} entered ${height}/${view}: ${why}.`);
    };
    const signers = new Set(set.map((m) => m.vote.validator));
    if (signers.size !== set.length) bad('a ViewChange counts twice');
    if (set.some(({ vote: { vote } }) => vote.height !== height || vote.view !== view)) bad('a ViewChange is of another height or view');
    if (this.#stake(signers) < this.#quorum.quorum) bad(`only ${[...signers].join(', ')} left the views before`);
    const key = `${height}/${view}/${set.map((m) => m.vote.vote.digest).join()}`;
    const must = this.#chosen.has(key) ? this.#chosen.get(key) : this.#choice(set);
    this.#chosen.set(key, must);
    if (mandatory !== must)
      bad(`it must propose ${must?.slice(0, 12) ?? 'what it likes'}, not ${mandatory?.slice(0, 12) ?? 'what it likes'}`);
  }
  #choice(set: readonly ViewChange[]): string | undefined {
    const prepared = set.map((m) => m.content.prepared).filter((c) => c !== undefined);
    const slowView = Math.max(-1, ...prepared.map((c) => c.view));
    const voters = (digest: string): number =>
      this.#stake(
        set.filter(({ content: { lastVote } }) => lastVote?.digest === digest && lastVote.view > slowView).map((m) => m.vote.validator),
      );
    const enough = this.#stake(set.map((m) => m.vote.validator)) - this.#quorum.faulty;
    const voted = set.flatMap(({ content: { lastVote } }) => (lastVote === undefined ? [] : [lastVote.digest]));
    return voted.find((digest) => voters(digest) >= enough) ?? prepared.find((c) => c.view === slowView)?.digest;
  }
  #stake(who: Iterable<number>): number {
    let sum = 0;
    for (const i of who) sum += this.#stakes[i] ?? 0;
    return sum;
  }
}
