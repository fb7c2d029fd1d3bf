/** Phases of one height (C7). `Committed` lasts until storage has executed the block. */
export type PhaseName = 'Idle' | 'WaitingForPrepares' | 'Prepared' | 'WaitingForCommits' | 'Committed';
