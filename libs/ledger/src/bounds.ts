/** Bounds of the state machine. Each is a consensus rule: another value makes other state roots. */
export const bounds = {
  /** Steps of deferred work a block: items made ready, dependents released or blocked, time-locks opened, funds given back. */
  workPerBlock: 20_000,
  /** Imports a proposer may have open. */
  openImportsPerProposer: 16,
  /** Imports open in all. */
  openImports: 256,
  /** Memory that a proposer's open imports may take, bytes, as `stagedBytes` counts. */
  openBytesPerProposer: 192 * 1024 * 1024,
  /** The same for all proposers together. */
  openBytes: 768 * 1024 * 1024,
  /** An import that is not sealed this long after its first chunk is refused, milliseconds of ledger time. */
  openImportMs: 60 * 60 * 1000,
  /** Changes of a treasury that are neither in force nor over. */
  openChanges: 64,
  /** Those of one proposer: whoever proposes rubbish leaves others room to propose that he goes. */
  openChangesPerProposer: 16,
  /** A change that lacks approvals this long after it was proposed expires, milliseconds of ledger time. */
  openChangeMs: 30 * 24 * 60 * 60 * 1000,
  /** Offences of one validator that are recorded: more would cost nobody anything. */
  evidencePerOffender: 1_000,
  /** Pieces of evidence whose signatures a block may have checked, for each batch origin: who fills its batches with false ones spends its own. */
  evidencePerOrigin: 16,
} as const;

/** What a staged item is counted for beside its body: ids, hashes, the objects around them. */
export const STAGED_OVERHEAD_BYTES = 512;
