import type { Certificate } from '@bursar/protocol';

/** Kinds of certificates that make a block final (K1, K2): Commits of a quorum, or Prepares of all stake. */
export const finalKinds = ['commit', 'fast'] as const satisfies readonly Certificate['kind'][];
export type FinalKind = (typeof finalKinds)[number];

/** Whether a valid certificate of this kind makes its block final. A `prepared` one does not. */
export const isFinalKind = (kind: Certificate['kind']): kind is FinalKind => kind === 'commit' || kind === 'fast';
