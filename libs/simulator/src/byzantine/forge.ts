/** What a liar makes that no honest validator may believe: each breaks one rule of a block or of a certificate. */
import { toBitmap } from '@bursar/membership';
import { type BatchRef, type Block, type Certificate, headerDigest } from '@bursar/protocol';
import type { FinalBlock } from '../world/envelope.ts';
import { otherBlock } from './craft.ts';
import type { FaultyCell } from './faulty-cell.ts';

/** A batch that was ordered before, one that leaves a gap, or one that has expired; `undefined` while none is at hand. */
export function cheatingBatches(cell: FaultyCell, model: Block): readonly BatchRef[] | undefined {
  const { random } = cell.surroundings;
  const next = model.batches.find((b) => b.origin === cell.index);
  const number = cell.storage.nextBatch(cell.index);
  const before = cell.storage.at(cell.storage.height - random.below(8))?.block.batches[0];
  return random.pick([
    before && [before],
    next && model.batches.filter((b) => b.origin < cell.index).concat({ ...next, number: number + 1 }),
    next && [{ ...next, number, expiresAt: model.header.time - 1 }],
  ]);
}

/** A block with another state before it, or of another time. */
export function forgedHeader(cell: FaultyCell, model: Block, view: number): Block {
  const { random } = cell.surroundings;
  const { header, batches } = otherBlock(cell, model, view);
  const wrong = random.pick([
    { stateRoot: header.parent },
    { resultsRoot: header.stateRoot },
    { time: cell.storage.time },
    { time: cell.storage.time - 5 },
    { parent: header.stateRoot },
  ]);
  return { header: { ...header, ...wrong }, batches };
}

/** A block of ours with a certificate of a quorum, each signature our own. */
export function forgedFinal(cell: FaultyCell, height: number): FinalBlock | undefined {
  const { genesis, params } = cell.surroundings;
  const model = cell.seen.proposals(height)[0]?.[1].block;
  if (model === undefined) return undefined;
  const { view } = model.header;
  const block: Block = { header: { ...model.header, time: model.header.time + 1 }, batches: model.batches };
  const digest = headerDigest(block.header);
  const signers = params.set.validators.map((v) => v.index);
  const { signature } = cell.vote('commit', height, view, digest);
  const place = { chain: genesis.chain, epoch: 0, height, view, digest };
  const certificate: Certificate = {
    kind: 'commit',
    ...place,
    signers: toBitmap(signers, genesis.validators),
    signatures: signers.map(() => signature),
  };
  return { block, certificate };
}
