/** The faulty validators by name. */
import type { Message } from '@bursar/protocol';
import type { Actor } from './actor.ts';
import { lie, otherBlock, phantomBatch, pickNewView, proposing } from './craft.ts';
import type { FaultyCell } from './faulty-cell.ts';
import { cheatingBatches, forgedFinal, forgedHeader } from './forge.ts';

/** Two blocks in one view: some hear of the one, the others of the other, a few of both. */
const equivocatingLeader: Actor = {
  says(cell, message) {
    if (message.kind !== 'pre-prepare') return false;
    const { random } = cell.surroundings;
    const { view } = message.vote.vote;
    const second = proposing(cell, view, {
      block: otherBlock(cell, message.block, view),
      certificate: message.certificate,
    });
    cell.did('equivocation');
    for (const peer of cell.peers) {
      const which = random.below(7);
      if (which <= 3 || which === 6) cell.tell([peer], message);
      if (which >= 3) cell.tell([peer], second);
    }
    return true;
  },
  heard: voteForBoth,
};

const silentLeader: Actor = {
  says(cell, message) {
    if (message.kind !== 'pre-prepare' && message.kind !== 'new-view') return false;
    cell.did('silence');
    return true;
  },
};

/** Prepares and Commits for every digest it hears of. */
const doubleVoter: Actor = { says: () => false, heard: voteForBoth };

function voteForBoth(cell: FaultyCell, message: Message): void {
  const { vote } = message.vote;
  if (message.kind !== 'pre-prepare' && message.kind !== 'prepare') return;
  const place = `${vote.height}/${vote.view}/${vote.digest}`;
  if (cell.voted.has(place)) return;
  cell.voted.add(place);
  cell.did('double vote');
  cell.tellSome({ kind: 'prepare', vote: cell.vote('prepare', vote.height, vote.view, vote.digest) });
  cell.tellSome({ kind: 'commit', vote: cell.vote('commit', vote.height, vote.view, vote.digest) });
}

/** Everything it sends reaches only some. */
const selectiveSender: Actor = {
  says(cell, message) {
    cell.did('selection');
    cell.tellSome(message, 0.5);
    return true;
  },
};

/** Sends old messages again, of any view and height, its own and others'. */
const staleViewReplayer: Actor = {
  says(cell) {
    const { random } = cell.surroundings;
    for (let i = random.below(4); i > 0 && cell.seen.recent.length > 0; i--) {
      cell.did('replay');
      const old = random.pick(cell.seen.recent);
      for (const peer of cell.peers) if (random.chance(0.5)) cell.transmitTo(peer, old);
    }
    return false;
  },
};

/** Its ViewChanges forget, invent and differ from receiver to receiver. */
const lyingViewChanger: Actor = {
  says(cell, message) {
    if (message.kind !== 'view-change') return false;
    const { height, view } = message.vote.vote;
    const lies = [lie(cell, height, view), lie(cell, height, view)];
    cell.did('false view change');
    for (const peer of cell.peers) cell.tell([peer], cell.surroundings.random.pick(lies));
    return true;
  },
};

/** As a new leader it picks the ViewChanges that suit it. */
const lyingNewLeader: Actor = {
  says(cell, message) {
    const { height, view } = message.vote.vote;
    if (message.kind === 'view-change') return lyingViewChanger.says(cell, message);
    // The proposal that our own driver makes after its NewView must not leave beside the picked one.
    if (message.kind === 'pre-prepare' && view > 0) return cell.picked.has(`${height}/${view}`);
    if (message.kind !== 'new-view') return false;
    const picked = pickNewView(cell, height, view);
    if (picked === undefined) return false;
    cell.picked.add(`${height}/${view}`);
    cell.did('picked new view');
    for (const m of picked) cell.tell(cell.peers, m);
    return true;
  },
  heard: voteForBoth,
};

/** Proposes batches that nobody can fetch. */
const digestSquatter: Actor = {
  says(cell, message) {
    if (message.kind !== 'pre-prepare' || !cell.surroundings.random.chance(0.7)) return false;
    const { view } = message.vote.vote;
    cell.did('squatted digest');
    const { block, certificate } = message;
    const squatted = otherBlock(cell, block, view, [phantomBatch(cell, block)]);
    cell.tell(cell.peers, proposing(cell, view, { block: squatted, certificate }));
    return true;
  },
};

/** Proposes batches again, out of order, or after their expiry. */
const batchCheat: Actor = {
  says(cell, message) {
    if (message.kind !== 'pre-prepare') return false;
    const batches = cheatingBatches(cell, message.block);
    if (batches === undefined) return false;
    const { view } = message.vote.vote;
    cell.did('cheating batches');
    const block = otherBlock(cell, { ...message.block, batches: [] }, view, batches);
    cell.tell(cell.peers, proposing(cell, view, { block, certificate: message.certificate }));
    return true;
  },
};

/** Proposes headers with a wrong state, time or parent, and shows certificates that nobody signed. */
const forger: Actor = {
  says(cell, message) {
    const { height, view } = message.vote.vote;
    const final = forgedFinal(cell, height);
    if (final !== undefined) {
      cell.did('forged certificate');
      cell.show(final);
    }
    if (message.kind !== 'pre-prepare' || !cell.surroundings.random.chance(0.5)) return false;
    cell.did('forged header');
    cell.tell(cell.peers, proposing(cell, view, { block: forgedHeader(cell, message.block, view), certificate: message.certificate }));
    return true;
  },
};

const single = {
  'equivocating leader': equivocatingLeader,
  'silent leader': silentLeader,
  'double voter': doubleVoter,
  'selective sender': selectiveSender,
  'stale-view replayer': staleViewReplayer,
  'lying view-changer': lyingViewChanger,
  'lying new leader': lyingNewLeader,
  'digest squatter': digestSquatter,
  'batch cheat': batchCheat,
  forger,
} as const satisfies Record<string, Actor>;

/** Any of them at any moment. */
const everything: Actor = {
  says(cell, message) {
    const { random } = cell.surroundings;
    if (message.kind === 'pre-prepare' && lyingNewLeader.says(cell, message)) return true;
    if (message.kind === 'new-view') return lyingNewLeader.says(cell, message);
    if (message.kind === 'view-change') return random.chance(0.7) && lyingViewChanger.says(cell, message);
    return random.pick([equivocatingLeader, equivocatingLeader, silentLeader, selectiveSender, staleViewReplayer]).says(cell, message);
  },
  heard: voteForBoth,
};

export const actors = { ...single, everything } as const satisfies Record<string, Actor>;
export type ActorName = keyof typeof actors;
export const actorNames = Object.keys(actors) as ActorName[];
