/** One thread of a campaign: runs the spans of seeds that it is given, in code that bears a mutant's bug if one is named. */
import { parentPort, workerData } from 'node:worker_threads';
import { applyEdits } from './mutants/apply-edits.ts';
import { mutants } from './mutants/mutants.ts';
import type { WorkerData } from './spread.ts';
import type { Span } from './threads.ts';

const { mutant } = workerData as WorkerData;
applyEdits(mutants.find((m) => m.name === mutant)?.edits ?? []);
const { campaign } = await import('./campaign.ts');

parentPort?.on('message', ({ scenario, first, seeds }: Span) => parentPort?.postMessage(campaign(scenario, first, seeds)));
