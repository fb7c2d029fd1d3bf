/** What storage refuses, each with what to do about it. */
import type { RejectionName } from '@bursar/protocol';
import { BursarError, reasonOf, rejection } from '@bursar/shared-core';
import type { Refusal } from './core/check-block.ts';

export const refused = ({ refused: name, why }: Refusal): BursarError => rejection(name, why);

/** The file could not be read (EIO, too many files open, too many readers): that is no damage, and the next try may succeed. */
export const isUnread = (error: unknown): boolean => error instanceof BursarError && error.reason !== reasonOf('LogCorrupt');

export const aboveTip = (height: number, final: number): BursarError =>
  rejection('NotFound', `block ${height} is not final here; the newest is ${final}`, {
    remedy: 'Ask again later, or follow StreamBlocks.',
    details: { height: String(final) },
  });

export const gap = (height: number, final: number): BursarError =>
  rejection('SequenceGap', `block ${height} does not follow block ${final}`, {
    remedy: `Commit block ${final + 1} first.`,
    details: { expected: String(final + 1) },
  });

export const notProvable = (what: string, height: number): BursarError =>
  rejection('NotFinal', `${what} is in block ${height}; the header of block ${height + 1}, which proves it, is not final yet`, {
    retryAfterMs: 500,
    details: { height: String(height) },
  });

type Unknown =
  | 'UnknownAccount'
  | 'UnknownTreasury'
  | 'UnknownDisbursement'
  | 'ImportUnknown'
  | 'ChangeUnknown'
  | 'PayeeUnknown'
  | 'NotFound';

export const unknown = (name: Extract<RejectionName, Unknown>, id: string): BursarError => rejection(name, undefined, { details: { id } });

export const badField = (field: string, description: string): BursarError =>
  rejection('FieldInvalid', `${field}: ${description}`, { violations: [{ field, description }] });
