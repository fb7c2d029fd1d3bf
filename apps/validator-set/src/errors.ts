/** What validator-set refuses. */
import { type BursarError, rejection } from '@bursar/shared-core';

export const unknownEpoch = (epoch: number, newest: number): BursarError =>
  rejection('NotFound', `epoch ${epoch} is not known; the newest is ${newest}`, { details: { newest: String(newest) } });

export const unknownValidator = (index: number, count: number): BursarError =>
  rejection('NotFound', `there is no validator ${index}; the set has ${count}, counted from 0`, { details: { validators: String(count) } });

export const leaderAhead = (height: number, open: number): BursarError =>
  rejection('NotFinal', `the leaders of height ${height} are drawn when block ${height - 1} is final; the open height is ${open}`, {
    retryAfterMs: 500,
    details: { open: String(open) },
  });

export const leaderForgotten = (height: number, oldest: number): BursarError =>
  rejection('NotFound', `the schedule of height ${height} is not kept; the oldest kept is that of ${oldest}`, {
    remedy: 'Read proposer and skipped leaders from the headers in Ledger.StreamBlocks.',
    details: { oldest: String(oldest) },
  });
