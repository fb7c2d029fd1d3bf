/** What goes wrong in the executor, as a closed set for metrics, and what each kind means for the breaker. */

/** Label values of treasury_execution_errors_total. */
export const ERROR_REASONS = [
  'transport',
  'timeout',
  'internal',
  'overloaded',
  'rejected',
  'fenced',
  'expired',
  'seq_reused',
  'paused',
  'item_refused',
  'lease_lost',
] as const;
export type ErrorReason = (typeof ERROR_REASONS)[number];

/** What a port threw, in the words of the core. */
export interface Failure {
  readonly reason: ErrorReason;
  readonly message: string;
  /** The validator has it already: that is what was wanted. */
  readonly duplicate: boolean;
  /** The journal cannot be written: nothing may be signed any more, and the process must stop. */
  readonly journal: boolean;
}
/** Total: any thrown value has a meaning. */
export type Explain = (thrown: unknown) => Failure;

/** docs/treasury.md: transport errors, time-outs and internal errors count; business outcomes do not. */
export const countsForBreaker = (reason: ErrorReason): boolean => reason === 'transport' || reason === 'timeout' || reason === 'internal';
