import type { Message } from '@bursar/protocol';

/**
 * What makes two messages the same for the replay gate (C5): sender, kind, height, view and digest. Without the digest the second
 * half of an equivocation would pass for a duplicate. A PrePrepare is no repetition of a Prepare.
 */
export const messageKey = ({ kind, vote: { validator, vote } }: Message): string =>
  `${validator}/${kind}/${vote.height}/${vote.view}/${vote.digest}`;
