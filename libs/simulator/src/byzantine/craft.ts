/** What a liar makes with its own key from what it has heard. Everything here is well formed: only its content is false. */
import { leaderOrder, skippedBitmap, stakeOf, toBitmap } from '@bursar/membership';
import { type Claim, type Proposal, standardRules } from '@bursar/pbft';
import {
  type BatchRef,
  type Block,
  batchRefsDigest,
  type Certificate,
  digest,
  headerDigest,
  type Message,
  type MessageOf,
  type NewView,
  newViewDigest,
  type ViewChange,
  viewChangeDigest,
} from '@bursar/protocol';
import type { Liar } from './liar.ts';

/** Another block for the same place: fresh, led by us in `view`, a little later, and perhaps without the batches. */
export function otherBlock(liar: Liar, model: Block, view: number, extra: readonly BatchRef[] = []): Block {
  const { random, params } = liar;
  const { header } = model;
  const batches = [...(random.chance(0.5) ? model.batches : []), ...extra];
  const order = leaderOrder(params.set, liar.schedule(), header.height);
  return {
    header: {
      ...header,
      view,
      proposer: liar.index,
      time: header.time + random.between(1, 40),
      skipped: skippedBitmap(order, view, params.set.validators.length),
      batches: batchRefsDigest(batches),
    },
    batches,
  };
}

/** A batch that nobody has the body of, in the place of the origin's next one. */
export function phantomBatch(liar: Liar, model: Block): BatchRef {
  const number = Math.max(liar.nextBatch(), ...model.batches.filter((b) => b.origin === liar.index).map((b) => b.number + 1));
  const id = digest(
    'bursar/sim-phantom',
    new Uint8Array(4).map(() => liar.random.below(256)),
  );
  return { origin: liar.index, number, digest: id, bytes: 100, transactions: 1, expiresAt: model.header.time + 60_000 };
}

/** A PrePrepare of ours for this block in this view, remembered as a proposal that we can serve. */
export function proposing(liar: Liar, view: number, { block, certificate }: Proposal): MessageOf<'pre-prepare'> {
  const id = headerDigest(block.header);
  liar.seen.addProposal(id, { block, certificate });
  return { kind: 'pre-prepare', vote: liar.vote('prepare', block.header.height, view, id), block, certificate };
}

/** A PreparedCert from the Prepares we heard and our own: a true one that honest validators may lack. */
export function assemble(liar: Liar, height: number, view: number): Certificate | undefined {
  const { params } = liar;
  const quorum = (params.rules ?? standardRules).isQuorum;
  for (const [id, heard] of liar.seen.prepares(height, view)) {
    const votes = new Map(heard).set(liar.index, liar.vote('prepare', height, view, id));
    const signers = [...votes.keys()].sort((a, b) => a - b);
    if (!quorum(params.set, stakeOf(params.set, signers))) continue;
    const signatures = signers.map((i) => votes.get(i)?.signature as Uint8Array);
    const place = { chain: params.chain, epoch: 0, height, view, digest: id };
    return { kind: 'prepared', ...place, signers: toBitmap(signers, params.set.validators.length), signatures };
  }
  return undefined;
}

/** A ViewChange into `view` with whatever content serves a fork: forgotten, invented or stale votes. */
export function lie(liar: Liar, height: number, view: number): MessageOf<'view-change'> {
  const { random } = liar;
  for (let v = 0; v < view; v++) {
    const made = assemble(liar, height, v);
    if (made !== undefined) liar.seen.addCertificate(made);
  }
  const known = liar.seen.proposals(height).map(([id]) => id);
  const certificates = liar.seen.certificates(height).filter((c) => c.view < view);
  // What was prepared just now is best hidden, what was prepared long ago best shown late.
  const old = certificates.filter((c) => c.view < view - 1);
  const shown = old.length > 0 && random.chance(0.7) ? old : random.chance(0.3) ? certificates : [];
  const prepared = shown.length > 0 ? random.pick(shown) : undefined;
  const lastView = random.below(view);
  const lastVote =
    known.length > 0 && random.chance(0.8) ? { view: Math.max(lastView, prepared?.view ?? 0), digest: random.pick(known) } : undefined;
  const content: ViewChange = { lastVote, prepared };
  return { kind: 'view-change', vote: liar.vote('view-change', height, view, viewChangeDigest(content)), content };
}

/** A NewView over a set that we picked, and the proposal that follows from it; `undefined` while no set is at hand. */
export function pickNewView(liar: Liar, height: number, view: number): [Message, Message] | undefined {
  const { random, params } = liar;
  const rules = params.rules ?? standardRules;
  const own = Array.from({ length: 3 }, () => lie(liar, height, view));
  const heard = liar.seen.viewChanges(height, view).filter((m) => m.vote.validator !== liar.index);
  const model = liar.seen.proposals(height)[0]?.[1];
  for (let i = 0; i < 12; i++) {
    const set = new Map<number, MessageOf<'view-change'>>();
    for (const m of random.shuffled(random.chance(0.8) ? [...heard, random.pick(own)] : heard)) {
      set.set(m.vote.validator, m);
      if (rules.isQuorum(params.set, stakeOf(params.set, set.keys())) && random.chance(0.8)) break;
    }
    const members = [...set.values()].sort((a, b) => a.vote.validator - b.vote.validator);
    const isShort = random.chance(0.05); // refused by everybody who counts
    if (!isShort && !rules.isQuorum(params.set, stakeOf(params.set, set.keys()))) continue;
    const claims: Claim[] = members.map(({ vote, content: { lastVote, prepared } }) => ({
      validator: vote.validator,
      lastVote,
      prepared: prepared === undefined ? undefined : { view: prepared.view, digest: prepared.digest },
    }));
    const choice = rules.choose(params.set, claims);
    // A free choice, or one that few claim, is the most promising start of a fork.
    if (i < 8 && choice !== undefined && choice.claimants.length > 2) continue;
    const chosen = choice === undefined ? model && freshest(liar, model, view) : liar.proposalOf(choice.digest);
    if (chosen === undefined) continue;
    const content: NewView = { viewChanges: members.map((m) => ({ validator: m.vote.validator, digest: m.vote.vote.digest })) };
    for (const m of members) if (m.vote.validator === liar.index) liar.seen.add(m);
    const message: Message = { kind: 'new-view', vote: liar.vote('new-view', height, view, newViewDigest(content)), content };
    return [message, proposing(liar, view, chosen)];
  }
  return undefined;
}

const freshest = (liar: Liar, model: Proposal, view: number): Proposal => ({
  block: otherBlock(liar, model.block, view),
  certificate: model.certificate,
});
