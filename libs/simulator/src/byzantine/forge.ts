/** What a liar makes that no honest validator may believe: each breaks one rule of a block or of a certificate. */
import { stakeOf, toBitmap } from '@bursar/membership';
import { standardRules } from '@bursar/pbft';
import {
  type BatchRef,
  type Block,
  batchRefsDigest,
  type Certificate,
  certificateDigest,
  type Digest,
  headerDigest,
  type Message,
  type MessageOf,
  newViewDigest,
  type ViewChange,
  viewChangeDigest,
} from '@bursar/protocol';
import type { FinalBlock } from '../world/envelope.ts';
import { otherBlock, proposing } from './craft.ts';
import type { Liar } from './liar.ts';

/** A batch that was ordered before, one that leaves a gap, or one that has expired; `undefined` while none is at hand. */
export function cheatingBatches(liar: Liar, model: Block): readonly BatchRef[] | undefined {
  const { random } = liar;
  const next = model.batches.find((b) => b.origin === liar.index);
  const number = liar.nextBatch();
  const before = liar.finalBlock(liar.finalHeight() - random.below(8))?.batches[0];
  return random.pick([
    before && [before],
    next && model.batches.filter((b) => b.origin < liar.index).concat({ ...next, number: number + 1 }),
    next && [{ ...next, number, expiresAt: model.header.time - 1 }],
  ]);
}

/** A block with another state before it, or of another time. */
export function forgedHeader(liar: Liar, model: Block, view: number): Block {
  const { random } = liar;
  const { header, batches } = otherBlock(liar, model, view);
  const wrong = random.pick([
    { stateRoot: header.parent },
    { resultsRoot: header.stateRoot },
    { time: liar.finalTime() },
    { time: liar.finalTime() - 5 },
    { parent: header.stateRoot },
  ]);
  return { header: { ...header, ...wrong }, batches };
}

/** A certificate that is right in all but one thing: only we have signed it. */
function thinCertificate(liar: Liar, kind: 'prepared' | 'commit', height: number, view: number, digest: Digest): Certificate {
  const { params } = liar;
  const { signature } = liar.vote(kind === 'commit' ? 'commit' : 'prepare', height, view, digest);
  const signers = toBitmap([liar.index], params.set.validators.length);
  return { kind, chain: params.chain, epoch: 0, height, view, digest, signers, signatures: [signature] };
}

/** A PrePrepare of the next height, which waits until that opens, on a thin certificate of a block of this one. */
export function thinProposal(liar: Liar, height: number): MessageOf<'pre-prepare'> | undefined {
  const known = liar.seen.proposals(height);
  if (known.length === 0) return undefined;
  const [parent, { block }] = liar.random.pick(known);
  const certificate = thinCertificate(liar, 'commit', height, block.header.view, parent);
  const inside = { parent, certificate: certificateDigest(certificate), batches: batchRefsDigest([]) };
  const header = { ...block.header, height: height + 1, ...inside };
  const vote = liar.vote('prepare', height + 1, header.view, headerDigest(header));
  return { kind: 'pre-prepare', vote, block: { header, batches: [] }, certificate };
}

/** A NewView that names, beside genuine ViewChanges, one with a thin PreparedCert; that one, and the proposal that would follow from it. */
export function thinNewView(liar: Liar, height: number, view: number): readonly Message[] | undefined {
  const { params, seen } = liar;
  const model = seen.proposals(height)[0]?.[1];
  const genuine = new Map(seen.viewChanges(height, view).map((m) => [m.vote.validator, m] as const));
  if (model === undefined) return undefined;
  const block = otherBlock(liar, model.block, view);
  const digest = headerDigest(block.header);
  const thin: ViewChange = {
    lastVote: { view: view - 1, digest },
    prepared: thinCertificate(liar, 'prepared', height, view - 1, digest),
  };
  const own = { kind: 'view-change' as const, vote: liar.vote('view-change', height, view, viewChangeDigest(thin)), content: thin };
  const set = [...genuine.set(liar.index, own).values()].sort((a, b) => a.vote.validator - b.vote.validator);
  if (!standardRules.isQuorum(params.set, stakeOf(params.set, genuine.keys()))) return undefined;
  const content = { viewChanges: set.map((m) => ({ validator: m.vote.validator, digest: m.vote.vote.digest })) };
  const newView = { kind: 'new-view' as const, vote: liar.vote('new-view', height, view, newViewDigest(content)), content };
  return [newView, own, proposing(liar, view, { block, certificate: model.certificate })];
}

/** A block of ours with a certificate of a quorum, each signature our own. */
export function forgedFinal(liar: Liar, height: number): FinalBlock | undefined {
  const { params } = liar;
  const model = liar.seen.proposals(height)[0]?.[1].block;
  if (model === undefined) return undefined;
  const { view } = model.header;
  const block: Block = { header: { ...model.header, time: model.header.time + 1 }, batches: model.batches };
  const digest = headerDigest(block.header);
  const signers = params.set.validators.map((v) => v.index);
  const { signature } = liar.vote('commit', height, view, digest);
  const place = { chain: params.chain, epoch: 0, height, view, digest };
  const certificate: Certificate = {
    kind: 'commit',
    ...place,
    signers: toBitmap(signers, params.set.validators.length),
    signatures: signers.map(() => signature),
  };
  return { block, certificate };
}
