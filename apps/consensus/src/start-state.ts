/** Where storage stands: what the engine begins with (docs/protocol.md, "Consensus log"). */
import { advanceSchedule, SCHEDULE_WINDOW, startSchedule } from '@bursar/membership';
import type { Start } from '@bursar/pbft';
import { type Digest, type Genesis, headerDigest } from '@bursar/protocol';
import { wrongStorage } from './errors.ts';
import type { FinalBlock, StoragePort } from './ports.ts';

/** @throws GenesisMismatch (exit 78) when storage holds another chain */
export async function readStart(
  storage: StoragePort,
  genesis: Genesis,
  chain: Digest,
): Promise<{ readonly start: Start; readonly newest: FinalBlock | undefined }> {
  const { height, stateRoot, resultsRoot, timeMs, nextBatch } = await storage.status();
  if (nextBatch.length !== genesis.validators.length)
    throw wrongStorage(`it counts batches of ${nextBatch.length} validators, the genesis has ${genesis.validators.length}`);
  const blocks = await storage.blocks(Math.max(1, height - SCHEDULE_WINDOW + 1), height);
  let schedule = startSchedule(chain);
  for (const [i, { block }] of blocks.entries()) {
    const before = blocks[i - 1]?.block.header;
    if (block.header.chain !== chain) throw wrongStorage(`block ${block.header.height} is of chain ${block.header.chain}`);
    if (before && block.header.parent !== headerDigest(before))
      throw wrongStorage(`block ${block.header.height} does not follow the one before it`);
    schedule = advanceSchedule(schedule, block.header);
  }
  const newest = blocks.at(-1);
  const start: Start = {
    height,
    header: newest?.block.header,
    certificate: newest?.certificate,
    stateRoot,
    resultsRoot,
    time: timeMs,
    nextBatch: [...nextBatch],
    schedule,
  };
  return { start, newest };
}
