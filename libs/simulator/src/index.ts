/** A deterministic world around the shipped engine and driver: network, clocks, disks, crashes, liars, and an oracle. */
export { type ActorName, actorNames } from './byzantine/actors.ts';
export { campaign, command, hunt, type Summary } from './campaign.ts';
export type { Mutant } from './mutants/mutant.ts';
export { mutants } from './mutants/mutants.ts';
export { type Invariant, invariants, Violation } from './oracle/violation.ts';
export { Random } from './world/random.ts';
export { runScenario } from './world/run.ts';
export type { FaultCounts, Outcome, Sabotage, Scenario } from './world/scenario.ts';
