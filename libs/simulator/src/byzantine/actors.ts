/** The faulty validators by name. */
import type { Message } from '@bursar/protocol';
import type { Actor } from './actor.ts';
import { lie, otherBlock, phantomBatch, pickNewView, proposing } from './craft.ts';
import { cheatingBatches, forgedFinal, forgedHeader, thinNewView, thinProposal } from './forge.ts';
import type { Liar } from './liar.ts';

/** Two blocks in one view: some hear of the one, the others of the other, a few of both. */
const equivocatingLeader: Actor = {
  says(liar, message) {
    if (message.kind !== 'pre-prepare') return false;
    const { random } = liar;
    const { view } = message.vote.vote;
    const second = proposing(liar, view, {
      block: otherBlock(liar, message.block, view),
      certificate: message.certificate,
    });
    liar.did('equivocation');
    for (const peer of liar.peers) {
      const which = random.below(7);
      if (which <= 3 || which === 6) liar.tell([peer], message);
      if (which >= 3) liar.tell([peer], second);
    }
    return true;
  },
  heard: voteForBoth,
};

const silentLeader: Actor = {
  says(liar, message) {
    if (message.kind !== 'pre-prepare' && message.kind !== 'new-view') return false;
    liar.did('silence');
    return true;
  },
};

/** Prepares and Commits for every digest it hears of. */
const doubleVoter: Actor = { says: () => false, heard: voteForBoth };

function voteForBoth(liar: Liar, message: Message): void {
  const { vote } = message.vote;
  if (message.kind !== 'pre-prepare' && message.kind !== 'prepare') return;
  const place = `${vote.height}/${vote.view}/${vote.digest}`;
  if (liar.voted.has(place)) return;
  liar.voted.add(place);
  liar.did('double vote');
  liar.tellSome({ kind: 'prepare', vote: liar.vote('prepare', vote.height, vote.view, vote.digest) });
  liar.tellSome({ kind: 'commit', vote: liar.vote('commit', vote.height, vote.view, vote.digest) });
}

/** Everything it sends reaches only some. */
const selectiveSender: Actor = {
  says(liar, message) {
    liar.did('selection');
    liar.tellSome(message, 0.5);
    return true;
  },
};

/** Sends old messages again, of any view and height, its own and others'. */
const staleViewReplayer: Actor = {
  says(liar) {
    const { random } = liar;
    for (let i = random.below(4); i > 0 && liar.seen.recent.length > 0; i--) {
      liar.did('replay');
      const old = random.pick(liar.seen.recent);
      for (const peer of liar.peers) if (random.chance(0.5)) liar.transmitTo(peer, old);
    }
    return false;
  },
};

/** Its ViewChanges forget, invent and differ from receiver to receiver. */
const lyingViewChanger: Actor = {
  says(liar, message) {
    if (message.kind !== 'view-change') return false;
    const { height, view } = message.vote.vote;
    const lies = [lie(liar, height, view), lie(liar, height, view)];
    liar.did('false view change');
    for (const peer of liar.peers) liar.tell([peer], liar.random.pick(lies));
    return true;
  },
};

/** As a new leader it picks the ViewChanges that suit it. */
const lyingNewLeader: Actor = {
  says(liar, message) {
    const { height, view } = message.vote.vote;
    if (message.kind === 'view-change') return lyingViewChanger.says(liar, message);
    // The proposal that our own driver makes after its NewView must not leave beside the picked one.
    if (message.kind === 'pre-prepare' && view > 0) return liar.picked.has(`${height}/${view}`);
    if (message.kind !== 'new-view') return false;
    const picked = pickNewView(liar, height, view);
    if (picked === undefined) return false;
    liar.picked.add(`${height}/${view}`);
    liar.did('picked new view');
    for (const m of picked) liar.tell(liar.peers, m);
    return true;
  },
  heard: voteForBoth,
};

/** Proposes batches that nobody can fetch. */
const digestSquatter: Actor = {
  says(liar, message) {
    if (message.kind !== 'pre-prepare' || !liar.random.chance(0.7)) return false;
    const { view } = message.vote.vote;
    liar.did('squatted digest');
    const { block, certificate } = message;
    const squatted = otherBlock(liar, block, view, [phantomBatch(liar, block)]);
    liar.tell(liar.peers, proposing(liar, view, { block: squatted, certificate }));
    return true;
  },
};

/** Proposes batches again, out of order, or after their expiry. */
const batchCheat: Actor = {
  says(liar, message) {
    if (message.kind !== 'pre-prepare') return false;
    const batches = cheatingBatches(liar, message.block);
    if (batches === undefined) return false;
    const { view } = message.vote.vote;
    liar.did('cheating batches');
    const block = otherBlock(liar, { ...message.block, batches: [] }, view, batches);
    liar.tell(liar.peers, proposing(liar, view, { block, certificate: message.certificate }));
    return true;
  },
};

/** Proposes headers with a wrong state, time or parent, and shows certificates that nobody signed, or only itself. */
const forger: Actor = {
  says(liar, message) {
    const { height, view } = message.vote.vote;
    const final = forgedFinal(liar, height);
    if (final !== undefined) {
      liar.did('forged certificate');
      liar.show(final);
    }
    const early = thinProposal(liar, height);
    if (early !== undefined) {
      liar.did('thin certificate');
      for (const peer of liar.peers) liar.transmitTo(peer, early);
    }
    if (message.kind === 'new-view') return announceThinly(liar, height, view);
    if (liar.picked.has(`${height}/${view}`)) return message.kind === 'pre-prepare';
    if (message.kind !== 'pre-prepare' || !liar.random.chance(0.5)) return false;
    liar.did('forged header');
    liar.tell(liar.peers, proposing(liar, view, { block: forgedHeader(liar, message.block, view), certificate: message.certificate }));
    return true;
  },
};

function announceThinly(liar: Liar, height: number, view: number): boolean {
  const thin = thinNewView(liar, height, view);
  if (thin === undefined) return false;
  liar.picked.add(`${height}/${view}`);
  liar.did('thin new view');
  for (const m of thin) liar.tell(liar.peers, m);
  return true;
}

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
  says(liar, message) {
    const { random } = liar;
    if (message.kind === 'pre-prepare' && lyingNewLeader.says(liar, message)) return true;
    if (message.kind === 'new-view') return lyingNewLeader.says(liar, message);
    if (message.kind === 'view-change') return random.chance(0.7) && lyingViewChanger.says(liar, message);
    return random.pick([equivocatingLeader, equivocatingLeader, silentLeader, selectiveSender, staleViewReplayer]).says(liar, message);
  },
  heard: voteForBoth,
};

export const actors = { ...single, everything } as const satisfies Record<string, Actor>;
export type ActorName = keyof typeof actors;
export const actorNames = Object.keys(actors) as ActorName[];
