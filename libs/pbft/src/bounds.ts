/** Bounds of what peers can make us keep. Heights and views beyond them are refused and had again later. */
export const bounds = {
  /** Views behind the current one whose Commits still count, and views ahead whose votes are kept. */
  viewsBehind: 8,
  viewsAhead: 16,
  /** Heights above the open one of which messages are kept (C5, gate 3), and how many messages of each sender. */
  heightsAhead: 1_000,
  early: 16,
  /** ViewChanges of one sender for different views. */
  viewChanges: 4,
  /** Proposed blocks of the open height. */
  blocks: 16,
  /** Statements of one validator that are remembered of the open height: enough for every view within 19 of ours. */
  statements: 160,
  /** Heights back that are watched for evidence (C5, gate 6), and statements of one validator for each of them. */
  pastHeights: 1_000,
  pastStatements: 8,
  /** ViewChanges of one validator that are remembered with their content over all those heights. */
  pastContents: 16,
} as const;
