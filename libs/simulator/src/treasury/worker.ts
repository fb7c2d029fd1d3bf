/** One thread of a campaign in the treasury world, in code that bears a mutant's bug if one is named. */
import { parentPort, workerData } from 'node:worker_threads';
import { applyEdits } from '../mutants/apply-edits.ts';
import type { Seeds, WorkerData } from '../spread.ts';
import { treasuryMutants } from './mutants/treasury-mutants.ts';

const { mutant } = workerData as WorkerData;
applyEdits(treasuryMutants.find((m) => m.name === mutant)?.edits ?? []);
const { treasuryCampaign } = await import('./campaign.ts');

parentPort?.on('message', async ({ first, seeds }: Seeds) => parentPort?.postMessage(await treasuryCampaign(first, seeds)));
