/** The consensus engine: PBFT with view change as a pure step function, and the driver that carries out what it asks for. */

export { bounds } from './bounds.ts';
export { type CheckOptions, checkForm, checkMessage, checkSender, checkStake, signaturesOf } from './check-message.ts';
export { MAX_BLOCK_BYTES } from './check-refs.ts';
export { type Choice, type Claim, choose, type Place } from './choose.ts';
export { Driver } from './driver.ts';
export type { Effect, Unsigned } from './effect.ts';
export { type InPhase, phaseGate } from './gate-phase.ts';
export { type Admitted, quorumGate } from './gate-quorum.ts';
export type { Input } from './input.ts';
export { type LogRecord, logRecord } from './log-record.ts';
export { findProposal, findViewChange } from './lookup.ts';
export { messageKey } from './message-key.ts';
export { initialState, startAfter } from './open-height.ts';
export type { Params } from './params.ts';
export type { PhaseName } from './phase-name.ts';
export type { Ports } from './ports.ts';
export { type Proposal, proposalCodec } from './proposal.ts';
export { type Halt, recover } from './recover.ts';
export { ReplayFilter } from './replay-filter.ts';
export { type Memory, reportVotes, type VoteReport } from './report-votes.ts';
export { type Rules, standardRules } from './rules.ts';
export { mostRefs } from './select-batches.ts';
export { SigningRecord, type Verdict } from './signing-record.ts';
export { type BatchRow, decodeRow, encodeRow, type SigningRow, type VoteRow } from './signing-row.ts';
export type { Known, Start, State, Tip } from './state.ts';
export { type EngineStatus, type Round, status } from './status.ts';
export { type Step, step } from './step.ts';
