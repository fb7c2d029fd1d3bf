import type { ValidatorSet } from '@bursar/membership';
import type { Digest } from '@bursar/protocol';
import type { Rules } from './rules.ts';

/** Fixed for the life of an engine. Times in milliseconds. */
export interface Params {
  readonly chain: Digest;
  readonly set: ValidatorSet;
  /** Our index in the set. */
  readonly self: number;
  /** An idle leader proposes an empty block this long after the last one. */
  readonly blockIntervalMs: number;
  /** Time-out of view 0; doubles with each view of a height (K6). */
  readonly viewTimeoutMs: number;
  /** Own messages of the open height are sent again every so long without progress; at first after a quarter and a half of it. */
  readonly resendMs: number;
  /** A fresh proposal's time may differ this much from `now`. */
  readonly clockToleranceMs: number;
  /** The decision points; `standardRules` unless the simulator breaks one on purpose. */
  readonly rules?: Rules;
}
