/** A deterministic world around the shipped engine and driver: network, clocks, disks, crashes, liars, and an oracle. */
export type { Actor } from './byzantine/actor.ts';
export { type ActorName, actorNames, actors } from './byzantine/actors.ts';
export type { Liar } from './byzantine/liar.ts';
export { Seen } from './byzantine/seen.ts';
export { campaign } from './campaign.ts';
export { command } from './command.ts';
export { editedSources } from './mutants/apply-edits.ts';
export type { Edit, Mutant } from './mutants/mutant.ts';
export { mutants } from './mutants/mutants.ts';
export { type Invariant, invariants, Violation } from './oracle/violation.ts';
export type { Summary } from './summary.ts';
export type { FinalBlock } from './world/envelope.ts';
export { Random } from './world/random.ts';
export { runScenario } from './world/run.ts';
export type { FaultCounts, Outcome, Scenario } from './world/scenario.ts';
