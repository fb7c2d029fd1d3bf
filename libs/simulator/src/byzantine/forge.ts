/** What a liar makes that no honest validator may believe: each breaks one rule of a block or of a certificate. */
import { toBitmap } from '@bursar/membership';
import { type BatchRef, type Block, type Certificate, headerDigest } from '@bursar/protocol';
import type { FinalBlock } from '../world/envelope.ts';
import { otherBlock } from './craft.ts';
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
